/** Which lists of the old implementation there are, and what they say beside our own records. */
import { formatAddress } from "../../../core/address.ts";
import type { Holding } from "../../../core/allocation.ts";
import type { Cidr } from "../../../core/cidr.ts";
import { cidrContains, equalCidrs, lastOfCidr, tryParseInterface } from "../../../core/cidr.ts";
import type { Context } from "../context.ts";
import { readAll } from "../context.ts";
import type { KeyValue } from "../gateway.ts";
import { get, getKey, getSpan } from "../gateway.ts";
import { ownerPart } from "../keys.ts";
import { listAddresses } from "../listing.ts";
import { importedOwner } from "./legacy-holdings.ts";
import type { ListLine, ListPlace } from "./legacy-list.ts";
import { closingKey, linesOf, listPlaces, unreadableLines } from "./legacy-list.ts";

/** A list as it was found. */
export interface FoundList {
  readonly place: ListPlace;
  readonly cidr: Cidr;
  readonly entry: KeyValue;
  readonly isFinished: boolean;
  /** Whether its lock is taken for good: it is finished, or somebody was about to. */
  readonly isClosed: boolean;
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

/** All lists, those of the first layout first. They are looked for by listing, which no claim ever does. */
export async function findLists(context: Context): Promise<readonly FoundList[]> {
  const { results } = await readAll(context, [
    getSpan({ first: "/whereabouts/", end: "/whereabouts0" }, { keysOnly: true }),
    // What April 2019 wrote begins with a digit; IPv6 and users it did not know.
    ...(context.hasUsers ? [] : [getSpan({ first: "/0", end: "/:" }, { keysOnly: true })]),
  ]);
  const places = results.flatMap(({ entries }) => entries.flatMap(({ key }) => placeOf(key) ?? []));
  const lists: FoundList[] = [];
  for (const { place, cidr } of places) {
    const { results: found } = await readAll(context, [
      get(place.key),
      getKey(context.keys.finished(place.key)),
      getKey(closingKey(place)),
    ]);
    const [entry] = found[0]?.entries ?? [];
    if (entry === undefined) continue;
    const isFinished = found[1]?.entries.length === 1;
    lists.push({ place, cidr, entry, isFinished, isClosed: found[2]?.entries.length === 1 });
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

/** Compares a list with our records: those of all networks for its own range, of one for what overlaps it. */
export async function surveyList(
  context: Context,
  list: FoundList,
  network: string,
): Promise<ListSurvey> {
  const lines = linesOf(list.entry.value);
  const [holders, imported] = await readHolders(context, list, network, lines);
  const unknown: ListLine[] = [];
  const conflicts: ListConflict[] = [];
  const seen = new Map<string, string>();
  for (const line of lines) {
    const address = formatAddress(line.address);
    const known = holders.get(address) ?? [];
    const twin = seen.get(address);
    const holder = twin ?? (known.includes(line.containerId) ? line.containerId : known[0]);
    seen.set(address, line.containerId);
    if (holder === undefined) unknown.push(line);
    else if (holder !== line.containerId) conflicts.push({ line, holder });
  }
  const listed = new Set((await siblingLines(context, list)).map(lineKey));
  return {
    ...list,
    lines,
    unknown,
    conflicts,
    vanished: imported.filter((line) => !listed.has(lineKey(line))),
    unreadable: unreadableLines(list.entry.value),
  };
}

/** The lines of all lists of a range: it may have several, each by another spelling. */
async function siblingLines(context: Context, list: FoundList): Promise<readonly ListLine[]> {
  const lists = await findLists(context);
  const siblings = lists.filter(({ cidr }) => equalCidrs(cidr, list.cidr));
  return siblings.flatMap(({ entry }) => linesOf(entry.value));
}

/** What a line holds; where ranges overlap, as the old implementation never checked. */
export function holdingOf({ address }: ListLine, cidr: Cidr): Holding {
  return { address, cidr, overlapping: true };
}

function lineKey({ address, containerId }: ListLine): string {
  return `${formatAddress(address)} ${containerId}`;
}

/** Which containers have the addresses of a list by our records, and what of that was imported. */
async function readHolders(
  context: Context,
  { cidr }: FoundList,
  network: string,
  lines: readonly ListLine[],
): Promise<readonly [ReadonlyMap<string, readonly string[]>, readonly ListLine[]]> {
  const { family } = cidr;
  const holders = new Map<string, readonly string[]>();
  const imported: ListLine[] = [];
  const inside = {
    first: { family, value: cidr.first },
    last: { family, value: lastOfCidr(cidr) },
  };
  const outside = lines.filter(({ address }) => !cidrContains(cidr, address));
  const spans = [inside, ...outside.map(({ address }) => ({ first: address, last: address }))];
  for (const span of spans) {
    for await (const listed of listAddresses(context, span)) {
      if (listed.kind !== "held") continue;
      const { holding, allocation } = listed;
      const { owner, containerId } = allocation;
      const isOwn = equalCidrs(holding.cidr, cidr);
      if (!isOwn && !(holding.overlapping && owner.network === network)) continue;
      const address = formatAddress(holding.address);
      holders.set(address, [...(holders.get(address) ?? []), containerId]);
      const isImported = ownerPart(owner) === ownerPart(importedOwner(network, containerId));
      if (isOwn && isImported) imported.push({ address: holding.address, containerId });
    }
  }
  return [holders, imported];
}
