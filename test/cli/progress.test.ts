/** The line that counts while a listing takes long. */
import { describe, expect, test } from "bun:test";
import type { CliSurroundings } from "./cli-call.ts";
import { callCli, lines, makeBusyNode } from "./cli-call.ts";

const ERASE = "\r\u001b[K";

/** A terminal, and a clock that goes on by so much with each look at it. */
function terminal(stepMs: number, more: CliSurroundings = {}): CliSurroundings {
  let nowMs = Date.parse("2026-01-02T03:05:00Z");
  return { isErrorTerminal: true, now: () => (nowMs += stepMs), ...more };
}

describe("ls", () => {
  test("counts on standard error what takes longer than a second, and removes the line", async () => {
    const { stdout, stderr } = await callCli(await makeBusyNode(), "ls", terminal(600));
    expect(lines(stdout)).toHaveLength(6);
    expect(stderr).toStartWith(`${ERASE}2 addresses so far${ERASE}3 addresses so far`);
    expect(stderr).toEndWith(`5 addresses so far${ERASE}`);
  });

  test("counts what --pod leaves out", async () => {
    const { stderr } = await callCli(await makeBusyNode(), "ls --pod none", terminal(600));
    expect(stderr).toEndWith(`5 addresses so far${ERASE}`);
  });

  test("removes the line before it prints", async () => {
    const node = await makeBusyNode();
    const { stdout, stderr } = await callCli(node, "ls -o json", terminal(600));
    expect(JSON.parse(stdout)).toHaveLength(5);
    expect(stderr).toEndWith(`4 addresses so far${ERASE}${ERASE}5 addresses so far${ERASE}`);
  });

  for (const [reason, words, surroundings] of [
    ["is quick", "ls", terminal(50)],
    ["shows to no terminal", "ls", terminal(600, { isErrorTerminal: false })],
    ["pipes JSON to a program", "ls -o json", terminal(600, { isPiped: true })],
  ] as const) {
    test(`counts nothing where it ${reason}`, async () => {
      expect((await callCli(await makeBusyNode(), words, surroundings)).stderr).toBe("");
    });
  }
});
