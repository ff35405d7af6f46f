/**
 * A hint is verified every ten minutes (wall time: only order hangs on it), in pieces of a transaction that a claim
 * makes anyway: what it does not name must be held. Its progress stands in the hint.
 */
import type { Interval } from "../../core/interval-set.ts";
import type { Range } from "../../core/range.ts";
import type { Hint } from "./hint.ts";
import { withFree } from "./hint.ts";

const INTERVAL_MS = 600_000;
const PIECE = 4096n;
/** So many intervals make a piece at the most: each takes four operations. */
const MOST_PARTS = 4;

/** What is to be looked at next. */
export interface Piece {
  readonly parts: readonly Interval[];
  /** Where the next piece begins; undefined: this is the last. */
  readonly next: bigint | undefined;
}

/** The piece of a hint that is due; undefined if none is. */
export function duePiece(hint: Hint, { allowed }: Range, nowMs: number): Piece | undefined {
  const { verifiedMs, scan } = hint;
  const isDue = scan !== undefined || nowMs - verifiedMs >= INTERVAL_MS || verifiedMs > nowMs;
  if (!isDue) return undefined;
  const parts: Interval[] = [];
  let size = 0n;
  for (const interval of allowed) {
    for (const gap of gapsIn(interval, hint)) {
      const first = scan !== undefined && scan > gap.first ? scan : gap.first;
      if (first > gap.last) continue;
      if (parts.length === MOST_PARTS || size === PIECE) return { parts, next: first };
      const most = first + (PIECE - size) - 1n;
      const last = most < gap.last ? most : gap.last;
      parts.push({ first, last });
      size += last - first + 1n;
      if (last < gap.last) return { parts, next: last + 1n };
    }
  }
  return { parts, next: undefined };
}

/** What of an interval the hint says to be held. */
function* gapsIn({ first, last }: Interval, { runs }: Hint): Iterable<Interval> {
  let next = first;
  for (const run of runs) {
    if (run.last < next) continue;
    if (run.first > last) break;
    if (run.first > next) yield { first: next, last: run.first - 1n };
    next = run.last + 1n;
  }
  if (next <= last) yield { first: next, last };
}

/** The hint after a piece, of whose parts some are not all held. */
export function afterPiece(
  hint: Hint,
  piece: Piece,
  open: readonly Interval[],
  nowMs: number,
): Hint {
  const { runs } = open.reduce((left, interval) => withFree(left, interval), hint);
  if (piece.next === undefined) return { runs, verifiedMs: nowMs };
  return { runs, verifiedMs: hint.verifiedMs, scan: piece.next };
}
