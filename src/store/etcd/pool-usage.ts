/** How full pools are: by counts, and by reading only where counts do not tell. */
import type { Address } from "../../core/address.ts";
import type { Interval, IntervalSet } from "../../core/interval-set.ts";
import { setContains, setSize } from "../../core/interval-set.ts";
import { comparePools } from "../pool-order.ts";
import type { Pool, Usage } from "../store.ts";
import type { Context } from "./context.ts";
import { readAll } from "./context.ts";
import {
  COUNT_OPERATIONS,
  areAllHeld,
  areExact,
  countOperations,
  parseCounts,
} from "./counting.ts";
import type { Found, KeyValue, Span } from "./gateway.ts";
import { countSpan, getSpan, spanOf } from "./gateway.ts";
import type { Rest } from "./records.ts";
import { poolOf, restEndMs, tryParseOccupant } from "./records.ts";
import type { Quest } from "./search.ts";
import { domainsOf, holdingAt, searchFree } from "./search.ts";
import type { Asker } from "./view.ts";
import { occupantsAt, parseView } from "./view.ts";

/** What was found in a pool at one revision. */
export interface UsageDetail {
  readonly held: bigint;
  /** Of each address that rests and is not held. */
  readonly rests: readonly (Rest & { readonly value: bigint })[];
}

/** So many intervals are counted in one request: each takes four operations. */
const BATCH = 30;
/** So many addresses are looked at before all that is held is counted. */
const NEAR = 256n;
/** So many keys are read at once where counts do not tell. */
const PAGE = 5000;

/** How full a pool is. */
export async function usageOf(
  context: Context,
  pool: Pool,
): Promise<{ readonly usage: Usage; readonly detail: UsageDetail }> {
  const nowMs = context.now();
  const asker: Asker = { owner: "", nowMs };
  const { allowed } = pool.range;
  const quest: Quest = { pool, asker, own: [], reserved: [], blocked: new Set() };
  let detail = await countPool(context, pool, nowMs);
  const isFull = detail.held + BigInt(detail.rests.length) >= setSize(allowed);
  const lowest = isFull ? undefined : await lowestFree(context, quest, detail.held);
  // The index of rests is damaged, or others were faster: what stands at the addresses themselves counts.
  if (!isFull && lowest === undefined) detail = await readAllOf(context, pool, nowMs);
  const ends = detail.rests.map((rest) => restEndMs(rest, nowMs));
  const usage: Usage = {
    pool,
    held: detail.held,
    resting: BigInt(detail.rests.length),
    ...(ends.length > 0 && { restsUntilMs: ends.reduce((a, b) => Math.min(a, b)) }),
    ...(lowest !== undefined && { lowestFree: lowest }),
  };
  return { usage, detail };
}

/** The lowest free address of a pool that is not full. Mostly it is near the start, or behind all that is held. */
async function lowestFree(
  context: Context,
  quest: Quest,
  held: bigint,
): Promise<Address | undefined> {
  const { allowed } = quest.pool.range;
  const [near] = splitAfter(allowed, NEAR);
  let finds = await searchFree(context, quest, near, 1);
  if (finds.candidates.length === 0) {
    const [low, high] = splitAfter(allowed, held);
    const isBehind = low.length <= BATCH && (await areHeld(context, quest.pool, low));
    finds = await searchFree(context, quest, isBehind ? high : allowed, 1);
  }
  return finds.candidates[0]?.holding.address;
}

async function areHeld(
  context: Context,
  pool: Pool,
  intervals: readonly Interval[],
): Promise<boolean> {
  const of = domainsOf(pool);
  const operations = intervals.flatMap((interval) => countOperations(context.keys, of, interval));
  const { results } = await readAll(context, operations);
  return intervals.every((interval, index) => {
    const counts = results.slice(COUNT_OPERATIONS * index, COUNT_OPERATIONS * (index + 1));
    return areAllHeld(parseCounts(counts), interval, of);
  });
}

/** The lowest `size` addresses of a set, and the others. */
function splitAfter(set: IntervalSet, size: bigint): readonly [IntervalSet, IntervalSet] {
  const low: Interval[] = [];
  const high: Interval[] = [];
  let left = size;
  for (const { first, last } of set) {
    const end = first + left < last + 1n ? first + left : last + 1n;
    if (end > first) low.push({ first, last: end - 1n });
    if (end <= last) high.push({ first: end, last });
    left -= end - first;
  }
  return [low, high];
}

/** Whether a pool has nothing for whoever asks, who may keep what it holds, and have back what rests for it. */
export function isFullFor({ held, rests }: UsageDetail, quest: Quest): boolean {
  const { pool, own, asker, reserved } = quest;
  const { allowed } = pool.range;
  const ownRests = rests.filter(({ owner }) => owner === asker.owner).map(({ value }) => value);
  const spare = new Set([...own, ...ownRests].filter((value) => setContains(allowed, value)));
  const taken = new Set(reserved.filter((value) => setContains(allowed, value)));
  const free = setSize(allowed) - held - BigInt(rests.length);
  // What is spare and reserved at once is counted twice: once as kept, once as taken.
  return free + BigInt(spare.size) <= BigInt(taken.size);
}

