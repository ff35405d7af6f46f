/** Listings: in order, page by page, whatever is held. */
import type { Address } from "../../core/address.ts";
import { addressKey, compareAddresses } from "../../core/address.ts";
import type { Allocation, Holding } from "../../core/allocation.ts";
import type { Cidr } from "../../core/cidr.ts";
import { maskedCidr } from "../../core/cidr.ts";
import { familyBits } from "../../core/address.ts";
import type { ListFilter, Listed } from "../store.ts";
import type { Context } from "./context.ts";
import { readAll } from "./context.ts";
import type { KeyValue, Span } from "./gateway.ts";
import { getSpan, spanOf } from "./gateway.ts";
import { ownerOfPart } from "./keys.ts";
import { joinOwners } from "./owner-join.ts";
import { allocationOf, damaged, ownerOfKey, restEndMs, tryParseOccupant } from "./records.ts";

/** So many keys make a page. */
const PAGE = 1000;
/** What a node holds is read by its owners, and sorted, up to so many addresses; beyond that among all. */
const MOST_SORTED = 20_000;

/** Lists addresses in the order of network, address, prefix. Throws `store-damaged` after all that can be read. */
export async function* listAddresses(context: Context, filter: ListFilter): AsyncIterable<Listed> {
  const ofNode =
    filter.node === undefined ? undefined : await listNode(context, filter, filter.node);
  if (ofNode !== undefined) {
    yield* ofNode;
    return;
  }
  const unreadable: KeyValue[] = [];
  for (const domains of await readDomains(context, filter)) {
    const streams = domains.map((domain) => domainLines(context, domain, filter, unreadable));
    yield* merged(streams);
  }
  const [first] = unreadable;
  if (first !== undefined) throw damaged(first);
}

/** What a node holds, sorted; undefined if that is too much to sort. Rests have no owner's key. */
async function listNode(
  context: Context,
  filter: ListFilter,
  node: string,
): Promise<readonly Listed[] | undefined> {
  const { keys } = context;
  const [ofOwners, ofRests] = [spanOf(keys.owners(node)), spanOf(`${keys.prefix}rest/`)];
  const { results } = await readAll(
    context,
    [ofOwners, ofRests].map((span) => getSpan(span, { limit: PAGE })),
  );
  const [owners, rests] = results.map(({ entries }) => entries);
  if ((results[0]?.count ?? 0) > MOST_SORTED) return undefined;
  const lines: Listed[] = [];
  for await (const entry of entriesOf(context, ofOwners, owners)) {
    const allocation = allocationOf(ownerOfKey(entry, keys.owners()), entry);
    for (const holding of allocation.holdings) {
      const line: Listed = { kind: "held", holding, allocation };
      if (matches(line, filter)) lines.push(line);
    }
    if (lines.length > MOST_SORTED) return undefined;
  }
  for await (const entry of entriesOf(context, ofRests, rests)) {
    const line = lineOf(context, { ...entry, key: keys.addressOfRest(entry.key) }, new Map());
    if (line !== undefined && matches(line, filter)) lines.push(line);
    if (lines.length > MOST_SORTED) return undefined;
  }
  return lines.toSorted(compareLines);
}

/** All keys of a span, page by page, of which the first was read. */
async function* entriesOf(
  context: Context,
  span: Span,
  firstPage: readonly KeyValue[] = [],
): AsyncIterable<KeyValue> {
  let page = firstPage;
  for (;;) {
    yield* page;
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) return;
    const rest = { ...span, first: `${last.key}\0` };
    const { results } = await readAll(context, [getSpan(rest, { limit: PAGE })]);
    page = results[0]?.entries ?? [];
  }
}

/** Where addresses are unique: all keys that begin alike. */
interface Domain {
  readonly network: string;
  readonly overlapping: boolean;
  /** For overlapping ranges any of the family. */
  readonly cidr: Cidr;
}

/** The domains that have any address, by network. */
async function readDomains(
  context: Context,
  { network }: ListFilter,
): Promise<readonly (readonly Domain[])[]> {
  const { keys } = context;
  const { addresses } = keys;
  const found = new Map<string, Domain[]>();
  let { first } = network === undefined ? addresses : spanOf(keys.network(network));
  const { end } = network === undefined ? addresses : spanOf(keys.network(network));
  for (;;) {
    const { results } = await readAll(context, [
      getSpan({ first, end }, { limit: 1, keysOnly: true }),
    ]);
    const [entry] = results[0]?.entries ?? [];
    if (entry === undefined) break;
    const parsed = keys.parseAddress(entry.key);
    if (parsed === undefined) {
      first = `${entry.key}\0`;
      continue;
    }
    const { overlapping, address } = parsed;
    const cidr = parsed.cidr ?? maskedCidr(address, 0);
    const domain = { network: parsed.network, overlapping, cidr };
    found.set(parsed.network, [...(found.get(parsed.network) ?? []), domain]);
    const { end: next } = keys.span("address", parsed.network, domain, {
      first: 0n,
      last: (1n << BigInt(familyBits(cidr.family))) - 1n,
    });
    first = next;
  }
  return [...found].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, domains]) => domains);
}

