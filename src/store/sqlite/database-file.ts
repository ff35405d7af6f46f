/** The file of the SQLite store: its folder, its owner, and its creation by many processes at once. */
import {
  closeSync,
  fsyncSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { WhereaboutsError } from "../../core/error.ts";

const FILE_NAME = "whereabouts.db";
const NEW_PREFIX = `${FILE_NAME}.new-`;
const LEFTOVER_MS = 3_600_000;

/** Where the database of a data folder is. */
export function databasePath(dataDir: string): string {
  return join(dataDir, FILE_NAME);
}

/**
 * Sees to it that the folder and the file exist, are ours and are what they should be. A missing file is made
 * under another name by `create`, which must leave no `-wal` file, and linked into place: under its own name it
 * is always complete. Throws `store-unavailable` or `store-damaged`, and errors of the file system.
 */
export function ensureDatabaseFile(dataDir: string, create: (path: string) => void): void {
  ensureFolder(dataDir);
  const path = databasePath(dataDir);
  if (isOurFile(path)) return;
  // SQLite would play a -wal file of a lost database into the new one. It is not ours to delete.
  if (lstatSync(`${path}-wal`, { throwIfNoEntry: false }) !== undefined && !isOurFile(path)) {
    throw new WhereaboutsError("store-damaged", `${path} is gone, but its ${path}-wal is there`, {
      details:
        "Restore the database from a backup, or move the -wal file away once no container on this host uses addresses of it.",
    });
  }
  removeLeftovers(dataDir);
  const temporary = join(dataDir, `${NEW_PREFIX}${process.pid}-${crypto.randomUUID()}`);
  try {
    closeSync(openSync(temporary, "wx", 0o600));
    create(temporary);
    linkInto(temporary, path);
  } finally {
    removeDatabase(temporary);
  }
  syncFolder(dataDir);
}

function ensureFolder(dataDir: string): void {
  const found = statSync(dataDir, { throwIfNoEntry: false });
  if (found === undefined) {
    mkdirSync(dirname(dataDir), { recursive: true });
    try {
      mkdirSync(dataDir, { mode: 0o700 });
      syncFolder(dirname(dataDir));
    } catch (error) {
      if (!isExisting(error)) throw error;
    }
    return;
  }
  if (!found.isDirectory()) throw unusable(dataDir, "it is not a folder");
  if (found.uid !== process.geteuid?.()) throw unusable(dataDir, ownedBy(found.uid));
}

/**
 * Whether the file is there; throws if something else is in its place. It is only looked at: closing it would
 * drop the locks that SQLite has on it in this process.
 */
function isOurFile(path: string): boolean {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return false;
  if (found.isSymbolicLink()) throw unusable(path, "it is a symbolic link");
  if (!found.isFile()) throw unusable(path, "it is not a regular file");
  if (found.uid !== process.geteuid?.()) throw unusable(path, ownedBy(found.uid));
  return true;
}

function ownedBy(uid: number): string {
  return `it belongs to user ${uid}, not to user ${process.geteuid?.()}, who runs this program`;
}

function unusable(path: string, reason: string): WhereaboutsError {
  return new WhereaboutsError("store-unavailable", `Cannot use ${path}: ${reason}`, {
    details: "Put it right (chown, or move it away), or let data_dir name another folder.",
  });
}

function linkInto(temporary: string, path: string): void {
  try {
    linkSync(temporary, path);
  } catch (error) {
    // Another process was faster; its file is as good.
    if (!isExisting(error) || !isOurFile(path)) throw error;
  }
}

function isExisting(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EEXIST";
}

/** Removes what processes left that were killed while they made a file. */
function removeLeftovers(dataDir: string): void {
  for (const name of readdirSync(dataDir)) {
    if (!name.startsWith(NEW_PREFIX)) continue;
    const path = join(dataDir, name);
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (found !== undefined && found.mtimeMs < Date.now() - LEFTOVER_MS)
      rmSync(path, { force: true });
  }
}

function removeDatabase(path: string): void {
  for (const suffix of ["", "-wal", "-shm", "-journal"])
    rmSync(`${path}${suffix}`, { force: true });
}

function syncFolder(path: string): void {
  const folder = openSync(path, "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
