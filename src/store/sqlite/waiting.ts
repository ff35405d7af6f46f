/**
 * Waiting while other processes use the database. SQLite's own handler polls, each process for itself and ever more
 * seldom: in a storm those who came first starve, and all that polling takes the processor from the one that writes.
 */
import { WhereaboutsError } from "../../core/error.ts";
import { takeTurn } from "../../lib/file-lock.ts";
import { parentFolder } from "../../lib/files.ts";
import { pause } from "../../lib/process.ts";
import { isBusy, translateError } from "./sqlite-error.ts";

/** How a process waits. */
export interface Waiting {
  /** For how many milliseconds from now it may still wait; asked at the beginning of each wait. */
  readonly leftMs: () => number;
  /**
   * Whether the process carries out one call and ends: then it waits in line, blocked by the kernel. Else it tries
   * again from time to time and goes on with other work in between.
   */
  readonly isOneShot: boolean;
}

/**
 * Carries out a step of the database at `path` as soon as no other process is in its way. Throws `try-later` if that
 * does not come to pass in time, and the step's own errors made ours.
 */
export async function whenNotBusy<T>(path: string, waiting: Waiting, step: () => T): Promise<T> {
  const first = attempt(path, step);
  if (!isKeptBusy(first)) return first.result;
  const limitMs = waiting.leftMs();
  const result = waiting.isOneShot
    ? waitInLine(path, limitMs, step)
    : await waitAside(path, limitMs, step);
  if (!isKeptBusy(result)) return result.result;
  throw new WhereaboutsError(
    "try-later",
    `Cannot use ${path} now: other processes kept it busy for ${Math.round(limitMs / 10) / 100} s`,
    { details: "Nothing was half done; the same call may be repeated.", cause: result.busy },
  );
}

/** What became of one try. */
type Attempt<T> = { readonly result: T } | { readonly busy: unknown };

function isKeptBusy<T>(attempted: Attempt<T>): attempted is { readonly busy: unknown } {
  return "busy" in attempted;
}

function attempt<T>(path: string, step: () => T): Attempt<T> {
  try {
    return { result: step() };
  } catch (error) {
    if (!isBusy(error)) throw translateError(error, path);
    return { busy: error };
  }
}

/** For how long to stand in line before looking whether it moves at all: its first may have been stopped. */
const PATIENCE_MS = 500;

/** Only the first in line tries; whoever comes new may be faster once, and then that one has come and gone. */
function waitInLine<T>(path: string, limitMs: number, step: () => T): Attempt<T> {
  const deadlineMs = performance.now() + limitMs;
  for (;;) {
    const leftMs = deadlineMs - performance.now();
    const endTurn = takeTurn(parentFolder(path), Math.min(leftMs, PATIENCE_MS));
    try {
      const attempted =
        endTurn === undefined ? attempt(path, step) : tryUntil(deadlineMs, path, step);
      if (!isKeptBusy(attempted) || performance.now() >= deadlineMs) return attempted;
    } finally {
      endTurn?.();
    }
    // Where the folder cannot be locked there is no line to wait in.
    pause(2 + Math.random() * 14);
  }
}

function tryUntil<T>(deadlineMs: number, path: string, step: () => T): Attempt<T> {
  for (;;) {
    const attempted = attempt(path, step);
    if (!isKeptBusy(attempted) || performance.now() >= deadlineMs) return attempted;
    pause(1);
  }
}

async function waitAside<T>(path: string, limitMs: number, step: () => T): Promise<Attempt<T>> {
  const deadlineMs = performance.now() + limitMs;
  for (;;) {
    await Bun.sleep(2 + Math.random() * 14);
    const attempted = attempt(path, step);
    if (!isKeptBusy(attempted) || performance.now() >= deadlineMs) return attempted;
  }
}
