/**
 * What a container holds by old data: a line of a list, or a record that was imported from one. Neither knows the
 * interface, so that more than one address is only told apart by `prevResult`.
 */
import type { Address } from "../../../core/address.ts";
import { equalAddresses, formatAddress } from "../../../core/address.ts";
import type { Allocation, Confirmation, Holding, Owner } from "../../../core/allocation.ts";
import { cidrContains } from "../../../core/cidr.ts";
import type { Traces } from "../../store.ts";
import type { Context } from "../context.ts";
import { readAll } from "../context.ts";
import type { Found, KeyValue, Operation } from "../gateway.ts";
import { get, getKey, put, remove, writtenAt } from "../gateway.ts";
import { allocationOf, allocationText, heldText, writtenOf } from "../records.ts";
import type { ListKnowledge } from "./legacy-guard.ts";
import { LegacyGuard, MOST_LISTS, heldRanges, knowledgeOf, placesOf } from "./legacy-guard.ts";
import type { ListPlace } from "./legacy-list.ts";
import { linesOf } from "./legacy-list.ts";

/** What an owner may take over. */
export interface Adoptable {
  /** As an allocation of that owner, which it becomes; its sequence is that of what it was read from. */
  readonly allocation: Allocation;
  /** The imported record; undefined: lines of lists. */
  readonly imported: KeyValue | undefined;
  /** Prefixes as they were written, by which the lists may be called. */
  readonly written: readonly string[];
}

/** What a look at old data showed. */
export interface LegacyKnowledge {
  readonly adoptable: Adoptable | undefined;
  /** By the key of the list. */
  readonly lists: ReadonlyMap<string, ListKnowledge>;
}

/** The owner of an imported record: a container whose node, interface and pod are unknown. */
export function importedOwner(network: string, containerId: string): Owner {
  return { network, node: "", interfaceName: "", pod: containerId };
}

/** What an imported record says beside its addresses. */
export function importedConfirmation(containerId: string, nowMs: number): Confirmation {
  const confirmedAt = new Date(nowMs).toISOString();
  return { containerId, attempt: "", confirmedAt, reuseDelaySeconds: 0 };
}

/** Reads what {@link parseLegacy} understands. */
export function legacyOperations(
  context: Context,
  owner: Owner,
  { containerId, ranges }: Traces,
): readonly Operation[] {
  const { keys } = context;
  const places = lookedAt(context, ranges);
  const lists = places.flatMap(({ key }) => [getKey(key), getKey(keys.finished(key))]);
  return [get(keys.owner(importedOwner(owner.network, containerId))), ...lists];
}

/** The lists that are looked at beforehand: none where they are many, as the claim will tell. */
function lookedAt(context: Context, ranges: Traces["ranges"]): readonly ListPlace[] {
  const places = placesOf(context, ranges);
  return places.length > MOST_LISTS ? [] : places;
}

/** What old data say, where an owner has no record of its own (`current`). */
export async function parseLegacy(
  context: Context,
  owner: Owner,
  traces: Traces,
  found: readonly Found[],
  current: Allocation | undefined,
): Promise<LegacyKnowledge> {
  const places = lookedAt(context, traces.ranges);
  const lists = new Map(
    places.map(({ key, ...place }, index): [string, ListKnowledge] => {
      const read = found.slice(1 + 2 * index, 3 + 2 * index);
      return [key, knowledgeOf(context.legacy, { key, ...place }, read)];
    }),
  );
  if (current !== undefined) return { adoptable: undefined, lists };
  const [entry] = found[0]?.entries ?? [];
  if (entry !== undefined) {
    const record = allocationOf(owner, entry);
    const holdings = pick(context, record.holdings, traces);
    const allocation = { ...record, holdings };
    const adoptable = { allocation, imported: entry, written: writtenOf(entry) };
    return { adoptable: holdings.length > 0 ? adoptable : undefined, lists };
  }
  const isMixed = [...lists.values()].includes("mixed");
  const adoptable = isMixed ? await findLines(context, owner, traces, lists) : undefined;
  return { adoptable, lists };
}

