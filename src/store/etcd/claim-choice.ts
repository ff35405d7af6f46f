/** Which addresses a claim tries: what its wants ask for, as far as is known of what stands there. */
import type { Allocation, Holding, Owner } from "../../core/allocation.ts";
import type { Cidr } from "../../core/cidr.ts";
import { equalCidrs } from "../../core/cidr.ts";
import { conflicting, equalHoldings, excludeEachOther } from "../../core/domain.ts";
import type { Interval } from "../../core/interval-set.ts";
import type { Claim, Pool, Want } from "../store.ts";
import { poolOfWant } from "../pool-of-want.ts";
import type { Context } from "./context.ts";
import type { Hint } from "./hint.ts";
import { freshHint, mayBeFree, parseHint, restsBelow } from "./hint.ts";
import { ownerPart } from "./keys.ts";
import type { LegacyGuard } from "./legacy/legacy-guard.ts";
import type { ListLine } from "./legacy/legacy-list.ts";
import type { Candidate, Finds, Quest } from "./search.ts";
import { domainsOf, findsIn, searchFree } from "./search.ts";
import type { Asker, Occupied, Standing, View } from "./view.ts";
import { blindView, standingOf } from "./view.ts";
import type { OwnerState } from "./owner-state.ts";

/** A want with what is known about where it may go. */
export interface Slot {
  readonly want: Want;
  readonly pool: Pool | undefined;
  /** Undefined for an exact want of no configured range. */
  readonly hint: Hint | undefined;
  /** What was read; undefined if nothing was. */
  readonly view: View | undefined;
}

/** One address for each want. */
export type Choice =
  | {
      readonly kind: "chosen";
      readonly vector: readonly Candidate[];
      /** For each want, what was seen held. */
      readonly held: readonly (readonly Interval[])[];
      /** For each want, from where on another address may serve it. */
      readonly from: readonly bigint[];
    }
  | { readonly kind: "taken"; readonly want: number; readonly standing: Standing | undefined }
  /** An old list gives the address to somebody. */
  | { readonly kind: "listed"; readonly want: number; readonly line: ListLine }
  | { readonly kind: "exhausted"; readonly want: number; readonly quest: Quest };

/** Among so many free addresses one is chosen at random where others were faster, and among twice as many after each more. */
const SPREAD = 32;
const WIDEST_SPREAD = 1024;

/** The wants of a claim with the hints of their pools; those that are not trusted begin anew. */
export function slotsOf(
  { keys, now }: Context,
  { owner, wants }: Claim,
  state: OwnerState,
  views: readonly (View | undefined)[],
  trusted: boolean,
): readonly Slot[] {
  return wants.map((want, index) => {
    const pool = poolOfWant(owner.network, want);
    const entry = pool === undefined ? undefined : state.hints.get(keys.hint(pool));
    const hint =
      pool === undefined
        ? undefined
        : entry === undefined || !trusted
          ? freshHint(pool.range, now())
          : parseHint(entry.value, pool.range);
    return { want, pool, hint, view: views[index] };
  });
}

/** What an owner holds in the domains of a prefix, as a blind view knows it. */
function ownView(
  { keys }: Context,
  owner: Owner,
  current: Allocation | undefined,
  cidr: Cidr,
  interval: Interval,
): View {
  const [on, off] = [new Map<bigint, Occupied>(), new Map<bigint, Occupied>()];
  for (const holding of current?.holdings ?? []) {
    if (holding.address.family !== cidr.family) continue;
    if (!holding.overlapping && !equalCidrs(holding.cidr, cidr)) continue;
    const occupant = { kind: "held", owner: ownerPart(owner), cidr: holding.cidr } as const;
    const occupied = { key: keys.address(owner.network, holding), modRevision: 0, occupant };
    (holding.overlapping ? on : off).set(holding.address.value, occupied);
  }
  return { ...blindView(interval), on, off };
}

/** What is known while addresses are chosen. */
interface Choosing {
  readonly context: Context;
  readonly owner: Owner;
  readonly current: Allocation | undefined;
  readonly asker: Asker;
  readonly guard: LegacyGuard;
  /** How often others were faster. */
  readonly contentions: number;
  /** Whether hints are believed. */
  readonly trusted: boolean;
}

/** Chooses for all wants, exact ones first. */
export async function choose(
  context: Context,
  { owner }: Claim,
  current: Allocation | undefined,
  slots: readonly Slot[],
  attempt: { readonly contentions: number; readonly trusted: boolean; readonly guard: LegacyGuard },
): Promise<Choice> {
  const asker: Asker = { owner: ownerPart(owner), nowMs: context.now() };
  const choosing: Choosing = { context, owner, current, asker, ...attempt };
  const vector: (Candidate | undefined)[] = slots.map(() => undefined);
  const chosen = (): Holding[] => vector.flatMap((candidate) => candidate?.holding ?? []);
  for (const [index, { want, view }] of slots.entries()) {
    if (want.kind !== "exact") continue;
    const candidate = exactCandidate(choosing, want.holding, view, chosen());
    if ("kind" in candidate) return { ...candidate, want: index };
    vector[index] = candidate;
  }
  const held: (readonly Interval[])[] = slots.map(() => []);
  const from = slots.map(() => 0n);
  for (const [index, slot] of slots.entries()) {
    const { want, pool } = slot;
    if (want.kind !== "lowest" || pool === undefined) continue;
    const quest = questFor(choosing, pool, chosen());
    const finds = await findFor(choosing, quest, slot);
    const [candidate] = finds.candidates;
    held[index] = finds.held;
    if (candidate === undefined) return { kind: "exhausted", want: index, quest };
    vector[index] = candidate;
    from[index] = lowestOf([candidate.holding.address.value, ...quest.reserved], pool);
  }
  const complete = vector.flatMap((candidate) => candidate ?? []);
  return { kind: "chosen", vector: complete, held, from };
}

