import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { databasePath } from "../../src/store/sqlite/database-file.ts";
import type { Migration } from "../../src/store/sqlite/schema.ts";
import { migrations, schemaVersion } from "../../src/store/sqlite/schema.ts";
import { claimed, lowest, owner, texts } from "../store-contract/fixtures.ts";
import { expectConsistent, failureOf, open, withFolder, withStore } from "./scratch.ts";

const addColumn: Migration = (db) => db.run("ALTER TABLE nodes ADD COLUMN seen INTEGER");
const failing: Migration = (db) => {
  db.run("CREATE TABLE half_done (a INTEGER) STRICT");
  throw new Error("The migration fails");
};

function inspect<T>(dataDir: string, work: (db: Database) => T): T {
  const db = new Database(databasePath(dataDir), { readwrite: true, create: false });
  try {
    return work(db);
  } finally {
    db.close();
  }
}

test("openSqliteStore() brings a file of an earlier version up to date, and keeps what it holds", async () => {
  await withFolder(async (dataDir) => {
    await withStore(dataDir, async (store) => {
      await claimed(store, owner("p"), [lowest("10.0.0.0/24")]);
    });
    const later = await open(dataDir, { migrations: [...migrations, addColumn] });
    expect(texts(await claimed(later, owner("q"), [lowest("10.0.0.0/24")]))).toEqual(["10.0.0.2"]);
    await later.close();
    inspect(dataDir, (db) => {
      expect(schemaVersion(db)).toBe(migrations.length + 1);
      expect(db.query("SELECT seen FROM nodes").all()).toEqual([]);
    });
    expectConsistent(dataDir);
  });
});

test("openSqliteStore() makes the tables in an empty file", async () => {
  await withFolder(async (dataDir) => {
    writeFileSync(databasePath(dataDir), "");
    await withStore(dataDir, async (store) => {
      await claimed(store, owner("p"), [lowest("10.0.0.0/24")]);
    });
    inspect(dataDir, (db) => {
      expect(schemaVersion(db)).toBe(migrations.length);
      expect(db.query("PRAGMA journal_mode").get()).toEqual({ journal_mode: "wal" });
    });
  });
});

test("openSqliteStore() carries each migration out once where many open at once", async () => {
  await withFolder(async (dataDir) => {
    await withStore(dataDir);
    const steps = [...migrations, addColumn];
    const stores = await Promise.all(
      Array.from({ length: 8 }, () => open(dataDir, { migrations: steps })),
    );
    for (const store of stores) await store.close();
    expect(inspect(dataDir, schemaVersion)).toBe(steps.length);
  });
});

test("openSqliteStore() leaves a file alone whose migration fails", async () => {
  await withFolder(async (dataDir) => {
    await withStore(dataDir);
    const opening = open(dataDir, { migrations: [...migrations, addColumn, failing] });
    expect(opening).rejects.toThrow("The migration fails");
    await opening.catch(() => {});
    inspect(dataDir, (db) => {
      expect(schemaVersion(db)).toBe(migrations.length);
      expect(() => db.query("SELECT * FROM half_done").all()).toThrow();
      expect(() => db.query("SELECT seen FROM nodes").all()).toThrow();
    });
    await withStore(dataDir);
  });
});

test("openSqliteStore() refuses a file of a newer version and says what to do", async () => {
  await withFolder(async (dataDir) => {
    await withStore(dataDir);
    inspect(dataDir, (db) => db.run("PRAGMA user_version = 99"));
    const failure = await failureOf(() => open(dataDir));
    expect(failure.code).toBe("store-unavailable");
    expect(failure.message).toContain("version 99");
    expect(failure.details).toContain("newer whereabouts");
  });
});

test("openSqliteStore() sets a restored file to write-ahead logging", async () => {
  await withFolder(async (dataDir) => {
    await withStore(dataDir);
    inspect(dataDir, (db) => db.run("PRAGMA journal_mode = DELETE"));
    await withStore(dataDir);
    expect(inspect(dataDir, (db) => db.query("PRAGMA journal_mode").get())).toEqual({
      journal_mode: "wal",
    });
  });
});
