import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Log, LogOptions } from "./log.ts";
import { openLog } from "./log.ts";

let folder: string;
let stderr: string[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "whereabouts-log-"));
  stderr = [];
});
afterEach(() => rmSync(folder, { recursive: true }));

function open(more: Partial<LogOptions> = {}): Log {
  return openLog({
    file: join(folder, "log"),
    level: "debug",
    fields: { command: "ADD", containerId: "c1", interface: "eth0" },
    stderr: (line) => void stderr.push(line),
    now: () => new Date("2026-01-02T03:04:05.678Z"),
    ...more,
  });
}

function writeAllLevels(log: Log): void {
  log.error("e");
  log.warning("w");
  log.verbose("v");
  log.debug("d");
}

describe("openLog()", () => {
  test("appends lines of time, level, message and fields", () => {
    writeFileSync(join(folder, "log"), "before\n");
    open().verbose("hello");
    expect(readFileSync(join(folder, "log"), "utf8")).toBe(
      "before\n2026-01-02T03:04:05.678Z [verbose] hello command=ADD containerId=c1 interface=eth0\n",
    );
  });

  for (const [level, expected] of [
    ["panic", []],
    ["error", ["error"]],
    ["verbose", ["error", "warning", "verbose"]],
    ["debug", ["error", "warning", "verbose", "debug"]],
  ] as const) {
    test(`writes at level ${level}: ${expected.join(", ") || "nothing"}`, () => {
      writeFileSync(join(folder, "log"), "");
      writeAllLevels(open({ level }));
      const text = readFileSync(join(folder, "log"), "utf8");
      expect([...text.matchAll(/\[(\w+)\]/g)].map(([, name]) => `${name}`)).toEqual([...expected]);
    });
  }

  test("tells errors, and nothing else, on standard error", () => {
    writeAllLevels(open({ file: undefined }));
    expect(stderr).toEqual(["whereabouts: e"]);
  });

  test("keeps one line one line", () => {
    open({ fields: { containerId: "a\nb" } }).verbose("x\r\n2026 [error] forged\u0000");
    const text = readFileSync(join(folder, "log"), "utf8");
    expect(text.split("\n").length).toBe(2);
    expect(text).toContain(String.raw`x\r\n2026 [error] forged\u0000 containerId=a\nb`);
  });

  test("complains once about a file that cannot be written, and goes on", () => {
    for (const file of [folder, join(folder, "missing", "log"), "/dev/full"]) {
      stderr = [];
      const log = open({ file });
      writeAllLevels(log);
      expect(stderr.filter((line) => line.includes("cannot write log_file")).length).toBe(1);
    }
  });
});