/** The address that is wanted, or why it cannot be had. */
function exactCandidate(
  { context, owner, current, asker, guard }: Choosing,
  holding: Holding,
  view: View | undefined,
  chosen: readonly Holding[],
):
  | Candidate
  | { readonly kind: "taken"; readonly standing: Standing | undefined }
  | { readonly kind: "listed"; readonly line: ListLine } {
  const { value } = holding.address;
  const blind = ownView(context, owner, current, holding.cidr, { first: value, last: value });
  const standing = standingOf(context.keys, view ?? blind, holding, owner.network, asker);
  if (standing.kind !== "free") return { kind: "taken", standing };
  const isOwn = current?.holdings.some((other) => equalHoldings(other, holding)) === true;
  const line = isOwn ? undefined : guard.lineAt(holding);
  if (line !== undefined) return { kind: "listed", line };
  if (chosen.some((other) => conflicting(other, holding)))
    return { kind: "taken", standing: undefined };
  return { holding, standing };
}

function questFor(
  { current, asker, guard }: Choosing,
  pool: Pool,
  chosen: readonly Holding[],
): Quest {
  const own = current?.holdings ?? [];
  return {
    pool,
    asker,
    own: valuesOf(
      pool,
      own.filter((holding) => excludeEachOther(holding, domainsOf(pool))),
    ),
    reserved: valuesOf(pool, chosen),
    blocked: guard.blockedIn(pool.range.cidr, own),
  };
}

/** The lowest of an address of a pool and what the same claim takes of its range, which it may leave to others yet. */
function lowestOf(values: readonly bigint[], { range: { first, last } }: Pool): bigint {
  const inside = values.filter((value) => value >= first && value <= last);
  return inside.reduce((a, b) => (a < b ? a : b));
}

/** Which values of a pool's family are among holdings. */
function valuesOf({ range }: Pool, holdings: readonly Holding[]): readonly bigint[] {
  return holdings
    .filter(({ address }) => address.family === range.cidr.family)
    .map(({ address }) => address.value);
}

/** Free addresses for one want: without conflict the lowest, else out of a window that grows with each. */
async function findFor(
  { context, owner, current, contentions, trusted }: Choosing,
  quest: Quest,
  { pool, hint, view }: Slot,
): Promise<Finds> {
  if (pool === undefined || hint === undefined) return { candidates: [], held: [] };
  const { cidr, allowed } = pool.range;
  const { nowMs } = quest.asker;
  const blind = ownView(context, owner, current, cidr, pool.range);
  const intervals = trusted
    ? withOwn([...mayBeFree(hint, allowed, nowMs)], quest.own, allowed)
    : allowed;
  if (view === undefined && trusted) {
    const { candidates } = findsIn(context, quest, blind, intervals, 1);
    // What rests below may be the asker's own, or free by now.
    const sure = candidates.filter(
      ({ holding }) => !restsBelow(hint, holding.address.value, nowMs),
    );
    const mustLook = sure.length === 0 && restsBelow(hint, undefined, nowMs);
    if (!mustLook) return { candidates: sure, held: [] };
  }
  const known = trusted
    ? withOwn([...mayBeFree(hint, allowed, Infinity)], quest.own, allowed)
    : allowed;
  const wanted = contentions === 0 ? 1 : Math.min(SPREAD << (contentions - 1), WIDEST_SPREAD);
  const seen = view ?? { ...blind, last: blind.first - 1n };
  const finds = findsIn(context, quest, seen, known, wanted);
  if (finds.candidates.length > 0) return spread(finds);
  const more = await searchFree(context, quest, laterThan(known, seen), wanted);
  return spread({ candidates: more.candidates, held: [...finds.held, ...more.held] });
}

/** Any one of the found: where more than one was looked for, others want the same. */
function spread({ candidates, held }: Finds): Finds {
  const candidate = candidates[Math.floor(Math.random() * candidates.length)];
  return { candidates: candidate === undefined ? [] : [candidate], held };
}

/** What of the intervals lies above a view. */
function laterThan(intervals: readonly Interval[], { last }: View): readonly Interval[] {
  return intervals.flatMap((interval) => {
    if (interval.last <= last) return [];
    return [interval.first > last ? interval : { ...interval, first: last + 1n }];
  });
}

/** Intervals with what the asker holds in them, for it may keep that. */
function withOwn(
  intervals: readonly Interval[],
  own: readonly bigint[],
  allowed: readonly Interval[],
): readonly Interval[] {
  let result = intervals;
  for (const value of own) {
    const isIn = ({ first, last }: Interval): boolean => value >= first && value <= last;
    if (!allowed.some(isIn) || result.some(isIn)) continue;
    result = [...result, { first: value, last: value }].toSorted((a, b) =>
      a.first < b.first ? -1 : 1,
    );
  }
  return result;
}
