/** Which addresses an ADD wants, given what its owner holds already (design section 6, steps 2 to 4). Pure. */
import type { Address } from "./address.ts";
import { equalAddresses, formatAddress } from "./address.ts";
import type { Allocation, Holding } from "./allocation.ts";
import { formatHoldings } from "./allocation.ts";
import { cidrContains, equalCidrs, formatCidr } from "./cidr.ts";
import { WhereaboutsError } from "./error.ts";
import type { Range } from "./range.ts";
import { formatRange, rangeAllows, usableInterval } from "./range.ts";

/** What an ADD asks for, whoever asks. */
export interface AddressRequest {
  readonly ranges: readonly Range[];
  readonly overlapping: boolean;
  /** Exactly these: each takes the place of the lowest free one in a range that it lies in, or is added. */
  readonly requested: readonly Address[];
}

/**
 * One address of a plan. With a `holding` exactly that; if it is only `preferred`, the lowest free one of `range`
 * where another owner has it.
 */
export type PlannedAddress =
  | { readonly kind: "exact"; readonly holding: Holding; readonly range: Range | undefined }
  | { readonly kind: "preferred"; readonly holding: Holding; readonly range: Range }
  | { readonly kind: "lowest"; readonly range: Range };

/**
 * What an owner without an allocation, or one whose sandbox was made anew, is to hold: it keeps what fits.
 * Throws `address-unavailable` for a requested address that no range gives out.
 */
export function planAddresses(
  request: AddressRequest,
  held: readonly Holding[],
): readonly PlannedAddress[] {
  const { taken, extra } = assignRequested(request, held);
  const kept = matchHoldings(
    request.ranges.map((range, index) => (taken.has(index) ? undefined : range)),
    held.filter(
      (holding) => !request.requested.some((address) => equalAddresses(address, holding.address)),
    ),
  );
  const planned = request.ranges.map((range, index): PlannedAddress => {
    const requested = taken.get(index);
    if (requested !== undefined) return exactly(request, range, requested);
    const holding = kept.get(index);
    if (holding === undefined) return { kind: "lowest", range };
    const isAtHome =
      holding.overlapping === request.overlapping && equalCidrs(holding.cidr, range.cidr);
    if (isAtHome) return { kind: "exact", holding, range };
    // Another setting or prefix makes it unique among others now, one of whom may have it.
    return {
      kind: "preferred",
      holding: { ...holding, cidr: range.cidr, overlapping: request.overlapping },
      range,
    };
  });
  return [...planned, ...extra.map(({ range, address }) => exactly(request, range, address))];
}

/**
 * What the same incarnation is answered with: all that it holds. Throws `invalid-configuration` where a range or
 * a requested address is not among that.
 */
export function planConfirmation(
  request: AddressRequest,
  allocation: Allocation,
): readonly PlannedAddress[] {
  const { holdings, containerId } = allocation;
  const matched = matchHoldings(request.ranges, holdings);
  const lacking = [
    ...request.ranges
      .filter((_, index) => !matched.has(index))
      .map((range) => `an address of ${formatCidr(range.cidr)}`),
    ...request.requested
      .filter((address) => !holdings.some((holding) => equalAddresses(holding.address, address)))
      .map(formatAddress),
  ];
  if (lacking.length > 0) {
    throw new WhereaboutsError(
      "invalid-configuration",
      `Container ${containerId} already holds ${formatHoldings(holdings)}, and now asks for ${lacking.join(" and ")}; an interface that is in use keeps its addresses: delete it (DEL) before it is added with other ranges`,
    );
  }
  const inOrder = request.ranges.flatMap((range, index): PlannedAddress[] => {
    const holding = matched.get(index);
    return holding === undefined ? [] : [{ kind: "exact", holding, range }];
  });
  const rest = holdings.filter((holding) => ![...matched.values()].includes(holding));
  return [
    ...inOrder,
    ...rest.map((holding): PlannedAddress => ({
      kind: "exact",
      holding,
      range: rangeAround(request.ranges, holding.address),
    })),
  ];
}

/**
 * Which holding serves which range (by index): one whose masked prefix contains it, whatever start, end and
 * exclusions say now; of the same prefix first, so that a wider range does not take a narrower one's.
 */
