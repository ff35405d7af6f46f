/** The lowest free addresses of a pool: narrow reads first, then counts over ever wider spans that are all held. */
import type { Holding } from "../../core/allocation.ts";
import type { Interval } from "../../core/interval-set.ts";
import type { Pool } from "../store.ts";
import type { Context } from "./context.ts";
import { readAll } from "./context.ts";
import { areAllHeld, countOperations, parseCounts } from "./counting.ts";
import { restartRests } from "./rests.ts";
import type { Asker, Standing, View } from "./view.ts";
import { blindView, futureRests, parseView, standingOf, viewOperations } from "./view.ts";

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
/** So many pieces are read in one request. */
const MOST_PIECES = 32;
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
  const { head, rest } = split(intervals);
  const views = head.length === 0 ? [] : await readViews(context, quest, head);
  const candidates: Candidate[] = [];
  for (const view of views) {
    const finds = findsIn(context, quest, view, [view], most - candidates.length);
    held.push(...finds.held);
    candidates.push(...finds.candidates);
  }
  if (candidates.length > 0) return { candidates, held };
  for (const { first, last } of rest) {
    let next = first;
    let size = FIRST_PIECE;
    while (next <= last) {
      const piece = { first: next, last: next + size - 1n < last ? next + size - 1n : last };
      if (piece.last - piece.first < WIDEST_VIEW) {
        const [view] = await readViews(context, quest, [piece]);
        const finds = findsIn(context, quest, view ?? blindView(piece), [piece], most);
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

/** The first addresses of intervals, few enough to be read in one request, and what is left. */
function split(intervals: readonly Interval[]): {
  readonly head: readonly Interval[];
  readonly rest: readonly Interval[];
} {
  const head: Interval[] = [];
  let room = FIRST_PIECE;
  for (const [index, { first, last }] of intervals.entries()) {
    if (room <= 0n || head.length === MOST_PIECES) return { head, rest: intervals.slice(index) };
    const end = first + room - 1n < last ? first + room - 1n : last;
    head.push({ first, last: end });
    room -= end - first + 1n;
    if (end < last)
      return { head, rest: [{ first: end + 1n, last }, ...intervals.slice(index + 1)] };
  }
  return { head, rest: [] };
}

async function isFull(context: Context, { pool, own }: Quest, piece: Interval): Promise<boolean> {
  if (own.some((value) => value >= piece.first && value <= piece.last)) return false;
  const of = domainsOf(pool);
  const { results } = await readAll(context, countOperations(context.keys, of, piece));
  return areAllHeld(parseCounts(results), piece, of);
}

/** Reads intervals; rests that a clock put into the future begin anew first. */
async function readViews(
  context: Context,
  { pool, asker }: Quest,
  pieces: readonly Interval[],
): Promise<readonly View[]> {
  const { keys } = context;
  const of = domainsOf(pool);
  for (;;) {
    const { results } = await readAll(
      context,
      pieces.flatMap((piece) => viewOperations(keys, of, piece)),
    );
    const views = pieces.map((piece, index) => {
      const [on, off] = results.slice(2 * index, 2 * index + 2);
      return on === undefined || off === undefined
        ? blindView(piece)
        : parseView(keys, piece, [on, off]);
    });
    const future = views.flatMap((view) => futureRests(view, asker.nowMs));
    if (future.length === 0) return views;
    await restartRests(context, future, asker.nowMs);
  }
}

/** Where a pool's addresses are unique. */
export function domainsOf({ network, overlapping, range: { cidr } }: Pool) {
  return { network, overlapping, cidr };
}
