/** `log_file`: whole lines from many processes at once, and never a reason to fail. */
import { afterEach, describe, expect, test } from "bun:test";
import { constants, closeSync, openSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { Call, Outcome } from "./executable.ts";
import { answerOf, killLeftovers, run, startCall } from "./executable.ts";
import { makeFolder, removeFolders } from "./folder.ts";
import { inParallel } from "./parallel.ts";
import { Pipe, closePipes } from "./pipe.ts";

afterEach(async () => {
  await killLeftovers();
  closePipes();
  removeFolders();
});

/** Each is warned of, so that each process writes many lines. */
const unknownKeys = Object.fromEntries(
  Array.from({ length: 80 }, (_, index) => [`unknown_${index}`, 1]),
);

function callOf(dataDir: string, logFile: string, containerId = "c1"): Call {
  const ipam = {
    range: "10.0.0.0/24",
    data_dir: dataDir,
    log_file: logFile,
    log_level: "debug",
    ...unknownKeys,
  };
  return { command: "ADD", containerId, ipam };
}

async function add(...call: Parameters<typeof callOf>): Promise<Outcome> {
  return await run(callOf(...call));
}

/** RFC 3339, level, message, fields. */
const LINE =
  /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d) \[(?:error|warning|verbose|debug)\] \S.* command=ADD containerId=c\d+ interface=eth0$/;

describe("log_file", () => {
  test("of 50 ADDs in parallel has whole lines, of each ADD its own", async () => {
    const folder = makeFolder();
    const file = join(folder, "log");
    const names = Array.from({ length: 50 }, (_, index) => `c${index}`);
    const outcomes = await inParallel(names, 50, (name) => add(folder, file, name));
    expect(outcomes.filter(({ exitCode }) => exitCode !== 0)).toEqual([]);
    expect(new Set(outcomes.map(answerOf)).size).toBe(50);

    const text = readFileSync(file, "utf8");
    expect(text).toEndWith("\n");
    const lines = text.slice(0, -1).split("\n");
    expect(lines.filter((line) => !LINE.test(line))).toEqual([]);
    for (const [index, name] of names.entries()) {
      const own = lines.filter((line) => line.includes(` containerId=${name} `));
      expect(own).toHaveLength(81);
      const given = outcomes[index];
      expect(own.at(-1)).toContain(`ADD: ${given && answerOf(given)} `);
    }
  }, 60_000);

  const unwritable: readonly (readonly [string, (folder: string) => string])[] = [
    ["in a folder that is missing", (folder) => join(folder, "no/such/log")],
    ["that is a folder", (folder) => folder],
    ["on a disk that is full", () => "/dev/full"],
    ["below a file", () => "/dev/null/log"],
    ["that is a named pipe without reader", namedPipe],
    ["with an impossible name", (folder) => join(folder, "x".repeat(300))],
  ];
  for (const [title, place] of unwritable) {
    test(`${title} does not fail an ADD`, async () => {
      const folder = makeFolder();
      const outcome = await add(folder, place(folder));
      expect(outcome.exitCode).toBe(0);
      expect(answerOf(outcome)).toBe("10.0.0.1");
      expect(outcome.stderr).toContain("cannot write log_file");
      expect(outcome.stderr.trimEnd().split("\n")).toHaveLength(1);
    }, 30_000);
  }

  test("that is a named pipe whose reader does not read does not stop an ADD", async () => {
    const folder = makeFolder();
    const file = namedPipe(folder);
    const both = openSync(file, constants.O_RDWR | constants.O_NONBLOCK);
    try {
      fill(both);
      const outcome = await add(folder, file);
      expect(outcome.exitCode).toBe(0);
      expect(answerOf(outcome)).toBe("10.0.0.1");
    } finally {
      closeSync(both);
    }
  }, 30_000);

  for (const file of ["/dev/stdout", "/proc/self/fd/1"]) {
    test(`${file} does not spoil the result`, async () => {
      // Runtimes read a pipe, which can be opened by such a name; a socket cannot.
      const stdout = new Pipe();
      const started = startCall(callOf(makeFolder(), file), { stdout: stdout.writer });
      stdout.closeWriter();
      const outcome = { ...(await started.outcome), stdout: stdout.drain() };
      expect(outcome.exitCode).toBe(0);
      expect(answerOf(outcome)).toBe("10.0.0.1");
    }, 30_000);
  }
});

function namedPipe(folder: string): string {
  const path = join(folder, "pipe");
  const made = Bun.spawnSync(["mkfifo", path]);
  if (!made.success) throw new Error(`mkfifo failed: ${made.stderr.toString()}`);
  return path;
}

function fill(descriptor: number): void {
  try {
    for (;;) writeSync(descriptor, Buffer.alloc(4096));
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EAGAIN")) throw error;
  }
}
