/** One connection to the SQLite file: opening it, transactions, and waiting for other processes. */
import { Database } from "bun:sqlite";
import { WhereaboutsError } from "../../core/error.ts";
import { statFile } from "../../lib/files.ts";
import { databasePath, ensureDatabaseFile } from "./database-file.ts";
import type { Migration } from "./schema.ts";
import { migrate, schemaVersion } from "./schema.ts";
import type { Waiting } from "./waiting.ts";
import { whenNotBusy } from "./waiting.ts";
import { translateError } from "./sqlite-error.ts";

/** Where the database is and how it is used. */
export interface ConnectionOptions {
  /** The folder; made with mode 0700 if it is missing. */
  readonly dataDir: string;
  readonly waiting: Waiting;
  readonly mustExist?: boolean;
  readonly migrations: readonly Migration[];
}

/** Of this length a log takes 0.3 ms to read; closing the database takes longer. */
const SHORT_LOG_BYTES = 400_000;

/** An open database. Work on it is synchronous, so that calls of one process never interleave in a transaction. */
export class SqliteConnection {
  readonly #path: string;
  readonly #db: Database;
  readonly #waiting: Waiting;
  readonly #identity: string | undefined;
  #closed = false;

  private constructor(path: string, db: Database, waiting: Waiting) {
    this.#path = path;
    this.#db = db;
    this.#waiting = waiting;
    this.#identity = statFile(path)?.identity;
  }

  /** Opens the database, made or brought to the latest schema if need be. Throws `WhereaboutsError`. */
  static async open(options: ConnectionOptions): Promise<SqliteConnection> {
    const { dataDir, waiting, mustExist = false, migrations } = options;
    const path = databasePath(dataDir);
    try {
      ensureDatabaseFile(dataDir, mustExist, (temporary) =>
        createDatabase(temporary, path, migrations),
      );
    } catch (error) {
      throw translateError(error, path);
    }
    const db = await whenNotBusy(path, waiting, () => openDatabase(path, migrations));
    return new SqliteConnection(path, db, waiting);
  }

  /** Carries out `work` in a transaction that holds the write lock from its start; what it throws rolls back. */
  write<T>(work: (db: Database) => T): Promise<T> {
    return this.#step((db) => {
      const result = inTransaction(db, "BEGIN IMMEDIATE", () => work(db));
      // What was moved away meanwhile is not where others look.
      if (statFile(this.#path)?.identity !== this.#identity) {
        throw new WhereaboutsError(
          "store-unavailable",
          `${this.#path} was replaced while it was in use`,
          {
            details: "The same call may be repeated, and uses the new one.",
          },
        );
      }
      return result;
    });
  }

  /** Carries out one statement that reads. */
  read<T>(work: (db: Database) => T): Promise<T> {
    return this.#step(work);
  }

  /** Carries out several statements that read, on one state of the database. */
  snapshot<T>(work: (db: Database) => T): Promise<T> {
    return this.#step((db) => inTransaction(db, "BEGIN", () => work(db)));
  }

  /**
   * Closes the database. Whoever closes it last folds the write-ahead log in and removes it, which costs four syncs;
   * a process that ends now anyway leaves a short log to the next one, which reads it in less time. A process that
   * exits without closing does no harm. May be repeated.
   */
  close(): void {
    this.#closed = true;
    if (this.#waiting.isOneShot && logSize(this.#path) <= SHORT_LOG_BYTES) return;
    this.#db.close();
  }

  #step<T>(work: (db: Database) => T): Promise<T> {
    return whenNotBusy(this.#path, this.#waiting, () => {
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

function logSize(path: string): number {
  try {
    return statFile(`${path}-wal`)?.sizeBytes ?? 0;
  } catch {
    return Infinity;
  }
}
