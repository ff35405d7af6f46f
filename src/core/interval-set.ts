/** Sets of integers as sorted, disjoint, non-adjacent inclusive intervals. */

/** All integers from `first` to `last`, both included. */
export interface Interval {
  readonly first: bigint;
  readonly last: bigint;
}

/** A set in canonical form: sorted by `first`, with a gap of at least one integer between two intervals. */
export type IntervalSet = readonly Interval[];

/** The canonical set of all integers that lie in any of `intervals`; empty ones (`last` < `first`) count for nothing. */
export function intervalSet(intervals: Iterable<Interval>): IntervalSet {
  const sorted = [...intervals]
    .filter(({ first, last }) => first <= last)
    .toSorted((a, b) => (a.first < b.first ? -1 : a.first > b.first ? 1 : 0));
  const merged: { first: bigint; last: bigint }[] = [];
  for (const { first, last } of sorted) {
    const previous = merged.at(-1);
    if (previous !== undefined && first <= previous.last + 1n) {
      if (last > previous.last) previous.last = last;
    } else {
      merged.push({ first, last });
    }
  }
  return merged;
}

/** What lies in `whole` and not in `removed`. */
export function subtractIntervals(whole: Interval, removed: IntervalSet): IntervalSet {
  const left: Interval[] = [];
  let next = whole.first;
  for (const { first, last } of removed) {
    if (last < next) continue;
    if (first > whole.last) break;
    if (first > next) left.push({ first: next, last: first - 1n });
    next = last + 1n;
  }
  if (next <= whole.last) left.push({ first: next, last: whole.last });
  return left;
}

/** Whether a value lies in a set: O(log n) in the number of its intervals. */
export function setContains(set: IntervalSet, value: bigint): boolean {
  let low = 0;
  let high = set.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const interval = set[middle];
    if (interval === undefined || value < interval.first) high = middle;
    else if (value > interval.last) low = middle + 1;
    else return true;
  }
  return false;
}

/** How many integers a set has. */
export function setSize(set: IntervalSet): bigint {
  return set.reduce((size, { first, last }) => size + (last - first + 1n), 0n);
}
