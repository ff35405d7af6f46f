/** The file of the SQLite store: its folder, its owner, and its creation by many processes at once. */
import { WhereaboutsError } from "../../core/error.ts";
import { statFile, statLink } from "../../lib/files.ts";
import { makeDatabase } from "./database-creation.ts";

const FILE_NAME = "whereabouts.db";

/** Where the database of a data folder is. */
export function databasePath(dataDir: string): string {
  return `${dataDir}/${FILE_NAME}`;
}

/**
 * Sees to it that the folder and the file exist, are ours and are what they should be. A missing file is made
 * under another name by `create`, which must leave no `-wal` file, and linked into place: under its own name it
 * is always complete. With `mustExist` a missing one is an error. Throws `store-unavailable` or `store-damaged`, and errors of the file system.
 */
export function ensureDatabaseFile(
  dataDir: string,
  mustExist: boolean,
  create: (path: string) => void,
): void {
  const path = databasePath(dataDir);
  if (isOurFolder(dataDir) && isOurFile(path)) return;
  // SQLite would play a -wal file of a lost database into the new one. It is not ours to delete.
  if (statLink(`${path}-wal`) !== undefined && !isOurFile(path)) {
    throw new WhereaboutsError("store-damaged", `${path} is gone, but its ${path}-wal is there`, {
      details:
        "Restore the database from a backup, or move the -wal file away once no container on this host uses addresses of it.",
    });
  }
  if (mustExist) {
    throw new WhereaboutsError("store-unavailable", `There is no database in ${dataDir}`, {
      details:
        "Nothing was allocated there so far. An ordinary user has a folder of their own: run as root to see the system's, or name a folder (--data-dir).",
    });
  }
  makeDatabase(path, create);
  // Another process may have been faster; its file is as good.
  isOurFile(path);
}

/** Whether the folder is there; throws if something else is in its place. */
function isOurFolder(dataDir: string): boolean {
  const found = statFile(dataDir);
  if (found === undefined) return false;
  if (found.kind !== "folder") throw unusable(dataDir, "it is not a folder");
  if (found.userId !== process.geteuid?.()) throw unusable(dataDir, ownedBy(found.userId));
  // In a folder like /tmp others cannot touch what is ours.
  if ((found.mode & 0o1002) === 0o002) throw unusable(dataDir, "everybody may write to it");
  return true;
}

/**
 * Whether the file is there; throws if something else is in its place. It is only looked at: closing it would
 * drop the locks that SQLite has on it in this process.
 */
function isOurFile(path: string): boolean {
  const found = statLink(path);
  if (found === undefined) return false;
  if (found.kind === "symbolic-link") throw unusable(path, "it is a symbolic link");
  if (found.kind !== "file") throw unusable(path, "it is not a regular file");
  if (found.userId !== process.geteuid?.()) throw unusable(path, ownedBy(found.userId));
  return true;
}

function ownedBy(uid: number): string {
  return `it belongs to user ${uid}, not to user ${process.geteuid?.()}, who runs this program`;
}

function unusable(path: string, reason: string): WhereaboutsError {
  return new WhereaboutsError("store-unavailable", `Cannot use ${path}: ${reason}`, {
    details:
      "Run as the user to whom it belongs (root, on most hosts), put it right (chown, chmod, or move it away), or let data_dir name another folder.",
  });
}