function matchHoldings(
  ranges: readonly (Range | undefined)[],
  holdings: readonly Holding[],
): ReadonlyMap<number, Holding> {
  const matched = new Map<number, Holding>();
  const indexesOf = (fits: (range: Range, holding: Holding) => boolean) =>
    new Map(
      holdings.map((holding) => [
        holding,
        [...ranges.keys()].filter((index) => {
          const range = ranges[index];
          return range !== undefined && fits(range, holding);
        }),
      ]),
    );
  const ofSamePrefix = indexesOf((range, { cidr }) => equalCidrs(range.cidr, cidr));
  const around = indexesOf((range, { address }) => cidrContains(range.cidr, address));
  for (const holding of holdings) takeRange(holding, ofSamePrefix, matched, new Set());
  const served = new Set(matched.values());
  for (const holding of holdings) {
    if (!served.has(holding)) takeRange(holding, around, matched, new Set());
  }
  return matched;
}

interface Assigned {
  /** By index of the range. */
  readonly taken: ReadonlyMap<number, Address>;
  readonly extra: readonly { readonly range: Range; readonly address: Address }[];
}

function assignRequested(
  { ranges, requested }: AddressRequest,
  held: readonly Holding[],
): Assigned {
  const taken = new Map<number, Address>();
  const extra: { range: Range; address: Address }[] = [];
  const givers = new Map(requested.map((address) => [address, giversOf(ranges, held, address)]));
  for (const address of requested) {
    if (takeRange(address, givers, taken, new Set())) continue;
    const range = ranges[givers.get(address)?.[0] ?? -1];
    if (range === undefined) throw unavailable(ranges, address);
    extra.push({ range, address });
  }
  return { taken, extra };
}

/** The ranges, by index, that give an address out; one that is held lies in them, whatever their bounds say now. */
function giversOf(
  ranges: readonly Range[],
  held: readonly Holding[],
  address: Address,
): readonly number[] {
  const isHeld = held.some((holding) => equalAddresses(holding.address, address));
  return [...ranges.keys()].filter((index) => {
    const range = ranges[index];
    if (range === undefined) return false;
    return isHeld ? cidrContains(range.cidr, address) : rangeAllows(range, address);
  });
}

/**
 * Gives an address a range (by index) of its own, if need be by giving those that are in the way others (an augmenting
 * path: Kuhn, 1955), so that as many as possible have one.
 */
function takeRange<Item>(
  item: Item,
  ranges: ReadonlyMap<Item, readonly number[]>,
  taken: Map<number, Item>,
  visited: Set<number>,
): boolean {
  for (const index of ranges.get(item) ?? []) {
    if (visited.has(index)) continue;
    visited.add(index);
    const occupant = taken.get(index);
    if (occupant !== undefined && !takeRange(occupant, ranges, taken, visited)) continue;
    taken.set(index, item);
    return true;
  }
  return false;
}

function exactly({ overlapping }: AddressRequest, range: Range, address: Address): PlannedAddress {
  return { kind: "exact", holding: { address, cidr: range.cidr, overlapping }, range };
}

function rangeAround(ranges: readonly Range[], address: Address): Range | undefined {
  return ranges.find((range) => cidrContains(range.cidr, address));
}

/** The error that says why no range gives an address out. */
function unavailable(ranges: readonly Range[], address: Address): WhereaboutsError {
  const text = formatAddress(address);
  const around = rangeAround(ranges, address);
  if (around === undefined) {
    const list = ranges.length === 0 ? "none is configured" : ranges.map(formatRange).join(", ");
    return new WhereaboutsError(
      "address-unavailable",
      `Requested address ${text} is in no range: ${list}`,
    );
  }
  const usable = usableInterval(around.cidr);
  const { value } = address;
  const reason =
    around.gateway?.value === value
      ? "is the gateway"
      : value < usable.first || value > usable.last
        ? "is the network, broadcast or anycast address"
        : value < around.first || value > around.last
          ? "is outside of its start and end"
          : "is excluded, or kept for the main plugin";
  return new WhereaboutsError(
    "address-unavailable",
    `Requested address ${text} is never given out: in range ${formatRange(around)} it ${reason}`,
  );
}
