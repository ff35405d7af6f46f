/** Each case runs in a process of its own, whose standard streams are pipes. */
import { expect, test } from "bun:test";
import { join } from "node:path";

/** Runs a script that has `streams` at hand. */
function start(script: string): Bun.Subprocess<"pipe", "pipe", "inherit"> {
  const module = JSON.stringify(join(import.meta.dir, "streams.ts"));
  return Bun.spawn([process.execPath, "-e", `const streams = await import(${module}); ${script}`], {
    stdin: "pipe",
    stdout: "pipe",
    stderr: "inherit",
  });
}

const readIt = "console.log(JSON.stringify(streams.readToEnd(0, 100, 300)));";

async function answer(child: Bun.Subprocess<"pipe", "pipe", "inherit">): Promise<unknown> {
  return JSON.parse(await child.stdout.text());
}

test("readToEnd() reads what comes in pieces, also within a character", async () => {
  const child = start(readIt.replace("300", "5000"));
  const bytes = new TextEncoder().encode("aäb");
  for (const byte of bytes) {
    void child.stdin.write(new Uint8Array([byte]));
    await child.stdin.flush();
    await Bun.sleep(5);
  }
  await child.stdin.end();
  expect(await answer(child)).toEqual({ kind: "complete", text: "aäb" });
});

test("readToEnd() stops at its limit", async () => {
  const child = start(readIt);
  void child.stdin.write("x".repeat(101));
  await child.stdin.end();
  expect(await answer(child)).toEqual({ kind: "too-large" });
});

test("readToEnd() ends though nobody closes the pipe", async () => {
  const child = start(readIt);
  void child.stdin.write("x");
  await child.stdin.flush();
  expect(await answer(child)).toEqual({ kind: "timed-out" });
  await child.stdin.end();
});

test("readToEnd() says why a descriptor cannot be read", async () => {
  const child = start(
    'import { openSync } from "node:fs"; console.log(JSON.stringify(streams.readToEnd(openSync("/", "r"), 100, 300)));',
  );
  expect(await answer(child)).toEqual({
    kind: "unreadable",
    reason: expect.stringContaining("EISDIR"),
  });
});

test("writeAll() writes more than a pipe holds", async () => {
  const child = start('streams.writeAll(1, "ä".repeat(200000));');
  expect(await child.stdout.text()).toBe("ä".repeat(200_000));
});

test("writeAll() gives up on a pipe that nobody reads in time", async () => {
  const module = JSON.stringify(join(import.meta.dir, "streams.ts"));
  const script = `const streams = await import(${module});
    try { streams.writeAll(1, "x".repeat(10000000), 200); }
    catch (error) { process.exit(String(error).includes("nobody read") ? 7 : 8); }`;
  // Bun reads the pipes of its children; the shell's sleep does not.
  const pipeline = 'set -o pipefail; "$0" -e "$1" | sleep 2';
  const child = Bun.spawn(["bash", "-c", pipeline, process.execPath, script]);
  expect(await child.exited).toBe(7);
});
