/** Which lists of the old implementation there are, and what they say beside our own records. */
import { formatAddress } from "../../../core/address.ts";
import type { Holding, Owner } from "../../../core/allocation.ts";
import type { Cidr } from "../../../core/cidr.ts";
import { tryParseInterface } from "../../../core/cidr.ts";
import type { Context } from "../context.ts";
import { readAll } from "../context.ts";
import type { KeyValue } from "../gateway.ts";
import { get, getKey, getSpan } from "../gateway.ts";
import { ownerOfPart, ownerPart } from "../keys.ts";
import { allocationOf, tryParseOccupant } from "../records.ts";
import { importedOwner } from "./legacy-holdings.ts";
import type { ListLine, ListPlace } from "./legacy-list.ts";
import { linesOf, listPlaces, unreadableLines } from "./legacy-list.ts";

/** A list as it was found. */
export interface FoundList {
  readonly place: ListPlace;
  readonly cidr: Cidr;
  readonly entry: KeyValue;
  readonly isFinished: boolean;
}

/** A line that cannot be taken over, because somebody else has its address. */
export interface ListConflict {
  readonly line: ListLine;
  /** The container that has it. */
  readonly holder: string;
}

/** A list beside our own records. */
export interface ListSurvey extends FoundList {
  /** Lines that name an address. */
  readonly lines: readonly ListLine[];
  /** Those that nobody has a record of. */
  readonly unknown: readonly ListLine[];
  readonly conflicts: readonly ListConflict[];
  /** Imported records whose line is gone. */
  readonly vanished: readonly ListLine[];
  readonly unreadable: readonly string[];
}

/** So many keys are read in one request. */
const BATCH = 100;

/** All lists, those of the first layout first. They are looked for by listing, which no claim ever does. */
export async function findLists(context: Context): Promise<readonly FoundList[]> {
  const { results } = await readAll(context, [
    getSpan({ first: "/whereabouts/", end: "/whereabouts0" }, { keysOnly: true }),
    // What April 2019 wrote begins with a digit; IPv6 it did not know.
    getSpan({ first: "/0", end: "/:" }, { keysOnly: true }),
  ]);
  const places = results.flatMap(({ entries }) => entries.flatMap(({ key }) => placeOf(key) ?? []));
  const lists: FoundList[] = [];
  for (const { place, cidr } of places) {
    const read = [get(place.key), getKey(context.keys.finished(place.key))];
    const { results: found } = await readAll(context, read);
    const [entry] = found[0]?.entries ?? [];
    if (entry === undefined) continue;
    lists.push({ place, cidr, entry, isFinished: found[1]?.entries.length === 1 });
  }
  return lists;
}

/** The list that a key is, if it is one: not a lock, whose name has one part more. */
function placeOf(key: string): { readonly place: ListPlace; readonly cidr: Cidr } | undefined {
  const written = key.replace(/^\/(whereabouts\/)?/, "");
  const parsed = tryParseInterface(written, { leadingZeros: true });
  if (parsed === undefined) return undefined;
  const place = listPlaces(parsed.cidr, written).find((candidate) => candidate.key === key);
  return place && { place, cidr: parsed.cidr };
}

/** Compares a list with our records of one network. */
export async function surveyList(
  context: Context,
  list: FoundList,
  network: string,
): Promise<ListSurvey> {
  const { keys } = context;
  const lines = linesOf(list.entry.value);
  const unknown: ListLine[] = [];
  const conflicts: ListConflict[] = [];
  const seen = new Map<string, string>();
  for (let start = 0; start < lines.length; start += BATCH) {
    const batch = lines.slice(start, start + BATCH);
    const addressKeys = batch.map((line) => keys.address(network, holdingOf(line, list.cidr)));
    const holders = await holdersOf(context, network, batch, addressKeys);
    for (const [index, line] of batch.entries()) {
      const key = addressKeys[index] ?? "";
      const holder = seen.get(key) ?? holders[index];
      seen.set(key, line.containerId);
      if (holder === undefined) unknown.push(line);
      else if (holder !== line.containerId) conflicts.push({ line, holder });
    }
  }
  const known = new Set(lines.map(lineKey));
  const imported = await importedLines(context, network, list.cidr);
  return {
    ...list,
    lines,
    unknown,
    conflicts,
    vanished: imported.filter((line) => !known.has(lineKey(line))),
    unreadable: unreadableLines(list.entry.value),
  };
}

/** What a line holds; where ranges overlap, as the old implementation never checked. */
export function holdingOf({ address }: ListLine, cidr: Cidr): Holding {
  return { address, cidr, overlapping: true };
}

function lineKey({ address, containerId }: ListLine): string {
  return `${formatAddress(address)} ${containerId}`;
}

/** The containers that have the addresses of lines; undefined: nobody. */
async function holdersOf(
  context: Context,
  network: string,
  lines: readonly ListLine[],
  addressKeys: readonly string[],
): Promise<readonly (string | undefined)[]> {
  const { keys } = context;
  const { results } = await readAll(context, addressKeys.map(get));
  const owners = new Map<string, Owner>();
  const found = lines.map(({ containerId }, index): string | undefined => {
    const [entry] = results[index]?.entries ?? [];
    const occupant = entry === undefined ? undefined : tryParseOccupant(entry.value);
    if (entry === undefined || occupant?.kind === "resting") return undefined;
    const owner = occupant === undefined ? undefined : ownerOfPart(occupant.owner);
    if (occupant === undefined || owner === undefined) return entry.key;
    if (occupant.owner === ownerPart(importedOwner(network, containerId))) return containerId;
    owners.set(keys.owner(owner), owner);
    return keys.owner(owner);
  });
  const records = await readAll(context, [...owners.keys()].map(get));
  const containers = new Map(
    records.results.flatMap(({ entries: [record] }) => {
      const owner = record === undefined ? undefined : owners.get(record.key);
      if (record === undefined || owner === undefined) return [];
      return [[record.key, allocationOf(owner, record).containerId] as const];
    }),
  );
  return found.map((holder) =>
    holder === undefined ? undefined : (containers.get(holder) ?? holder),
  );
}

/** What was imported of a list, by our own records. */
async function importedLines(
  context: Context,
  network: string,
  { family, first, prefixLength }: Cidr,
): Promise<readonly ListLine[]> {
  const { keys } = context;
  const start = keys.owner(importedOwner(network, ""));
  const lines: ListLine[] = [];
  let from = start;
  for (;;) {
    const span = { first: from, end: `${start.slice(0, -1)}-` };
    const { results } = await readAll(context, [getSpan(span, { limit: 1000 })]);
    const page = results[0]?.entries ?? [];
    for (const entry of page) {
      const owner = ownerOfPart(entry.key.slice(keys.owners().length));
      if (owner === undefined) continue;
      const { holdings, containerId } = allocationOf(owner, entry);
      for (const { address, cidr } of holdings) {
        const isHere =
          cidr.family === family && cidr.first === first && cidr.prefixLength === prefixLength;
        if (isHere) lines.push({ address, containerId });
      }
    }
    const last = page.at(-1);
    if (last === undefined || page.length < 1000) return lines;
    from = `${last.key}\0`;
  }
}
