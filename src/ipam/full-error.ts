/** "Full", said so that a person knows what to do. */
import { WhereaboutsError } from "../core/error.ts";
import { setSize } from "../core/interval-set.ts";
import { formatRange, rangeSize, usableInterval } from "../core/range.ts";
import type { Usage } from "../store/store.ts";
import { formatNetwork } from "../core/allocation.ts";

/** The error of an ADD or a STATUS that found a pool without a free address. */
export function fullError({ pool, held, resting, restsUntilMs }: Usage): WhereaboutsError {
  const { range } = pool;
  const size = rangeSize(range);
  const excluded = setSize([usableInterval(range.cidr)]) - size;
  const isContended = held + resting < size;
  const own = isContended
    ? "; the ranges of this interface ask for more addresses than there are"
    : "";
  const rest =
    restsUntilMs === undefined ? "" : ` (the first until ${new Date(restsUntilMs).toISOString()})`;
  return new WhereaboutsError(
    "range-full",
    `No free address in range ${formatRange(range)} of ${formatNetwork(pool.network)}: size ${size}, held ${held}, resting ${resting}${rest}, excluded ${excluded}${own}`,
    {
      details:
        "Enlarge the range, add another one to ipRanges, or delete pods that are not needed; " +
        '"whereabouts ls" shows who holds what, "whereabouts gc" frees what dead containers left behind',
    },
  );
}