/** All pools that were ever claimed from, in the order of network and range. */
export async function recordedPools(context: Context): Promise<readonly Pool[]> {
  const { pools } = context.keys;
  const { results } = await readAll(context, [getSpan(spanOf(pools))]);
  return (results[0]?.entries ?? []).map((entry) => poolOf(entry, pools)).toSorted(comparePools);
}

async function countPool(context: Context, pool: Pool, nowMs: number): Promise<UsageDetail> {
  const { allowed } = pool.range;
  let held = 0n;
  const rests: (Rest & { value: bigint })[] = [];
  for (let start = 0; start < allowed.length; start += BATCH) {
    const batch = allowed.slice(start, start + BATCH);
    const operations = batch.flatMap((interval) => usageOperations(context, pool, interval));
    const { results } = await readAll(context, operations);
    for (const [index, interval] of batch.entries()) {
      const found = results.slice(COUNT_OPERATIONS * index, COUNT_OPERATIONS * (index + 1));
      const counted =
        usageOfCounts(context, pool, found, nowMs) ??
        (await readPool(context, pool, interval, nowMs));
      held += counted.held;
      rests.push(...counted.rests);
    }
  }
  return { held, rests };
}

function usageOperations(
  { keys }: Context,
  { network, overlapping, range }: Pool,
  interval: Interval,
) {
  const of = { network, overlapping, cidr: range.cidr };
  const span = (kind: "address" | "rest", on: boolean) =>
    keys.span(kind, network, { ...of, overlapping: on }, interval);
  return [
    countSpan(span("address", true)),
    countSpan(span("address", false)),
    getSpan(span("rest", true)),
    getSpan(span("rest", false)),
  ];
}

/** What counts tell; undefined where they do not. */
function usageOfCounts(
  { keys }: Context,
  pool: Pool,
  found: readonly Found[],
  nowMs: number,
): UsageDetail | undefined {
  const counts = parseCounts(found);
  if (!areExact(counts, domainsOf(pool))) return undefined;
  const entries = found.slice(2).flatMap((rests) => rests.entries);
  const rests = entries.flatMap(({ key, value }) => {
    const at = keys.parseAddress(keys.addressOfRest(key));
    const occupant = tryParseOccupant(value);
    const isRest = at !== undefined && occupant?.kind === "resting";
    return isRest ? [{ ...occupant, value: at.address.value }] : [];
  });
  // A damaged one was counted, and says nothing.
  if (rests.length < entries.length) return undefined;
  const held = BigInt(counts.on + counts.off - counts.onRests - counts.offRests);
  return { held, rests: rests.filter((rest) => restEndMs(rest, nowMs) > nowMs) };
}

/** Reads a whole pool. */
async function readAllOf(context: Context, pool: Pool, nowMs: number): Promise<UsageDetail> {
  const read: UsageDetail[] = [];
  for (const interval of pool.range.allowed)
    read.push(await readPool(context, pool, interval, nowMs));
  const held = read.reduce((sum, one) => sum + one.held, 0n);
  return { held, rests: read.flatMap(({ rests }) => rests) };
}

/** Reads what counts do not tell. */
async function readPool(
  context: Context,
  pool: Pool,
  interval: Interval,
  nowMs: number,
): Promise<UsageDetail> {
  const { keys } = context;
  const { network, overlapping, range } = pool;
  const of = { network, overlapping, cidr: range.cidr };
  const [on, off] = [
    await readSpan(context, keys.span("address", network, { ...of, overlapping: true }, interval)),
    await readSpan(context, keys.span("address", network, { ...of, overlapping: false }, interval)),
  ];
  const view = parseView(keys, interval, [on, off]);
  let held = 0n;
  const rests: (Rest & { value: bigint })[] = [];
  for (const value of new Set([...view.on.keys(), ...view.off.keys()])) {
    const occupants = occupantsAt(view, holdingAt(pool, value));
    const [first, ...more] = occupants.flatMap((occupant) =>
      occupant.kind === "resting" && restEndMs(occupant, nowMs) > nowMs ? [occupant] : [],
    );
    if (occupants.some(({ kind }) => kind === "held")) held++;
    // Free when the last of them is.
    else if (first !== undefined)
      rests.push({ ...more.reduce((a, b) => (b.untilMs > a.untilMs ? b : a), first), value });
  }
  return { held, rests };
}

/** Reads a whole span, page by page. */
async function readSpan(context: Context, span: Span): Promise<Found> {
  const entries: KeyValue[] = [];
  let { first } = span;
  for (;;) {
    const { results } = await readAll(context, [getSpan({ ...span, first }, { limit: PAGE })]);
    const page = results[0]?.entries ?? [];
    entries.push(...page);
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE)
      return { kind: "found", entries, count: entries.length };
    first = `${last.key}\0`;
  }
}
