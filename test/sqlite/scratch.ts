/** Folders and processes for the tests of the SQLite store. */
import { Database } from "bun:sqlite";
import { expect } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WhereaboutsError } from "../../src/core/error.ts";
import { databasePath } from "../../src/store/sqlite/database-file.ts";
import type { SqliteStoreOptions } from "../../src/store/sqlite/sqlite-store.ts";
import { openSqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import type { Waiting } from "../../src/store/sqlite/waiting.ts";
import type { Store } from "../../src/store/store.ts";
import { inconsistencies } from "./consistency.ts";

/** Calls `work` with a folder that is removed afterwards. */
export async function withFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "whereabouts-sqlite-"));
  try {
    await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Waits that long in each step, and lets the test go on meanwhile. */
export function waitingFor(milliseconds: number): Waiting {
  return { leftMs: () => milliseconds, isOneShot: false };
}

/** Opens the store of a folder. */
export function open(dataDir: string, options: Partial<SqliteStoreOptions> = {}): Promise<Store> {
  return openSqliteStore({ dataDir, waiting: waitingFor(2000), ...options });
}

/** Opens the store of a folder, calls `work` with it and closes it. */
export async function withStore(
  dataDir: string,
  work: (store: Store) => Promise<void> = async () => {},
): Promise<void> {
  const store = await open(dataDir);
  try {
    await work(store);
  } finally {
    await store.close();
  }
}

/** The `WhereaboutsError` that a call must end with. */
export async function failureOf(call: () => Promise<unknown>): Promise<WhereaboutsError> {
  try {
    await call();
  } catch (error) {
    if (error instanceof WhereaboutsError) return error;
    throw error;
  }
  throw new Error("The call succeeded");
}

/** Expects that the database of a folder is in order. */
export function expectConsistent(dataDir: string): void {
  const db = new Database(databasePath(dataDir), { readwrite: true, create: false });
  try {
    expect(inconsistencies(db)).toEqual([]);
  } finally {
    db.close();
  }
}

/** Starts `claimer.ts`. */
export function startClaimer(mode: "claim" | "churn", dataDir: string, name: string, count = 0) {
  const script = join(import.meta.dir, "claimer.ts");
  return Bun.spawn([process.execPath, script, mode, dataDir, name, String(count)], {
    stdout: "pipe",
    stderr: "inherit",
  });
}
