/** Errors of SQLite and of the file system, made ours: what failed, where, and what to do. */
import { SQLiteError } from "bun:sqlite";
import { errorMessage, WhereaboutsError } from "../../core/error.ts";

/** Whether SQLite gave up because another process has the database, in any of the ways it says so. */
export function isBusy(error: unknown): boolean {
  return (
    error instanceof SQLiteError && /^SQLITE_(BUSY|LOCKED|PROTOCOL)(_|$)/.test(error.code ?? "")
  );
}

/** Our error for what SQLite or the file system threw about `path`; anything else is returned as it is. */
export function translateError(error: unknown, path: string): unknown {
  if (error instanceof WhereaboutsError || !(error instanceof Error)) return error;
  const code = "code" in error && typeof error.code === "string" ? error.code : undefined;
  if (code === undefined) return error;
  const known = faults.find(({ codes }) => codes.test(code));
  if (known === undefined && !(error instanceof SQLiteError) && !/^E[A-Z0-9]+$/.test(code))
    return error;
  const { kind, reason, advice } = known ?? other;
  return new WhereaboutsError(kind, `Cannot use ${path}: ${reason} (${errorMessage(error)})`, {
    details: advice,
    cause: error,
  });
}

interface Fault {
  readonly codes: RegExp;
  readonly kind: "store-unavailable" | "store-damaged";
  readonly reason: string;
  readonly advice: string;
}

const other: Omit<Fault, "codes"> = {
  kind: "store-unavailable",
  reason: "the system refused",
  advice: "Nothing was half done; the same call may be repeated.",
};

/** The first that fits counts. */
const faults: readonly Fault[] = [
  {
    // SQLite reports a shared-memory file that it cannot extend as an input/output error.
    codes: /^(SQLITE_FULL|SQLITE_IOERR_SHMSIZE|ENOSPC|EDQUOT)$/,
    kind: "store-unavailable",
    reason: "its disk is full",
    advice: "Free some space on that file system. Nothing was half done.",
  },
  {
    codes: /^(SQLITE_READONLY(_.*)?|EROFS)$/,
    kind: "store-unavailable",
    reason: "it is read-only",
    advice:
      "Make the file system writable, or let data_dir name a folder on one that is, for all containers of this host at once.",
  },
  {
    codes:
      /^(SQLITE_CANTOPEN(_.*)?|SQLITE_PERM|SQLITE_AUTH|EACCES|EPERM|ENOENT|ENOTDIR|EISDIR|ELOOP)$/,
    kind: "store-unavailable",
    reason: "it cannot be opened",
    advice: "Check that data_dir is a folder that this user may write to.",
  },
  {
    codes: /^SQLITE_(CORRUPT(_.*)?|NOTADB|FORMAT|CONSTRAINT(_.*)?|MISMATCH|ERROR)$/,
    kind: "store-damaged",
    reason: "it is damaged, or is no database of whereabouts",
    advice:
      "Move it away with its -wal and -shm files, and restore a backup in their place; without a backup, once no container on this host uses addresses of it.",
  },
  {
    codes: /^(SQLITE_IOERR(_.*)?|EIO)$/,
    kind: "store-unavailable",
    reason: "an input/output error",
    advice: "The kernel log says more about the disk. Nothing was half done.",
  },
];