/** The lines of one domain in the order of addresses. */
async function* domainLines(
  context: Context,
  domain: Domain,
  filter: ListFilter,
  unreadable: KeyValue[],
): AsyncIterable<Listed> {
  const { keys } = context;
  const { family } = domain.cidr;
  const low = boundOf(filter.first, family, "first");
  const high = boundOf(filter.last, family, "last");
  if (low === undefined || high === undefined) return;
  let next = low;
  let size = BigInt(PAGE);
  while (next <= high) {
    const last = next + size - 1n < high ? next + size - 1n : high;
    const span = keys.span("address", domain.network, domain, { first: next, last });
    const { results, revision } = await readAll(context, [getSpan(span, { limit: PAGE })]);
    const page = results[0]?.entries ?? [];
    const end = page.at(-1);
    if (end === undefined) {
      // Nothing for a while: jump to where something is.
      const far = keys.span("address", domain.network, domain, { first: next, last: high });
      const { results: seek } = await readAll(context, [
        getSpan(far, { limit: 1, keysOnly: true }),
      ]);
      const at = keys.parseAddress(seek[0]?.entries[0]?.key ?? "");
      if (at === undefined) return;
      next = at.address.value;
      continue;
    }
    const owners = await joinOwners(context, page, revision, filter);
    for (const entry of page) {
      const line = lineOf(context, entry, owners);
      if (line !== undefined && matches(line, filter)) yield line;
      if (line === undefined && isUnreadable(context, entry)) unreadable.push(entry);
    }
    const isCut = page.length === PAGE;
    next = isCut ? (keys.parseAddress(end.key)?.address.value ?? last) + 1n : last + 1n;
    size = isCut ? BigInt(PAGE) : size * 4n;
  }
}

/** A filter's bound as a value of a family; undefined if it leaves nothing of the family. */
function boundOf(
  bound: Address | undefined,
  family: 4 | 6,
  side: "first" | "last",
): bigint | undefined {
  const all = side === "first" ? 0n : (1n << BigInt(familyBits(family))) - 1n;
  if (bound === undefined) return all;
  if (bound.family === family) return bound.value;
  // All of IPv4 comes before all of IPv6.
  const isOutside = side === "first" ? bound.family > family : bound.family < family;
  return isOutside ? undefined : all;
}

/** Whether there ought to be a line: not for rests that are over, and owners that the filter left out. */
function isUnreadable({ keys }: Context, { key, value }: KeyValue): boolean {
  const occupant = tryParseOccupant(value);
  return keys.parseAddress(key) === undefined || occupant === undefined;
}

function lineOf(
  { keys, now }: Context,
  { key, value }: KeyValue,
  owners: ReadonlyMap<string, Allocation>,
): Listed | undefined {
  const at = keys.parseAddress(key);
  const occupant = tryParseOccupant(value);
  if (at === undefined || occupant === undefined) return undefined;
  const { cidr } = occupant;
  const holding: Holding = { address: at.address, cidr, overlapping: at.overlapping };
  if (occupant.kind === "held") {
    const allocation = owners.get(occupant.owner);
    return allocation === undefined ? undefined : { kind: "held", holding, allocation };
  }
  const restsUntilMs = restEndMs(occupant, now());
  const lastOwner = ownerOfPart(occupant.owner);
  if (restsUntilMs <= now() || lastOwner === undefined) return undefined;
  return { kind: "resting", holding, lastOwner, restsUntilMs };
}

function matches(line: Listed, filter: ListFilter): boolean {
  const { first, last } = filter;
  const { address } = line.holding;
  const owner = line.kind === "held" ? line.allocation.owner : line.lastOwner;
  const name = line.kind === "held" ? line.allocation.name : undefined;
  return (
    (filter.network === undefined || filter.network === owner.network) &&
    (filter.node === undefined || filter.node === owner.node) &&
    (filter.name === undefined || filter.name === name) &&
    (first === undefined || compareAddresses(address, first) >= 0) &&
    (last === undefined || compareAddresses(address, last) <= 0)
  );
}

function networkOf(line: Listed): string {
  return (line.kind === "held" ? line.allocation.owner : line.lastOwner).network;
}

function compareLines(a: Listed, b: Listed): number {
  const [x, y] = [networkOf(a), networkOf(b)];
  if (x !== y) return x < y ? -1 : 1;
  return (
    compareAddresses(a.holding.address, b.holding.address) ||
    compareCidrs(a.holding.cidr, b.holding.cidr)
  );
}

const keyOfFirst = ({ family, first }: Cidr): string => addressKey({ family, value: first });

function compareCidrs(a: Cidr, b: Cidr): number {
  const [x, y] = [keyOfFirst(a), keyOfFirst(b)];
  return x < y ? -1 : x > y ? 1 : a.prefixLength - b.prefixLength;
}

/** The lines of several sorted streams in order. */
async function* merged(streams: readonly AsyncIterable<Listed>[]): AsyncIterable<Listed> {
  const iterators = streams.map((stream) => stream[Symbol.asyncIterator]());
  const heads: (Listed | undefined)[] = [];
  for (const iterator of iterators) heads.push(await nextOf(iterator));
  for (;;) {
    let least = -1;
    for (const [index, head] of heads.entries()) {
      const best = heads[least];
      if (head !== undefined && (best === undefined || compareLines(head, best) < 0)) least = index;
    }
    const line = heads[least];
    const iterator = iterators[least];
    if (line === undefined || iterator === undefined) return;
    yield line;
    heads[least] = await nextOf(iterator);
  }
}

async function nextOf(iterator: AsyncIterator<Listed>): Promise<Listed | undefined> {
  const { done, value } = await iterator.next();
  return done === true ? undefined : value;
}
