/**
 * What old lists demand of a transaction (docs/decisions/0007). A range is *mixed* where its list exists and is not
 * marked as finished: then its lock is held, and the list is written in the same transaction. Otherwise the
 * transaction makes sure that it is not.
 */
import { equalAddresses } from "../../../core/address.ts";
import type { Holding } from "../../../core/allocation.ts";
import type { Cidr } from "../../../core/cidr.ts";
import { equalCidrs, tryParseInterface } from "../../../core/cidr.ts";
import { WhereaboutsError } from "../../../core/error.ts";
import type { Context } from "../context.ts";
import { readAll } from "../context.ts";
import type { Comparison, Found, KeyValue, Operation, Span } from "../gateway.ts";
import { createdAt, exists, get, getKey, isEmptySpan, putText, writtenAt } from "../gateway.ts";
import type { ListLine, ListPlace } from "./legacy-list.ts";
import { closingKey, editedList, linesOf, listPlaces } from "./legacy-list.ts";
import type { HeldMutexes } from "./mutex.ts";
import { takeMutexes } from "./mutex.ts";

/** `off` never looks; `mixed` makes lists where there are none; undefined: as the lists say. */
export type LegacyMode = "mixed" | "off" | undefined;

/** A range, as far as old data are about it. */
export interface LegacyRange {
  readonly cidr: Cidr;
  readonly written?: string | undefined;
}

/** The ranges of what is held, with their names as they were written. */
export function heldRanges(
  holdings: readonly Holding[],
  written: readonly string[],
): readonly LegacyRange[] {
  const named = written.flatMap((text) => {
    const cidr = tryParseInterface(text, { leadingZeros: true })?.cidr;
    return cidr === undefined ? [] : [{ cidr, written: text }];
  });
  return holdings.flatMap(({ cidr }): LegacyRange[] => [
    { cidr },
    ...named.filter((range) => equalCidrs(range.cidr, cidr)),
  ]);
}

/** What is known of a list; `absent` is what is supposed before anything was read. */
type ListState =
  | { readonly kind: "absent" }
  | { readonly kind: "finished" }
  | { readonly kind: "mixed"; readonly list: KeyValue | undefined };

/** What a look at the keys alone tells of a list. */
export type ListKnowledge = ListState["kind"];

/** A change of who holds what. */
export interface Change {
  readonly released: readonly Holding[];
  readonly held: readonly Holding[];
  readonly containerId: string;
}

interface GuardedList {
  readonly place: ListPlace;
  readonly cidr: Cidr;
  state: ListState;
}

/** How long a claim waits between two looks at a list that is being finished, in milliseconds. */
const PATIENCE_MS = 100;

/** Of so many lists each is asked for; of more only whether there is any at all, until it turns out that there is. */
export const MOST_LISTS = 24;
/** Where all lists are: masked ones, and those of April 2019, which begin with a digit. */
const NO_LISTS: readonly Span[] = [
  { first: "/whereabouts/", end: "/whereabouts0" },
  { first: "/0", end: "/:" },
];

/** The guard of one claim or release. */
export class LegacyGuard {
  readonly #context: Context;
  readonly #mode: LegacyMode;
  readonly #lists: readonly GuardedList[];
  #mutexes: HeldMutexes | undefined;
  readonly #locked = new Set<string>();
  #isLearnt = false;

  private constructor(context: Context, ranges: readonly LegacyRange[]) {
    this.#context = context;
    this.#mode = context.legacy;
    this.#lists = context.legacy === "off" ? [] : distinctLists(context, ranges);
  }

  /**
   * The guard of some ranges. `known` are lists of which something was read before, by key; where lists are to be
   * made by hand it begins with their locks.
   */
  static async open(
    context: Context,
    ranges: readonly LegacyRange[],
    known: ReadonlyMap<string, ListKnowledge>,
  ): Promise<LegacyGuard> {
    const guard = new LegacyGuard(context, ranges);
    let isMixed = context.legacy === "mixed";
    for (const list of guard.#lists) {
      const knowledge = known.get(list.place.key);
      if (knowledge === "finished") list.state = { kind: "finished" };
      isMixed ||= knowledge === "mixed";
    }
    if (isMixed) await guard.learn();
    return guard;
  }

  /** Whether any list is written along: then as few addresses as possible are tried at once. */
  get isMixed(): boolean {
    return this.#lists.some(({ state }) => state.kind === "mixed");
  }

  /** What must be true of the lists. */
  compare(): readonly Comparison[] {
    const { keys } = this.#context;
    if (this.#lists.length > MOST_LISTS && !this.#isLearnt) return NO_LISTS.map(isEmptySpan);
    const lists = this.#lists.map(({ place, state }) => {
      switch (state.kind) {
        case "absent":
          return createdAt(place.key, 0);
        case "finished":
          return exists(keys.finished(place.key));
        case "mixed":
          return writtenAt(place.key, state.list?.modRevision ?? 0);
      }
    });
    return [...lists, ...(this.#mutexes?.compare ?? [])];
  }

  /** Addresses of a range that its lists give to others than those who hold them here. */
  blockedIn(cidr: Cidr, own: readonly Holding[]): ReadonlySet<bigint> {
    const blocked = new Set<bigint>();
    for (const line of this.#linesOf(cidr)) {
      const isOwn = own.some(({ address }) => equalAddresses(address, line.address));
      if (!isOwn) blocked.add(line.address.value);
    }
    return blocked;
  }

  #linesOf(cidr: Cidr): readonly ListLine[] {
    return this.#lists
      .filter((list) => equalCidrs(list.cidr, cidr))
      .flatMap(({ state }) => (state.kind === "mixed" ? linesOf(state.list?.value ?? "") : []))
      .filter(({ address }) => address.family === cidr.family);
  }

