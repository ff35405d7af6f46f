import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { databasePath } from "../../src/store/sqlite/database-file.ts";
import { claim, claimed, exact, lowest, owner, range, texts } from "../store-contract/fixtures.ts";
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

test("a process that is stopped in line does not keep the others waiting for ever", async () => {
  await withFolder(async (dataDir) => {
    await withStore(dataDir);
    const blocker = new Database(databasePath(dataDir), { readwrite: true });
    blocker.run("BEGIN IMMEDIATE");
    writeFileSync(join(dataDir, "go"), "");
    const stopped = startClaimer("claim", dataDir, "stopped", 1);
    await Bun.sleep(1000);
    process.kill(stopped.pid, "SIGSTOP");
    const others = Array.from({ length: 5 }, (_, index) =>
      startClaimer("claim", dataDir, `other${index}`, 1),
    );
    await Bun.sleep(1000);
    blocker.run("ROLLBACK");
    blocker.close();
    const start = performance.now();
    const outputs = await Promise.all(others.map(({ stdout }) => stdout.text()));
    expect(outputs.filter((output) => !/^10\.0\.0\.[1-5] /.test(output))).toEqual([]);
    expect(performance.now() - start).toBeLessThan(8000);
    process.kill(stopped.pid, "SIGCONT");
    expect(await stopped.stdout.text()).toStartWith("10.0.0.6 ");
    expectConsistent(dataDir);
  });
}, 60_000);

test("a database that is replaced while it is in use is `store-unavailable`: nothing is said to be held there", async () => {
  await withFolder(async (dataDir) => {
    const store = await open(dataDir);
    renameSync(databasePath(dataDir), join(dataDir, "moved.db"));
    for (const suffix of ["-wal", "-shm"]) {
      rmSync(`${databasePath(dataDir)}${suffix}`, { force: true });
    }
    await withStore(dataDir);
    const failure = await failureOf(() => store.claim(claim(owner("p"), [lowest("10.0.0.0/24")])));
    expect(failure.code).toBe("store-unavailable");
    expect(failure.message).toContain("replaced");
    await store.close();
    await withStore(dataDir, async (fresh) => {
      expect(await fresh.find(owner("p"))).toBeUndefined();
    });
  });
});

test.each([
  ["lowest", lowest(range("10.0.0.0/16", { start: "10.0.9.160", end: "10.0.9.176" }))],
  ["exact", exact("10.0.9.160", "10.0.0.0/16")],
])(
  "a great many rests that are over at once are ended in steps, each of which is kept: %s",
  async (_kind, highest) => {
    await withFolder(async (dataDir) => {
      let now = 1_000_000;
      const store = await open(dataDir, { now: () => now });
      const pods = Array.from({ length: 80 }, (_, index) => owner(`p${index}`));
      for (const who of pods) {
        const wants = Array.from({ length: 31 }, () => lowest("10.0.0.0/16"));
        const { sequence } = await claimed(store, who, wants);
        await store.release(who, { expected: sequence, restSeconds: 60 });
        // What has rested may be had back: another owner takes further addresses.
      }
      now += 61_000;
      // The highest of 2480: before it is found free, two steps have ended the rests of 1000 lower ones each.
      const kinds: string[] = [];
      for (let index = 0; index < 3; index++) {
        kinds.push((await store.claim(claim(owner("q"), [highest]))).kind);
        expectConsistent(dataDir);
      }
      expect(kinds).toEqual(["changed", "changed", "claimed"]);
      expect(texts(await claimed(store, owner("r"), [lowest("10.0.0.0/16")]))).toEqual([
        "10.0.0.1",
      ]);
      await store.close();
    });
  },
);
