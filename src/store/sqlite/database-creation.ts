/**
 * Making the database, by many processes at once. Needed once on a host: `node:fs` is loaded only then, because
 * loading it with every call would cost 2 ms (docs/decisions/0002).
 */
import type * as FileSystem from "node:fs";
import { parentFolder } from "../../lib/files.ts";
import { errorCode } from "../../lib/system-call.ts";

const LEFTOVER_MS = 3_600_000;

/**
 * Makes the folder (mode 0700) and those above it, where they are missing, and the file: `create` fills a new one
 * (mode 0600) under another name, and it is linked into place whole, if no other process was faster. Throws errors
 * of the file system, and what `create` throws.
 */
export function makeDatabase(path: string, create: (temporary: string) => void): void {
  const fs = process.getBuiltinModule("node:fs");
  const folder = parentFolder(path);
  makeFolder(fs, folder);
  removeLeftovers(fs, path);
  const temporary = `${path}.new-${process.pid}-${crypto.randomUUID()}`;
  try {
    fs.closeSync(fs.openSync(temporary, "wx", 0o600));
    create(temporary);
    fs.linkSync(temporary, path);
  } catch (error) {
    if (errorCode(error) !== "EEXIST") throw error;
  } finally {
    removeDatabase(fs, temporary);
  }
  syncFolder(fs, folder);
}

function makeFolder(fs: typeof FileSystem, folder: string): void {
  const above = parentFolder(folder);
  fs.mkdirSync(above, { recursive: true });
  try {
    fs.mkdirSync(folder, { mode: 0o700 });
    syncFolder(fs, above);
  } catch (error) {
    if (errorCode(error) !== "EEXIST") throw error;
  }
}

/** Removes what processes left that were killed while they made a file. */
function removeLeftovers(fs: typeof FileSystem, path: string): void {
  const folder = parentFolder(path);
  for (const name of fs.readdirSync(folder)) {
    const leftover = `${folder}/${name}`;
    if (!leftover.startsWith(`${path}.new-`)) continue;
    const status = fs.statSync(leftover, { throwIfNoEntry: false });
    if (status !== undefined && status.mtimeMs < Date.now() - LEFTOVER_MS) {
      fs.rmSync(leftover, { force: true });
    }
  }
}

function removeDatabase(fs: typeof FileSystem, path: string): void {
  for (const suffix of ["", "-wal", "-shm", "-journal"]) {
    fs.rmSync(`${path}${suffix}`, { force: true });
  }
}

function syncFolder(fs: typeof FileSystem, path: string): void {
  const folder = fs.openSync(path, "r");
  try {
    fs.fsyncSync(folder);
  } finally {
    fs.closeSync(folder);
  }
}