  /** Writes lists as a change demands. */
  writes({ released, held, containerId }: Change): readonly Operation[] {
    return this.#lists.flatMap(({ place, cidr, state }) => {
      if (state.kind !== "mixed") return [];
      const mine = held.filter((holding) => equalCidrs(holding.cidr, cidr));
      const gone = [...released, ...held].filter((holding) => equalCidrs(holding.cidr, cidr));
      if (gone.length === 0) return [];
      const before = state.list?.value ?? "";
      const after = editedList(
        before,
        place.layout,
        (line) => gone.some(({ address }) => equalAddresses(address, line.address)),
        mine.map(({ address }) => ({ address, containerId })),
      );
      return after === before && state.list !== undefined ? [] : [putText(place.key, after)];
    });
  }

  /**
   * Reads how the lists are now, and takes the locks of those that are mixed. Throws `try-later` where a lock is
   * not to be had in time.
   */
  async learn(): Promise<void> {
    this.#isLearnt = true;
    for (;;) {
      const states = await this.#read();
      const mixed = this.#lists.filter((_, index) => states[index]?.kind === "mixed");
      if (mixed.every(({ place }) => this.#locked.has(place.mutex))) {
        for (const [index, list] of this.#lists.entries()) list.state = states[index] ?? list.state;
        if (mixed.length === 0) await this.close();
        return;
      }
      await this.close();
      if (await this.#isClosing(mixed)) {
        if (await this.#context.client.rest(PATIENCE_MS)) continue;
        throw new WhereaboutsError(
          "try-later",
          `The list ${mixed[0]?.place.key} of the old whereabouts is being closed or opened by "whereabouts import etcd"; until that is done, nothing of its range is allocated or freed`,
        );
      }
      const names = mixed.map(({ place }) => place.mutex);
      this.#mutexes = await takeMutexes(this.#context, names);
      for (const name of names) this.#locked.add(name);
    }
  }

  /** The line that gives an address to others, if there is one. */
  lineAt({ address, cidr }: Holding): ListLine | undefined {
    return this.#linesOf(cidr).find((line) => equalAddresses(line.address, address));
  }

  /** Gives the locks back. */
  async close(): Promise<void> {
    const mutexes = this.#mutexes;
    this.#mutexes = undefined;
    this.#locked.clear();
    await mutexes?.release();
  }

  async #read(): Promise<readonly ListState[]> {
    const { keys } = this.#context;
    const lists = this.#lists;
    if (lists.length === 0) return [];
    // Whole lists only under their locks: without, whether there is one is enough.
    const read = this.#mutexes === undefined ? getKey : get;
    const { results } = await readAll(
      this.#context,
      lists.flatMap(({ place }) => [read(place.key), getKey(keys.finished(place.key))]),
    );
    return lists.map(({ place }, index) =>
      stateOf(place, this.#mode, results.slice(2 * index, 2 * index + 2)),
    );
  }

  /** Whether somebody is about to finish a list: it is locked for good, and not marked yet. */
  async #isClosing(lists: readonly GuardedList[]): Promise<boolean> {
    const { results } = await readAll(
      this.#context,
      lists.map(({ place }) => getKey(closingKey(place))),
    );
    return results.some(({ entries }) => entries.length > 0);
  }
}

function stateOf(place: ListPlace, mode: LegacyMode, [list, marker]: readonly Found[]): ListState {
  if ((marker?.entries.length ?? 0) > 0) return { kind: "finished" };
  const [entry] = list?.entries ?? [];
  if (entry !== undefined) return { kind: "mixed", list: entry };
  const isMade = mode === "mixed" && place.layout === "masked";
  return isMade ? { kind: "mixed", list: undefined } : { kind: "absent" };
}

/** What keys of a list and of its marker tell. */
export function knowledgeOf(
  mode: LegacyMode,
  place: ListPlace,
  found: readonly Found[],
): ListKnowledge {
  return stateOf(place, mode, found).kind;
}

/** The lists that ranges may have. */
export function placesOf(context: Context, ranges: readonly LegacyRange[]): readonly ListPlace[] {
  return context.legacy === "off" ? [] : distinctLists(context, ranges).map(({ place }) => place);
}

function distinctLists(context: Context, ranges: readonly LegacyRange[]): readonly GuardedList[] {
  const lists = new Map<string, GuardedList>();
  for (const { cidr, written } of ranges) {
    for (const place of listPlaces(cidr, written)) {
      // The version that named ranges as written knew no users.
      if (place.layout === "written" && context.hasUsers) continue;
      lists.set(place.key, { place, cidr, state: { kind: "absent" } });
    }
  }
  return [...lists.values()];
}
