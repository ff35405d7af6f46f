/** What one `range` entry allows: which addresses are given out, and of which prefix they are. */
import type { Address, Family } from "./address.ts";
import { familyBits, formatAddress } from "./address.ts";
import type { Cidr } from "./cidr.ts";
import { cidrContains, formatCidr, lastOfCidr } from "./cidr.ts";
import type { Interval, IntervalSet } from "./interval-set.ts";
import { intervalSet, setContains, setSize, subtractIntervals } from "./interval-set.ts";

/** A range in canonical form. `first` and `last` are inclusive; `allowed` lies within them and is never empty. */
export interface Range {
  readonly cidr: Cidr;
  readonly first: bigint;
  readonly last: bigint;
  /** What is given out: `first`..`last` less exclusions, the gateway and an address kept for the main plugin. */
  readonly allowed: IntervalSet;
  readonly gateway?: Address;
  /** Its prefix as it was written, where that is not the masked one: old data are named so. */
  readonly written?: string;
}

/** The parts that a range is made of. */
export interface RangeParts {
  readonly cidr: Cidr;
  readonly start?: bigint;
  readonly end?: bigint;
  readonly exclusions?: Iterable<Interval>;
  readonly gateway?: Address;
  readonly written?: string;
  /** The main plugin takes the first address after the network's for itself (`isGateway` without `gateway`). */
  readonly firstIsGateway?: boolean;
}

/**
 * The addresses of a prefix that may be given out at all (design promise 10): less network and broadcast
 * address for IPv4, less the subnet-router anycast address for IPv6 (RFC 4291, 2.6.1); the two or one
 * addresses of the longest two prefixes are usable in full (RFC 3021, RFC 6164).
 */
export function usableInterval(cidr: Cidr): Interval {
  const last = lastOfCidr(cidr);
  if (cidr.prefixLength >= familyBits(cidr.family) - 1) return { first: cidr.first, last };
  return { first: cidr.first + 1n, last: cidr.family === 4 ? last - 1n : last };
}

/** The range of these parts; undefined if it would allow no address at all. */
export function makeRange(parts: RangeParts): Range | undefined {
  const { cidr, gateway, written } = parts;
  const usable = usableInterval(cidr);
  const first = parts.start ?? usable.first;
  const last = parts.end ?? usable.last;
  const removed: Interval[] = [...(parts.exclusions ?? [])];
  if (gateway !== undefined && cidrContains(cidr, gateway)) {
    removed.push({ first: gateway.value, last: gateway.value });
  } else if (gateway === undefined && parts.firstIsGateway === true) {
    removed.push({ first: cidr.first + 1n, last: cidr.first + 1n });
  }
  const allowed = subtractIntervals({ first, last }, intervalSet(removed));
  if (allowed.length === 0) return undefined;
  return {
    cidr,
    first,
    last,
    allowed,
    ...(gateway !== undefined && { gateway }),
    ...(written !== undefined && written !== formatCidr(cidr) && { written }),
  };
}

/** How many addresses a range gives out. */
export function rangeSize(range: Range): bigint {
  return setSize(range.allowed);
}

/** Whether a range gives out an address. */
export function rangeAllows(range: Range, address: Address): boolean {
  return address.family === range.cidr.family && setContains(range.allowed, address.value);
}

/** A range as people write it: its prefix, with its bounds where they are narrower than the prefix allows. */
export function formatRange(range: Range): string {
  const usable = usableInterval(range.cidr);
  if (range.first === usable.first && range.last === usable.last) return formatCidr(range.cidr);
  const family: Family = range.cidr.family;
  return `${formatCidr(range.cidr)} (${formatAddress({ family, value: range.first })} to ${formatAddress({ family, value: range.last })})`;
}
