/** The tours of `make demo` hold what they promise: they check their own claims, and clean up. */
import { afterAll, beforeAll, expect } from "bun:test";
import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { etcd } from "../etcd/requirements.ts";
import type { Requirement } from "../skip.ts";
import { testWith } from "../skip.ts";
import { waitFor } from "./program.ts";
import { network } from "./requirements.ts";

const TIMEOUT_MS = 60_000;

/** Holds what a tour makes in the machine's own folders, and an `unshare` that a machine may not allow. */
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "whereabouts-demo-test-"));
  writeFileSync(join(folder, "unshare"), "#!/bin/sh\necho no namespaces >&2\nexit 1\n");
  chmodSync(join(folder, "unshare"), 0o755);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function start(script: string, path = "") {
  return Bun.spawn(["bash", join(import.meta.dir, "../../demo", script)], {
    env: { ...process.env, TMPDIR: folder, PATH: `${path}${process.env["PATH"]}` },
    // A session of its own: a terminal's Ctrl-C in `bun test` is not for it, and what is left of it can be told.
    detached: true,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
}

/** What is left of a tour: folders, and processes of its session. */
async function leftovers({ pid }: Bun.Subprocess): Promise<readonly string[]> {
  const folders = readdirSync(folder).filter((name) => name !== "unshare");
  const processes = await Bun.$`pgrep -l -s ${pid}`.nothrow().quiet().text();
  return [...folders, ...processes.split("\n").filter((line) => line !== "")];
}

const tours: readonly (readonly [name: string, script: string, needs: readonly Requirement[]])[] = [
  ["make demo", "demo.sh", network],
  ["make demo STORE=etcd", "etcd.sh", [...network, ...etcd("oldest")]],
];

for (const [name, script, needs] of tours) {
  for (const isShort of [false, true]) {
    testWith(
      needs,
      `${name} shows what it says it shows${isShort ? ", where there are no namespaces" : ""}`,
      async () => {
        const demo = start(script, isShort ? `${folder}:` : "");
        const [exitCode, stdout, stderr] = await Promise.all([
          demo.exited,
          demo.stdout.text(),
          demo.stderr.text(),
        ]);
        expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
        expect(stdout).toEndWith("Everything was as it should be.\n");
        expect(stdout).not.toContain("\u001b");
        expect(stdout.includes("no namespaces")).toBe(isShort);
        expect(await leftovers(demo)).toEqual([]);
      },
      TIMEOUT_MS,
    );
  }

  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    testWith(
      needs,
      `${name} cleans up after ${signal}`,
      async () => {
        const demo = start(script);
        let shown = "";
        for await (const chunk of demo.stdout) {
          shown += new TextDecoder().decode(chunk);
          if (shown.includes("\n2. ")) demo.kill(signal);
        }
        const [exitCode, stderr] = await Promise.all([demo.exited, demo.stderr.text()]);
        expect(exitCode).toBe(signal === "SIGINT" ? 130 : 143);
        expect(stderr).toContain("all is cleaned up");
        await waitFor("nothing is left", async () => (await leftovers(demo)).length === 0);
      },
      TIMEOUT_MS,
    );
  }
}
