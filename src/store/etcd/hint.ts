/**
 * What may be free in a pool: runs outside of which nothing is. A hint alone: a run too many costs a walk, one that
 * is missing costs order until the hint is verified. The store itself decides about every address.
 */
import { addressKey } from "../../core/address.ts";
import type { Family } from "../../core/address.ts";
import type { Interval, IntervalSet } from "../../core/interval-set.ts";
import { valueText } from "./gateway.ts";
import { addressOfPart } from "./keys.ts";
import { tryParseRecord } from "./records.ts";

/** A run of addresses that may be free: from a time on, where all of them rest until then. */
export interface FreeRun extends Interval {
  /** Milliseconds since the epoch; 0: now. */
  readonly fromMs: number;
}

/** What a hint says. */
export interface Hint {
  /** Sorted and disjoint. */
  readonly runs: readonly FreeRun[];
  /** When all of the rest was last known to be held, in milliseconds since the epoch. */
  readonly verifiedMs: number;
  /** Up to where (not included) it is verified anew; undefined if it is not. */
  readonly scan?: bigint;
}

/** So many runs does a hint keep; those with the least between them become one. */
const MOST_RUNS = 32;

/** The hint of a range of which nothing is known. */
export function freshHint({ first, last }: Interval, nowMs: number): Hint {
  return { runs: [{ first, last, fromMs: 0 }], verifiedMs: nowMs };
}

/** Adds what may be free, from `fromMs` on. */
export function withFree(hint: Hint, { first, last }: Interval, fromMs = 0): Hint {
  const others = fromMs === 0 ? without(hint, { first, last }).runs : hint.runs;
  const isCovered = fromMs > 0 && others.some((run) => run.first <= first && run.last >= last);
  if (isCovered) return hint;
  return { ...hint, runs: joined([...others, { first, last, fromMs }]) };
}

/** Removes what was seen held. */
export function without(hint: Hint, { first, last }: Interval): Hint {
  const runs = hint.runs.flatMap((run): FreeRun[] => {
    if (run.last < first || run.first > last) return [run];
    return [
      { ...run, last: first - 1n },
      { ...run, first: last + 1n },
    ].filter((left) => left.first <= left.last);
  });
  return { ...hint, runs };
}

/** Sorted, those that touch made one, and no more than a hint keeps. */
function joined(runs: readonly FreeRun[]): readonly FreeRun[] {
  let sorted = runs.toSorted((a, b) => (a.first < b.first ? -1 : a.first > b.first ? 1 : 0));
  sorted = join(sorted, 1n, (a, b) => a.fromMs === b.fromMs);
  while (sorted.length > MOST_RUNS) {
    const gaps = sorted.slice(1).map((run, index) => run.first - (sorted[index]?.last ?? 0n));
    let least = gaps[0] ?? 1n;
    for (const gap of gaps) if (gap < least) least = gap;
    sorted = join(sorted, least < 1n ? 1n : least, () => true);
  }
  return sorted;
}

function join(
  sorted: readonly FreeRun[],
  distance: bigint,
  mayJoin: (a: FreeRun, b: FreeRun) => boolean,
): FreeRun[] {
  const result: FreeRun[] = [];
  for (const run of sorted) {
    const before = result.at(-1);
    const touches = before !== undefined && run.first <= before.last + distance;
    if (before === undefined || !touches || (run.first > before.last && !mayJoin(before, run))) {
      result.push(run);
      continue;
    }
    result[result.length - 1] = {
      first: before.first,
      last: run.last > before.last ? run.last : before.last,
      fromMs: Math.min(before.fromMs, run.fromMs),
    };
  }
  return result;
}

/** What a range gives out of what may be free at `nowMs`, lowest first. */
export function* mayBeFree(hint: Hint, allowed: IntervalSet, nowMs: number): Iterable<Interval> {
  for (const run of hint.runs) {
    if (run.fromMs > nowMs) continue;
    for (const { first, last } of allowed) {
      if (last < run.first) continue;
      if (first > run.last) break;
      yield {
        first: first > run.first ? first : run.first,
        last: last < run.last ? last : run.last,
      };
    }
  }
}

/** Whether something below `value` rests until later than `nowMs`. */
export function restsBelow(hint: Hint, value: bigint | undefined, nowMs: number): boolean {
  return hint.runs.some(
    ({ first, fromMs }) => fromMs > nowMs && (value === undefined || first < value),
  );
}

/** A hint as it stands in etcd. */
export function hintText(hint: Hint, family: Family): string {
  const key = (value: bigint): string => addressKey({ family, value });
  return valueText({
    v: 1,
    free: hint.runs.map(({ first, last, fromMs }) =>
      [key(first), key(last), ...(fromMs > 0 ? [String(fromMs)] : [])].join("-"),
    ),
    verified: hint.verifiedMs,
    ...(hint.scan !== undefined && { scan: key(hint.scan) }),
  });
}

/** The hint of a value; that of a range of which nothing is known where the value is damaged. */
export function parseHint(value: string, range: Interval): Hint {
  const { free, verified, scan } = tryParseRecord(value) ?? {};
  const unknown = freshHint(range, 0);
  if (!Array.isArray(free) || typeof verified !== "number") return unknown;
  const runs: FreeRun[] = [];
  for (const text of free as readonly unknown[]) {
    const [first, last, from = "0"] = typeof text === "string" ? text.split("-") : [];
    const [a, b] = [addressOfPart(first ?? ""), addressOfPart(last ?? "")];
    const fromMs = Number(from);
    const before = runs.at(-1)?.last ?? -1n;
    if (a === undefined || b === undefined || !(fromMs >= 0)) return unknown;
    if (a.value <= before || b.value < a.value) return unknown;
    runs.push({ first: a.value, last: b.value, fromMs });
  }
  const from = typeof scan === "string" ? addressOfPart(scan)?.value : undefined;
  return { runs, verifiedMs: verified, ...(from !== undefined && { scan: from }) };
}
