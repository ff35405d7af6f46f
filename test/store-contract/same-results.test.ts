/** Property: whatever is done to a memory store and to a real one, both answer and hold the same. */
import { Database } from "bun:sqlite";
import { afterAll, expect, test } from "bun:test";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { isJsonObject } from "../../src/core/json.ts";
import { openMemoryStore } from "../../src/store/memory/memory-store.ts";
import { databasePath } from "../../src/store/sqlite/database-file.ts";
import { openSqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import { removeServers } from "../etcd/member.ts";
import { etcd } from "../etcd/requirements.ts";
import { startEtcd } from "../etcd/server.ts";
import { testWith } from "../skip.ts";
import { inconsistencies } from "../sqlite/consistency.ts";
import { waitingFor } from "../sqlite/scratch.ts";
import { pools, runStep, steps } from "./histories.ts";
import { listing } from "./fixtures.ts";
import { openEtcd } from "./open-stores.ts";
import { START_MS } from "./subject.ts";

afterAll(removeServers);

test("memory and SQLite stores give the same results to random claims, releases and clocks", async () => {
  const parent = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();
  await fc.assert(
    fc.asyncProperty(fc.array(steps, { maxLength: 50, size: "max" }), async (script) => {
      const dataDir = mkdtempSync(join(parent, "whereabouts-same-"));
      let nowMs = START_MS;
      const now = () => nowMs;
      const memory = openMemoryStore({ now });
      const sqlite = await openSqliteStore({ dataDir, waiting: waitingFor(1000), now });
      try {
        for (const step of script) {
          if (step.kind === "wait") nowMs += step.ms;
          else expect(await runStep(sqlite, step)).toEqual(await runStep(memory, step));
          expect(await listing(sqlite)).toEqual(await listing(memory));
          expect(await sqlite.usage(pools)).toEqual(await memory.usage(pools));
        }
        expect(await sqlite.usage()).toEqual(await memory.usage());
        const db = new Database(databasePath(dataDir), { readonly: true });
        expect(inconsistencies(db)).toEqual([]);
        db.close();
      } finally {
        await sqlite.close();
        rmSync(dataDir, { recursive: true, force: true });
      }
    }),
    { numRuns: 40 },
  );
}, 60_000);

/**
 * Without sequences, which are of each store's own kind. Of several ranges that are full at once, each store may name
 * another.
 */
function comparable(value: unknown): unknown {
  const isFull = isJsonObject(value) && value["kind"] === "full";
  return JSON.parse(
    JSON.stringify(isFull ? "full" : (value ?? null), (key, member: unknown) =>
      key === "sequence" ? undefined : typeof member === "bigint" ? `${member}` : member,
    ),
  );
}

testWith(
  etcd("oldest"),
  "memory and etcd stores give the same results to random claims, releases and clocks",
  async () => {
    const server = await startEtcd();
    await fc.assert(
      fc.asyncProperty(fc.array(steps, { maxLength: 30, size: "max" }), async (script) => {
        let nowMs = START_MS;
        const memory = openMemoryStore({ now: () => nowMs });
        const opened = await openEtcd(server.endpoint);
        opened.setNow(nowMs);
        const { store } = opened;
        for (const step of script) {
          if (step.kind === "wait") {
            // A clock that goes back lets rests begin anew when they are met: in memory that is always.
            nowMs += Math.max(0, step.ms);
            opened.setNow(nowMs);
          } else {
            const answers = [await runStep(store, step), await runStep(memory, step)];
            expect(comparable(answers[0])).toEqual(comparable(answers[1]));
          }
        }
        expect(comparable(await listing(store))).toEqual(comparable(await listing(memory)));
        expect(comparable(await store.usage(pools))).toEqual(comparable(await memory.usage(pools)));
        await opened.close();
      }),
      // Always the same histories, unless others are asked for: each is a hundred requests.
      { numRuns: 30, seed: Number(process.env["WHEREABOUTS_SEED"] ?? 42) },
    );
  },
  120_000,
);
