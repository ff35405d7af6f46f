/** The lowest free addresses of a pool: narrow reads first, then counts over ever wider spans that are all held. */
import type { Holding } from "../../core/allocation.ts";
import type { Interval } from "../../core/interval-set.ts";
import type { Pool } from "../store.ts";
import type { Context } from "./context.ts";
import { readAll } from "./context.ts";
import { areAllHeld, countOperations, parseCounts } from "./counting.ts";
import { restartRests } from "./rests.ts";
import type { Asker, Standing, View } from "./view.ts";
import { futureRests, parseView, standingOf, viewOperations } from "./view.ts";

/** What is looked for, and by whom. */
export interface Quest {
  readonly pool: Pool;
  readonly asker: Asker;
  /** Addresses that count as free whoever seems to hold them: the asker's own. */
  readonly own: readonly bigint[];
  /** Addresses that the same claim takes already. */
  readonly reserved: readonly bigint[];
  /** Addresses that old lists give to others. */
  readonly blocked: ReadonlySet<bigint>;
}

/** A free address. */
export interface Candidate {
  readonly holding: Holding;
  readonly standing: Standing & { readonly kind: "free" };
}

/** What a search came upon. */
export interface Finds {
  /** Lowest first; empty if all was searched. */
  readonly candidates: readonly Candidate[];
  /** What was seen held on the way. */
  readonly held: readonly Interval[];
}

const FIRST_PIECE = 256n;
/** Wider pieces are counted, not read. */
const WIDEST_VIEW = 1024n;

/** The holding that an address of a pool makes. */
export function holdingAt({ overlapping, range: { cidr } }: Pool, value: bigint): Holding {
  return { address: { family: cidr.family, value }, cidr, overlapping };
}

/** What of the pool's addresses a view shows to be free, at most `most`, and what it shows to be held. */
export function findsIn(
  { keys }: Pick<Context, "keys">,
  quest: Quest,
  view: View,
  intervals: Iterable<Interval>,
  most: number,
): Finds {
  const candidates: Candidate[] = [];
  const held: { first: bigint; last: bigint }[] = [];
  for (const { first, last } of intervals) {
    const end = last < view.last ? last : view.last;
    for (let value = first > view.first ? first : view.first; value <= end; value++) {
      if (candidates.length >= most) return { candidates, held };
      const holding = holdingAt(quest.pool, value);
      const standing = standingOf(keys, view, holding, quest.pool.network, quest.asker);
      if (standing.kind === "free") {
        if (!quest.reserved.includes(value) && !quest.blocked.has(value))
          candidates.push({ holding, standing });
      } else if (standing.kind === "held") {
        const before = held.at(-1);
        if (before?.last === value - 1n) before.last = value;
        else held.push({ first: value, last: value });
      }
    }
  }
  return { candidates, held };
}

/** Searches intervals of a pool, sorted and allowed, for its lowest free addresses. */
export async function searchFree(
  context: Context,
  quest: Quest,
  intervals: readonly Interval[],
  most: number,
): Promise<Finds> {
  const held: Interval[] = [];
  for (const { first, last } of intervals) {
    let next = first;
    let size = FIRST_PIECE;
    while (next <= last) {
      const piece = { first: next, last: next + size - 1n < last ? next + size - 1n : last };
      if (piece.last - piece.first < WIDEST_VIEW) {
        const view = await readView(context, quest, piece);
        const finds = findsIn(context, quest, view, [piece], most);
        held.push(...finds.held);
        if (finds.candidates.length > 0) return { candidates: finds.candidates, held };
      } else if (!(await isFull(context, quest, piece))) {
        size = size / 8n > WIDEST_VIEW ? size / 8n : WIDEST_VIEW;
        continue;
      } else {
        held.push(piece);
      }
      next = piece.last + 1n;
      size *= 4n;
    }
  }
  return { candidates: [], held };
}

async function isFull(context: Context, { pool, own }: Quest, piece: Interval): Promise<boolean> {
  if (own.some((value) => value >= piece.first && value <= piece.last)) return false;
  const of = domainsOf(pool);
  const { results } = await readAll(context, countOperations(context.keys, of, piece));
  return areAllHeld(parseCounts(results), piece, of);
}

/** Reads an interval; rests that a clock put into the future begin anew first. */
async function readView(context: Context, { pool, asker }: Quest, piece: Interval): Promise<View> {
  const { keys } = context;
  for (;;) {
    const { results } = await readAll(context, viewOperations(keys, domainsOf(pool), piece));
    const [on, off] = results;
    if (on === undefined || off === undefined) continue;
    const view = parseView(keys, piece, [on, off]);
    const future = futureRests(view, asker.nowMs);
    if (future.length === 0) return view;
    await restartRests(context, future, asker.nowMs);
  }
}

/** Where a pool's addresses are unique. */
export function domainsOf({ network, overlapping, range: { cidr } }: Pool) {
  return { network, overlapping, cidr };
}
