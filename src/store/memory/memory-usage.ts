/** How full a range is, and its lowest free address. */
import type { Address } from "../../core/address.ts";
import type { Holding } from "../../core/allocation.ts";
import { excludeEachOther } from "../../core/domain.ts";
import { rangeAllows } from "../../core/range.ts";
import type { Pool, Usage } from "../store.ts";
import type { MemoryData } from "./memory-data.ts";
import { recordsOf } from "./memory-data.ts";
import { restAt } from "./memory-rest.ts";

/** The lowest address of a pool with which none of `occupied` conflicts. */
export function lowestFree(pool: Pool, occupied: readonly Holding[]): Address | undefined {
  const { cidr, allowed } = pool.range;
  const values = valuesIn(pool, occupied);
  for (const { first, last } of allowed) {
    let value = first;
    while (values.has(value)) value++;
    if (value <= last) return { family: cidr.family, value };
  }
  return undefined;
}

/** How full a pool is at `nowMs`; what rested until then counts as free. */
export function usageOf(data: MemoryData, pool: Pool, nowMs: number): Usage {
  const records = recordsOf(data, pool.network);
  const holdings = records.flatMap((record) => (record.kind === "held" ? record.holding : []));
  const rests = records.flatMap((record) =>
    record.kind === "held" ? [] : (restAt(record.rest, nowMs) ?? []),
  );
  const held = valuesIn(pool, holdings);
  const restsUntil = new Map<bigint, number>();
  for (const { holding, untilMs } of rests) {
    for (const value of valuesIn(pool, [holding])) {
      if (!held.has(value))
        restsUntil.set(value, Math.max(untilMs, restsUntil.get(value) ?? untilMs));
    }
  }
  const lowest = lowestFree(pool, [...holdings, ...rests.map(({ holding }) => holding)]);
  return {
    pool,
    held: BigInt(held.size),
    resting: BigInt(restsUntil.size),
    ...(restsUntil.size > 0 && { restsUntilMs: Math.min(...restsUntil.values()) }),
    ...(lowest !== undefined && { lowestFree: lowest }),
  };
}

/** Which addresses of a pool's range these holdings keep from it. */
function valuesIn(pool: Pool, holdings: readonly Holding[]): Set<bigint> {
  const { cidr } = pool.range;
  const relevant = holdings.filter(
    (holding) =>
      excludeEachOther(holding, { cidr, overlapping: pool.overlapping }) &&
      rangeAllows(pool.range, holding.address),
  );
  return new Set(relevant.map(({ address }) => address.value));
}
