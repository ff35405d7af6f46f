import { Database } from "bun:sqlite";
import { expect, spyOn, test } from "bun:test";
import { databasePath } from "../../src/store/sqlite/database-file.ts";
import { claim, claimed, exact, lowest, owner } from "../store-contract/fixtures.ts";
import { withFolder, withStore } from "./scratch.ts";

/** How SQLite carries out a statement: one line for each table that it reads. */
function planOf(db: Database, sql: string): readonly string[] {
  return db
    .query<{ detail: string }, []>(`EXPLAIN QUERY PLAN ${sql}`)
    .all()
    .map(({ detail }) => detail);
}

/** Reads all rows of a table, or all of a network's. */
const grows = /^SCAN (addresses|owners|runs)|\(network=\?\)$/;

test("no statement of find, claim and release reads more, the more is held", async () => {
  await withFolder(async (dataDir) => {
    const statements = new Set<string>();
    const query = spyOn(Database.prototype, "query");
    try {
      await withStore(dataDir, async (store) => {
        const wants = [
          lowest("10.0.0.0/24"),
          exact("10.0.0.9", "10.0.0.0/24"),
          lowest("fd00::/64", false),
        ];
        const moment = { bootId: "b1", monotonicUs: 1 };
        const held = await claimed(store, owner("p"), wants, undefined, { moment });
        const other = await claimed(store, owner("q"), [lowest("10.0.0.0/24")]);
        await store.release(owner("q"), { expected: other.sequence, restSeconds: 60 });
        await store.claim(claim(owner("r"), [exact("10.0.0.9", "10.0.0.0/24")]));
        await store.claim(claim(owner("r"), [lowest("10.0.0.9/32")]));
        const { sequence } = await claimed(store, owner("p"), wants.slice(1), held.sequence);
        const registration = { node: "n1", bootId: "b1" };
        await store.release(owner("p"), { expected: sequence, restSeconds: 0, registration });
        await claimed(store, owner("q"), [lowest("10.0.0.0/24")]);
      });
      for (const [sql] of query.mock.calls) statements.add(sql);
    } finally {
      query.mockRestore();
    }
    expect(statements.size).toBeGreaterThan(15);
    const db = new Database(databasePath(dataDir), { readwrite: true });
    for (const sql of statements) {
      if (sql.startsWith("PRAGMA")) continue;
      const faults = planOf(db, sql).filter((line) => grows.test(line));
      expect([sql, faults]).toEqual([sql, []]);
    }
    db.close();
  });
});
