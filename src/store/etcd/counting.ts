/** Counts in place of values: whether everything in an interval is held. */
import type { Interval } from "../../core/interval-set.ts";
import type { Found, Operation } from "./gateway.ts";
import { countSpan } from "./gateway.ts";
import type { Keys } from "./keys.ts";
import type { Domains } from "./view.ts";

/** How many operations it takes to count one interval. */
export const COUNT_OPERATIONS = 4;

/** How many keys there are in an interval; those of resting addresses count among the addresses, too. */
export interface Counts {
  readonly on: number;
  readonly off: number;
  readonly onRests: number;
  readonly offRests: number;
}

/** Counts an interval. */
export function countOperations(
  keys: Keys,
  { network, cidr }: Domains,
  interval: Interval,
): readonly Operation[] {
  return (["address", "rest"] as const).flatMap((kind) =>
    [true, false].map((overlapping) =>
      countSpan(keys.span(kind, network, { overlapping, cidr }, interval)),
    ),
  );
}

/** What {@link countOperations} found. */
export function parseCounts([on, off, onRests, offRests]: readonly Found[]): Counts {
  return {
    on: on?.count ?? 0,
    off: off?.count ?? 0,
    onRests: onRests?.count ?? 0,
    offRests: offRests?.count ?? 0,
  };
}

/**
 * Whether counts tell the whole: not where records of both settings may be of the same address, or, seen from a range
 * that does not overlap, of another prefix.
 */
export function areExact(
  { on, off }: Counts,
  { overlapping }: Pick<Domains, "overlapping">,
): boolean {
  return on === 0 || (overlapping && off === 0);
}

/** Whether counts prove that every address of an interval is held. */
export function areAllHeld(counts: Counts, interval: Interval, of: Domains): boolean {
  const { on, off, onRests, offRests } = counts;
  if (onRests + offRests > 0 || !areExact(counts, of)) return false;
  return BigInt(on + off) >= interval.last - interval.first + 1n;
}
