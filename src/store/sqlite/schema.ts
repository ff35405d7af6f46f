/** The tables of the SQLite store, as a list of migrations: version n of a file has gone through the first n. */
import type { Database } from "bun:sqlite";
import { WhereaboutsError } from "../../core/error.ts";

/** One step from a schema to the next. It runs in a transaction. */
export type Migration = (db: Database) => void;

/** All steps, oldest first. Only ever added to: files of every earlier version exist on hosts. */
export const migrations: readonly Migration[] = [createTables];

/**
 * Addresses are `addressKey()` texts, prefixes `cidrKey()` texts, and what users write is `storedText()`. `runs`
 * holds the addresses of `addresses` once more, as runs without gaps, so that a lowest free one is found without
 * reading what is held: for a network its overlapping ones (scope ''), for a prefix the others ('off') and all.
 */
function createTables(db: Database): void {
  db.run(`
    CREATE TABLE owners (
      id INTEGER PRIMARY KEY,
      network TEXT NOT NULL, node TEXT NOT NULL, interface TEXT NOT NULL, pod TEXT NOT NULL,
      name TEXT,
      sequence INTEGER NOT NULL,
      record TEXT NOT NULL,
      UNIQUE (network, node, interface, pod)
    ) STRICT`);
  db.run(`
    CREATE TABLE addresses (
      network TEXT NOT NULL, address TEXT NOT NULL, cidr TEXT NOT NULL,
      overlapping INTEGER NOT NULL CHECK (overlapping IN (0, 1)),
      owner INTEGER,
      rest_node TEXT, rest_interface TEXT, rest_pod TEXT, rest_since INTEGER, rest_until INTEGER,
      PRIMARY KEY (network, address, cidr),
      CHECK ((owner IS NULL) = (rest_until IS NOT NULL))
    ) STRICT, WITHOUT ROWID`);
  // A second line of defence: no defect of this program can give an address to two owners.
  db.run(
    `CREATE UNIQUE INDEX addresses_once ON addresses (network, address) WHERE overlapping = 1`,
  );
  db.run(`CREATE INDEX rests_by_until ON addresses (rest_until) WHERE owner IS NULL`);
  db.run(`CREATE INDEX rests_by_since ON addresses (rest_since) WHERE owner IS NULL`);
  db.run(`CREATE INDEX rests_by_owner ON addresses (network, rest_pod, rest_node, rest_interface)
    WHERE owner IS NULL`);
  db.run(`CREATE INDEX rests_by_address ON addresses (network, address) WHERE owner IS NULL`);
  db.run(`
    CREATE TABLE runs (
      network TEXT NOT NULL, scope TEXT NOT NULL, first TEXT NOT NULL, last TEXT NOT NULL,
      PRIMARY KEY (network, scope, first)
    ) STRICT, WITHOUT ROWID`);
  db.run(`
    CREATE TABLE pools (
      network TEXT NOT NULL, cidr TEXT NOT NULL, first TEXT NOT NULL, last TEXT NOT NULL,
      overlapping INTEGER NOT NULL CHECK (overlapping IN (0, 1)),
      allowed TEXT NOT NULL, gateway TEXT NOT NULL,
      PRIMARY KEY (network, cidr, first, last, overlapping)
    ) STRICT, WITHOUT ROWID`);
  db.run(`CREATE TABLE nodes (node TEXT PRIMARY KEY, boot_id TEXT NOT NULL) STRICT, WITHOUT ROWID`);
  db.run(`CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID`);
  db.run(`INSERT INTO meta VALUES ('sequence', 0)`);
  db.run(`CREATE TABLE probe (id INTEGER PRIMARY KEY, content BLOB NOT NULL) STRICT`);
  db.run(`INSERT INTO probe VALUES (1, x'')`);
}

/** The version of a file's schema. */
export function schemaVersion(db: Database): number {
  return db.query<{ user_version: number }, []>("PRAGMA user_version").get()?.user_version ?? 0;
}

/**
 * Brings a file to the latest version, in the transaction that is open. Throws `store-unavailable` if a newer
 * program wrote it.
 */
export function migrate(db: Database, path: string, steps: readonly Migration[]): void {
  const version = schemaVersion(db);
  if (version > steps.length) {
    throw new WhereaboutsError(
      "store-unavailable",
      `Cannot use ${path}: its schema has version ${version}, this program knows versions up to ${steps.length}`,
      {
        details:
          "A newer whereabouts wrote the file. Install that version or a later one on this host again.",
      },
    );
  }
  for (const step of steps.slice(version)) step(db);
  if (version < steps.length) db.run(`PRAGMA user_version = ${steps.length}`);
}