/** Lines of the container for which nobody has a record. */
async function findLines(
  context: Context,
  owner: Owner,
  traces: Traces,
  lists: ReadonlyMap<string, ListKnowledge>,
): Promise<Adoptable | undefined> {
  const { keys } = context;
  const mixed = traces.ranges.flatMap((range) =>
    placesOf(context, [range])
      .filter(({ key }) => lists.get(key) === "mixed")
      .map(({ key }) => ({ key, range })),
  );
  const { results } = await readAll(
    context,
    mixed.map(({ key }) => get(key)),
  );
  let sequence = 0;
  const holdings = mixed.flatMap(({ range }, index) => {
    const [entry] = results[index]?.entries ?? [];
    if (entry === undefined) return [];
    sequence = Math.max(sequence, entry.modRevision);
    return linesOf(entry.value)
      .filter((line) => line.containerId === traces.containerId)
      .map(({ address }): Holding => ({ address, cidr: range.cidr, overlapping: true }));
  });
  if (holdings.length === 0) return undefined;
  const own = await readAll(
    context,
    holdings.map((holding) => get(keys.address(owner.network, holding))),
  );
  const unknown = holdings.filter((_, index) => own.results[index]?.entries.length === 0);
  const picked = pick(context, unknown, traces);
  if (picked.length === 0) return undefined;
  const confirmation = importedConfirmation(traces.containerId, context.now());
  return {
    allocation: { ...confirmation, owner, holdings: picked, sequence },
    imported: undefined,
    written: traces.ranges.flatMap(({ written }) => written ?? []),
  };
}

/** What `prevResult` names, else the only one in the configured ranges; else it is reported, and stays. */
function pick(
  { warn }: Context,
  holdings: readonly Holding[],
  { containerId, ranges, previous }: Traces,
): readonly Holding[] {
  const named = holdings.filter(({ address }) => includes(previous, address));
  if (named.length > 0) return named;
  // Faulty ranges say nothing.
  const near = holdings.filter(
    ({ address }) => ranges.length === 0 || ranges.some(({ cidr }) => cidrContains(cidr, address)),
  );
  if (near.length <= 1) return near;
  const addresses = near.map(({ address }) => formatAddress(address)).join(", ");
  warn(
    `Container ${containerId} holds ${addresses} by an old list, which knows no interfaces: nothing tells which of them is meant, so they stay held ("whereabouts release ADDRESS" frees one)`,
  );
  return [];
}

function includes(addresses: readonly Address[], address: Address): boolean {
  return addresses.some((other) => equalAddresses(other, address));
}

/**
 * Gives what was found to its owner, as a record of its own. Does nothing where it changed meanwhile, which the next
 * read shows. Throws `try-later` where the lock of a list is not to be had.
 */
export async function adopt(
  context: Context,
  { allocation, imported, written }: Adoptable,
): Promise<void> {
  const { client, keys } = context;
  const { owner, holdings, containerId } = allocation;
  const guard = await LegacyGuard.open(context, heldRanges(holdings, written), new Map());
  try {
    await guard.learn();
    if (imported === undefined) {
      const isThere = holdings.every(
        (holding) => guard.lineAt(holding)?.containerId === containerId,
      );
      if (!isThere) return;
    }
    const confirmation = importedConfirmation(containerId, context.now());
    const from = importedOwner(owner.network, containerId);
    const addresses = holdings.map((holding) =>
      put(keys.address(owner.network, holding), heldText(owner, holding.cidr)),
    );
    const transaction = {
      compare: [
        writtenAt(keys.owner(owner), 0),
        ...(imported === undefined
          ? holdings.map((holding) => writtenAt(keys.address(owner.network, holding), 0))
          : [writtenAt(imported.key, imported.modRevision)]),
        ...guard.compare(),
      ],
      success: [
        put(keys.owner(owner), allocationText(confirmation, holdings, written)),
        ...addresses,
        ...(imported === undefined ? [] : [leftOf(context, from, imported, holdings)]),
      ],
      failure: [],
    };
    // Repeated, it finds the owner's record and does nothing.
    await client.transact(transaction, "repeatable");
  } finally {
    await guard.close();
  }
}

/** The imported record without what was taken from it. */
function leftOf(
  { keys }: Context,
  from: Owner,
  imported: KeyValue,
  taken: readonly Holding[],
): Operation {
  const record = allocationOf(from, imported);
  const left = record.holdings.filter(
    ({ address }) => !taken.some((other) => equalAddresses(other.address, address)),
  );
  const key = keys.owner(from);
  return left.length === 0
    ? remove(key)
    : put(key, allocationText(record, left, writtenOf(imported)));
}
