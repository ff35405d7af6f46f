import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { databasePath } from "../../src/store/sqlite/database-file.ts";
import { claim, claimed, lowest, owner, texts } from "../store-contract/fixtures.ts";
import {
  expectConsistent,
  failureOf,
  open,
  startClaimer,
  waitingFor,
  withFolder,
  withStore,
} from "./scratch.ts";

test("a database that is kept busy is `try-later` after the timeout, and works afterwards", async () => {
  await withFolder(async (dataDir) => {
    const store = await open(dataDir, { waiting: waitingFor(150) });
    const other = new Database(databasePath(dataDir), { readwrite: true });
    other.run("BEGIN IMMEDIATE");
    const start = performance.now();
    const failure = await failureOf(() => store.claim(claim(owner("p"), [lowest("10.0.0.0/24")])));
    expect(failure.code).toBe("try-later");
    expect(failure.message).toContain("other processes kept it busy for 0.15 s");
    expect(performance.now() - start).toBeGreaterThanOrEqual(150);
    expect(await store.find(owner("p"))).toBeUndefined();
    const waiting = claimed(store, owner("p"), [lowest("10.0.0.0/24")]);
    await Bun.sleep(20);
    other.run("ROLLBACK");
    expect(texts(await waiting)).toEqual(["10.0.0.1"]);
    other.close();
    await store.close();
  });
});

test("a database that is locked as a whole is `try-later` at opening", async () => {
  await withFolder(async (dataDir) => {
    await withStore(dataDir);
    const other = new Database(databasePath(dataDir), { readwrite: true });
    other.run("PRAGMA locking_mode = EXCLUSIVE");
    other.run("UPDATE meta SET value = value + 1");
    const failure = await failureOf(() => open(dataDir, { waiting: waitingFor(50) }));
    expect(failure.code).toBe("try-later");
    other.close();
    await withStore(dataDir);
  });
});

test("50 processes with 10 claims each all succeed, lowest first, and none waits long", async () => {
  await withFolder(async (dataDir) => {
    const claimers = Array.from({ length: 50 }, (_, index) =>
      startClaimer("claim", dataDir, `p${index}`, 10),
    );
    await Bun.sleep(3000);
    writeFileSync(join(dataDir, "go"), "");
    const outputs = await Promise.all(claimers.map(({ stdout }) => stdout.text()));
    const lines = outputs.flatMap((output) => output.trim().split("\n"));
    const wanted = Array.from(
      { length: 500 },
      (_, at) => `10.0.${(at + 1) >> 8}.${(at + 1) & 255}`,
    );
    expect(lines.map((line) => line.split(" ")[0] ?? "").toSorted()).toEqual(wanted.toSorted());
    const times = lines.map((line) => Number(line.split(" ")[1])).toSorted((a, b) => a - b);
    const at = (part: number) => Math.round(times[Math.floor(times.length * part)] ?? Infinity);
    console.log(`storm: p50 ${at(0.5)} ms, p90 ${at(0.9)} ms, p99 ${at(0.99)} ms`);
    expect(at(0.99)).toBeLessThan(10_000);
    expect(readdirSync(dataDir).toSorted()).toEqual(["go", "whereabouts.db"]);
    expectConsistent(dataDir);
  });
}, 90_000);
