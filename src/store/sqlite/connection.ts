/** One connection to the SQLite file: opening it, transactions, and waiting for other processes. */
import { Database } from "bun:sqlite";
import { WhereaboutsError } from "../../core/error.ts";
import { databasePath, ensureDatabaseFile } from "./database-file.ts";
import type { Migration } from "./schema.ts";
import { migrate, schemaVersion } from "./schema.ts";
import { isBusy, translateError } from "./sqlite-error.ts";

/** Where the database is and how it is used. */
export interface ConnectionOptions {
  /** The folder; made with mode 0700 if it is missing. */
  readonly dataDir: string;
  /** For how long to wait for other processes, in each step. */
  readonly busyTimeoutMs: number;
  readonly migrations: readonly Migration[];
}

/** An open database. Work on it is synchronous, so that calls of one process never interleave in a transaction. */
export class SqliteConnection {
  readonly #path: string;
  readonly #db: Database;
  readonly #busyTimeoutMs: number;
  #closed = false;

  private constructor(path: string, db: Database, busyTimeoutMs: number) {
    this.#path = path;
    this.#db = db;
    this.#busyTimeoutMs = busyTimeoutMs;
  }

  /** Opens the database, made or brought to the latest schema if need be. Throws `WhereaboutsError`. */
  static async open(options: ConnectionOptions): Promise<SqliteConnection> {
    const { dataDir, busyTimeoutMs, migrations } = options;
    const path = databasePath(dataDir);
    const db = await whenNotBusy(path, busyTimeoutMs, () => {
      ensureDatabaseFile(dataDir, (temporary) => createDatabase(temporary, path, migrations));
      return openDatabase(path, migrations);
    });
    return new SqliteConnection(path, db, busyTimeoutMs);
  }

  /** Carries out `work` in a transaction that holds the write lock from its start; what it throws rolls back. */
  write<T>(work: (db: Database) => T): Promise<T> {
    return this.#step((db) => inTransaction(db, "BEGIN IMMEDIATE", () => work(db)));
  }

  /** Carries out one statement that reads. */
  read<T>(work: (db: Database) => T): Promise<T> {
    return this.#step(work);
  }

  /** Carries out several statements that read, on one state of the database. */
  snapshot<T>(work: (db: Database) => T): Promise<T> {
    return this.#step((db) => inTransaction(db, "BEGIN", () => work(db)));
  }

  /** Closes the database; a process that exits without does no harm. May be repeated. */
  close(): void {
    this.#closed = true;
    this.#db.close();
  }

  #step<T>(work: (db: Database) => T): Promise<T> {
    return whenNotBusy(this.#path, this.#busyTimeoutMs, () => {
      if (this.#closed)
        throw new WhereaboutsError("store-unavailable", `Cannot use ${this.#path}: it is closed`);
      return work(this.#db);
    });
  }
}

function createDatabase(temporary: string, path: string, migrations: readonly Migration[]): void {
  const db = new Database(temporary, { readwrite: true, create: false });
  try {
    db.run("PRAGMA journal_mode = WAL");
    inTransaction(db, "BEGIN IMMEDIATE", () => migrate(db, path, migrations));
  } finally {
    db.close();
  }
}

function openDatabase(path: string, migrations: readonly Migration[]): Database {
  const db = new Database(path, { readwrite: true, create: false });
  try {
    // A file that was restored from a backup may be in another mode.
    db.run("PRAGMA journal_mode = WAL");
    db.run("PRAGMA synchronous = FULL");
    if (schemaVersion(db) !== migrations.length)
      inTransaction(db, "BEGIN IMMEDIATE", () => migrate(db, path, migrations));
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

function inTransaction<T>(db: Database, begin: string, work: () => T): T {
  db.run(begin);
  try {
    const result = work();
    db.run("COMMIT");
    return result;
  } catch (error) {
    rollBack(db);
    throw error;
  }
}

function rollBack(db: Database): void {
  // After some errors SQLite has rolled back already.
  if (!db.inTransaction) return;
  try {
    db.run("ROLLBACK");
  } catch {
    // The first error says what is wrong; an open transaction ends with the process at the latest.
  }
}

async function whenNotBusy<T>(path: string, busyTimeoutMs: number, step: () => T): Promise<T> {
  const started = performance.now();
  for (;;) {
    try {
      return step();
    } catch (error) {
      if (!isBusy(error)) throw translateError(error, path);
      const waitedMs = performance.now() - started;
      if (waitedMs >= busyTimeoutMs) throw keptBusy(path, busyTimeoutMs, error);
      await Bun.sleep(pauseMs(waitedMs));
    }
  }
}

/**
 * How long to wait before another try. SQLite's own handler lets those who wait long ask ever more seldom, so that
 * in a storm they starve; here they ask more often.
 */
function pauseMs(waitedMs: number): number {
  const longestMs = Math.max(2, 16 - waitedMs / 50);
  return 1 + Math.random() * (longestMs - 1);
}

function keptBusy(path: string, busyTimeoutMs: number, cause: unknown): WhereaboutsError {
  return new WhereaboutsError(
    "try-later",
    `Cannot use ${path} now: other processes kept it busy for ${busyTimeoutMs / 1000} s`,
    { details: "Nothing was half done; the same call may be repeated.", cause },
  );
}
