import { expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { takeTurn } from "./file-lock.ts";

test("takeTurn() lets one after the other, in their order, and gives up in time", async () => {
  const folder = mkdtempSync(join(tmpdir(), "whereabouts-turn-"));
  try {
    const end = takeTurn(folder, 1000);
    expect(end).toBeDefined();
    const begin = performance.now();
    expect(takeTurn(folder, 200)).toBeUndefined();
    expect(performance.now() - begin).toBeGreaterThanOrEqual(190);
    const module = JSON.stringify(join(import.meta.dir, "file-lock.ts"));
    const waiting = Array.from({ length: 3 }, async (_, index) => {
      await Bun.sleep(index * 400);
      const script = `const { takeTurn } = await import(${module});
        const end = takeTurn(${JSON.stringify(folder)}, 20000);
        console.log(Date.now(), end === undefined); await Bun.sleep(50); end?.();`;
      return await Bun.spawn([process.execPath, "-e", script], { stdout: "pipe" }).stdout.text();
    });
    await Bun.sleep(2000);
    end?.();
    const turns = (await Promise.all(waiting)).map((line) => line.trim().split(" "));
    expect(turns.map(([, missed]) => missed)).toEqual(["false", "false", "false"]);
    const times = turns.map(([time]) => Number(time));
    expect(times).toEqual(times.toSorted((a, b) => a - b));
  } finally {
    rmSync(folder, { recursive: true });
  }
}, 30_000);

test("takeTurn() goes on without a turn where nothing can be locked", () => {
  expect(takeTurn("/nowhere/at/all", 1000)).toBeUndefined();
});
