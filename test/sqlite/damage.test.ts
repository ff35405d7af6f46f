import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { closeSync, openSync, statSync, truncateSync, writeFileSync, writeSync } from "node:fs";
import { databasePath } from "../../src/store/sqlite/database-file.ts";
import { claim, claimed, listing, lowest, owner } from "../store-contract/fixtures.ts";
import { failureOf, open, withFolder, withStore } from "./scratch.ts";

/** Writes garbage over a database, but for its first page. */
function scribble(path: string): void {
  const file = openSync(path, "r+");
  writeSync(file, new Uint8Array(statSync(path).size - 4096).fill(0x5a), 0, undefined, 4096);
  closeSync(file);
}

const damages: readonly [string, (path: string) => void][] = [
  ["no database at all", (path) => writeFileSync(path, "This is no database. ".repeat(500))],
  ["damaged beyond its first page", scribble],
  ["cut off", (path) => truncateSync(path, 8192)],
  ["a database without the tables", withoutTables],
];

function withoutTables(path: string): void {
  const db = new Database(path, { readwrite: true });
  db.run("DROP TABLE owners");
  db.run("DROP TABLE addresses");
  db.close();
}

test.each(damages)(
  "a file that is %s is `store-damaged`, with the path and what to do",
  async (_, damage) => {
    await withFolder(async (dataDir) => {
      await withStore(dataDir, async (store) => {
        await claimed(store, owner("p"), [lowest("10.0.0.0/24")]);
      });
      const path = databasePath(dataDir);
      damage(path);
      const failure = await failureOf(async () => {
        const store = await open(dataDir);
        try {
          await store.claim(claim(owner("q"), [lowest("10.0.0.0/24")]));
          await listing(store);
        } finally {
          await store.close();
        }
      });
      expect(failure.code).toBe("store-damaged");
      expect(failure.message).toContain(path);
      expect(failure.details).toContain("backup");
    });
  },
);

test("runs that miss a held address make a claim fail as `store-damaged`, and nothing is written", async () => {
  await withFolder(async (dataDir) => {
    await withStore(dataDir, async (store) => {
      await claimed(store, owner("p"), [lowest("10.0.0.0/24")]);
    });
    const db = new Database(databasePath(dataDir), { readwrite: true });
    db.run("DELETE FROM runs");
    db.close();
    await withStore(dataDir, async (store) => {
      const wants = [lowest("10.1.0.0/24"), lowest("10.0.0.0/24")];
      const failure = await failureOf(() => store.claim(claim(owner("q"), wants)));
      expect(failure.code).toBe("store-damaged");
      expect(await store.find(owner("q"))).toBeUndefined();
      expect(await listing(store)).toHaveLength(1);
    });
  });
});

test("a record that cannot be read is `store-damaged`", async () => {
  await withFolder(async (dataDir) => {
    await withStore(dataDir, async (store) => {
      await claimed(store, owner("p"), [lowest("10.0.0.0/24")]);
    });
    const db = new Database(databasePath(dataDir), { readwrite: true });
    db.run("UPDATE owners SET record = '{'");
    db.close();
    await withStore(dataDir, async (store) => {
      expect((await failureOf(() => store.find(owner("p")))).code).toBe("store-damaged");
    });
  });
});
