/** How claims and releases change hints: each under the revision that was read, so that none undoes what another knows. */
import type { Holding } from "../../core/allocation.ts";
import { excludeEachOther } from "../../core/domain.ts";
import type { Interval } from "../../core/interval-set.ts";
import type { Pool } from "../store.ts";
import type { Context } from "./context.ts";
import { asFound, asOutcome } from "./context.ts";
import type { KeyValue, Operation } from "./gateway.ts";
import { get, nested, put, writtenAt } from "./gateway.ts";
import type { Hint } from "./hint.ts";
import { hintText, parseHint, withFree, without } from "./hint.ts";
import type { Keys } from "./keys.ts";

/** A released address, and from when on it is free, in milliseconds since the epoch; 0: now. */
export interface Freed {
  readonly holding: Holding;
  readonly fromMs: number;
}

/** So many hints change in one transaction. */
export const MOST_HINTS = 32;

/** Writes a hint that says what its range can be known to hold, if it is still the one that was read. */
export function hintOperation(
  keys: Keys,
  pool: Pool,
  read: KeyValue | undefined,
  hint: Hint,
): Operation {
  const key = keys.hint(pool);
  return nested({
    compare: [writtenAt(key, read?.modRevision ?? 0)],
    success: [put(key, hintText(hint, pool.range.cidr.family))],
    failure: [],
  });
}

/** A hint without what was seen held. */
export function withoutAll(hint: Hint, held: readonly Interval[]): Hint {
  return held.reduce(without, hint);
}

/**
 * Writes what was freed into one hint; undefined where it is not about any of that. It is written even where it
 * says so already: a claim that saw the address held must not come after.
 */
export function freeingOperation(
  keys: Keys,
  entry: KeyValue,
  freed: readonly Freed[],
): Operation | undefined {
  const key = keys.parseHint(entry.key);
  if (key === undefined) return undefined;
  const { cidr, first, last } = key;
  const concerned = freed.filter(
    ({ holding }) =>
      holding.address.family === cidr.family &&
      holding.address.value >= first &&
      holding.address.value <= last &&
      excludeEachOther(holding, key),
  );
  if (concerned.length === 0) return undefined;
  let hint = parseHint(entry.value, { first, last });
  for (const { holding, fromMs } of concerned) {
    const { value } = holding.address;
    hint = withFree(hint, { first: value, last: value }, fromMs);
  }
  return nested({
    compare: [writtenAt(entry.key, entry.modRevision)],
    success: [put(entry.key, hintText(hint, cidr.family))],
    failure: [get(entry.key)],
  });
}

/**
 * Writes what was freed into hints, as they were read, until each of them says so. Order alone hangs on it: what
 * fails is left to the verification of the hint.
 */
export async function noteFreed(
  { client, keys }: Context,
  read: readonly KeyValue[],
  freed: readonly Freed[],
): Promise<void> {
  let left = read;
  while (left.length > 0) {
    const batch = left.slice(0, MOST_HINTS);
    const success = batch.flatMap((entry) => freeingOperation(keys, entry, freed) ?? []);
    const rest = left.slice(batch.length);
    if (success.length > 0) {
      // Done twice it is done once: the revision is another then.
      const answer = await client.transact({ compare: [], success, failure: [] }, "repeatable");
      left = [...rest, ...overtaken(answer.results)];
    } else {
      left = rest;
    }
  }
}

/** The hints that somebody else wrote meanwhile, as they are now, among the results of {@link freeingOperation}. */
export function overtaken(
  results: readonly Parameters<typeof asOutcome>[0][],
): readonly KeyValue[] {
  return results.flatMap((result) => {
    const {
      succeeded,
      results: [found],
    } = asOutcome(result);
    return succeeded ? [] : asFound(found).entries;
  });
}
