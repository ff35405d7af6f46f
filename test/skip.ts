/**
 * Tests that not every machine can run. What is missing is a reason that is printed, never silence; in CI, as
 * root, it is a failure unless its category may be missing there (design section 9).
 */
import { describe, test } from "bun:test";

/** What a test may need beyond Bun and this repository. */
export type Category =
  | "api-server"
  | "arm64"
  | "bridge"
  | "cnitool"
  | "debian-packages"
  | "etcd"
  | "go-whereabouts"
  | "macvlan"
  | "multus"
  | "namespaces"
  | "podman"
  | "root"
  | "whole-node";

/** What even the machine that runs CI need not have. */
const OPTIONAL: ReadonlySet<Category> = new Set([
  "arm64",
  "go-whereabouts",
  "multus",
  "whole-node",
]);

/** Something that a test needs, and whether this machine has it. */
export interface Requirement {
  readonly category: Category;
  /** Why this machine cannot meet it; undefined if it can. Probed once, when first asked. */
  readonly unmet: () => string | undefined;
}

/** Makes a requirement. `probe` returns why it cannot be met, or undefined; what it throws is the reason, too. */
export function requirement(category: Category, probe: () => string | undefined): Requirement {
  let probed: { readonly reason: string | undefined } | undefined;
  return {
    category,
    unmet() {
      probed ??= { reason: reasonOf(probe) };
      return probed.reason;
    },
  };
}

function reasonOf(probe: () => string | undefined): string | undefined {
  try {
    return probe();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** A requirement that a command is on PATH. */
export function commandRequirement(category: Category, command: string): Requirement {
  return requirement(category, () =>
    Bun.which(command) === null ? `no ${command} on PATH` : undefined,
  );
}

/** Root of this machine, or of a user namespace. */
export const root = requirement("root", () =>
  process.getuid?.() === 0 ? undefined : "needs root",
);

/** What becomes of a test: run, skip, or fail because of the skip. */
export type Verdict =
  { readonly kind: "run" } | { readonly kind: "skip" | "fail"; readonly reason: string };

/** Decides about a test with these requirements; `strict` where a skip must have an excuse. */
export function verdictOf(requirements: readonly Requirement[], strict: boolean): Verdict {
  const unmet = requirements.flatMap(({ category, unmet: ask }) => {
    const reason = ask();
    return reason === undefined ? [] : [{ category, text: `${category}: ${reason}` }];
  });
  if (unmet.length === 0) return { kind: "run" };
  // One excuse is enough: a test that needs Multus and a bridge could not run here with a bridge either.
  const excused = unmet.some(({ category }) => OPTIONAL.has(category));
  const reason = unmet.map(({ text }) => text).join("; ");
  return { kind: strict && !excused ? "fail" : "skip", reason };
}

/** `test(name, fn)` where all requirements are met. Options are those of `test`, such as the timeout in milliseconds. */
export function testWith(
  requirements: readonly Requirement[],
  name: string,
  fn: () => void | Promise<void>,
  timeoutMs?: number,
): void {
  const verdict = verdictOf(requirements, isStrict());
  if (verdict.kind === "run") test(name, fn, timeoutMs);
  else dismiss(name, verdict);
}

/** `describe(name, fn)` where all requirements are met; else the whole of it counts as one test, and `fn` is not run. */
export function describeWith(
  requirements: readonly Requirement[],
  name: string,
  fn: () => void,
): void {
  const verdict = verdictOf(requirements, isStrict());
  if (verdict.kind === "run") describe(name, fn);
  else dismiss(name, verdict);
}

function isStrict(): boolean {
  return process.env["CI"] === "true" && process.getuid?.() === 0;
}

const printed = new Set<string>();

function dismiss(name: string, verdict: Exclude<Verdict, { kind: "run" }>): void {
  const { kind, reason } = verdict;
  if (kind === "fail") {
    test(name, () => {
      throw new Error(`Skipped in CI, where this machine must be able to run it: ${reason}`);
    });
    return;
  }
  // scripts/test.ts collects these lines and takes a skip without one for a failure.
  if (!printed.has(reason)) process.stdout.write(`skip: ${reason}\n`);
  printed.add(reason);
  test.skip(`${name} (skipped: ${reason})`, () => {});
}
