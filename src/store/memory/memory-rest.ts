/** Rests of released addresses, by wall clock; a clock that went back starts a rest again, with its full length. */
import type { Holding, Owner } from "../../core/allocation.ts";
import type { MemoryData, Rest } from "./memory-data.ts";

/** The rests of addresses that are released at `nowMs`; none if `restSeconds` is not positive. */
export function restFrom(
  holdings: readonly Holding[],
  lastOwner: Owner,
  restSeconds: number,
  nowMs: number,
): readonly Rest[] {
  const lengthMs = Math.ceil(restSeconds * 1000);
  if (!(lengthMs > 0)) return [];
  const untilMs = Math.min(nowMs + lengthMs, Number.MAX_SAFE_INTEGER);
  return holdings.map((holding) => ({ holding, lastOwner, sinceMs: nowMs, untilMs }));
}

/** Makes all addresses free whose rest is over, and starts those again that began in the future. */
export function expireRests(data: MemoryData, nowMs: number): void {
  data.rests = data.rests.flatMap((rest) => {
    const left = restAt(rest, nowMs);
    return left === undefined ? [] : [left];
  });
}

/** What a rest is at `nowMs`: undefined if it is over. */
export function restAt(rest: Rest, nowMs: number): Rest | undefined {
  if (rest.sinceMs > nowMs)
    return { ...rest, sinceMs: nowMs, untilMs: nowMs + (rest.untilMs - rest.sinceMs) };
  return rest.untilMs <= nowMs ? undefined : rest;
}
