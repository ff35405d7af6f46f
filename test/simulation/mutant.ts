/** A copy of the product with a defect in it, and of the simulation that plays it. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Mutation } from "./mutations.ts";

const root = join(import.meta.dir, "..", "..");

/** What the copy is made of. */
const parts = ["src", "test/simulation", "test/process/random.ts"];

function isNeeded(path: string): boolean {
  return !path.endsWith(".test.ts");
}

/** A copy on disk. */
export interface Mutant {
  readonly folder: string;
  /** Runs `simulate.ts` of the copy. */
  simulate(...options: readonly string[]): Promise<{ code: number; output: string }>;
  remove(): void;
}

/** Makes a copy with a defect; without one it is the product itself. Throws where a text does not stand there exactly once. */
export function makeMutant(mutation: Mutation | undefined): Mutant {
  const changed = new Map<string, string>();
  for (const { file, text, by } of mutation?.replacements ?? []) {
    const pieces = (changed.get(file) ?? readFileSync(join(root, "src", file), "utf8")).split(text);
    if (pieces.length !== 2)
      throw new Error(`"${text}" stands ${pieces.length - 1} times in ${file}`);
    changed.set(file, pieces.join(by));
  }
  const folder = mkdtempSync(join(tmpdir(), "whereabouts-mutant-"));
  for (const part of parts) {
    cpSync(join(root, part), join(folder, part), { recursive: true, filter: isNeeded });
  }
  for (const [file, source] of changed) writeFileSync(join(folder, "src", file), source);
  return {
    folder,
    async simulate(...options) {
      const script = join(folder, "test/simulation/simulate.ts");
      const child = Bun.spawn([process.execPath, script, ...options], {
        stdin: "ignore",
        stdout: "pipe",
        stderr: "pipe",
      });
      const outputs = [new Response(child.stdout).text(), new Response(child.stderr).text()];
      const output = (await Promise.all(outputs)).join("");
      return { code: await child.exited, output };
    },
    remove: () => rmSync(folder, { recursive: true }),
  };
}
