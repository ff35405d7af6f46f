/** The texts of `range` and `exclude`. */
import type { Address } from "../core/address.ts";
import { tryParseAddress } from "../core/address.ts";
import type { Cidr } from "../core/cidr.ts";
import { cidrContains, formatCidr, lastOfCidr, tryParseInterface } from "../core/cidr.ts";
import type { Family } from "../core/address.ts";
import type { Interval } from "../core/interval-set.ts";

/** What a `range` says: a prefix, and its first and last address in the form `FIRST-LAST/LENGTH`. */
export interface RangeText {
  readonly cidr: Cidr;
  readonly bounds?: { readonly first: Address; readonly last: Address };
}

/**
 * Reads `ADDRESS/LENGTH` or `FIRST-LAST/LENGTH`; leading zeros are decimal, as in the Go implementation. A
 * string says what is wrong, as the end of a sentence about the text.
 */
export function parseRangeText(text: string): RangeText | string {
  const dash = text.indexOf("-");
  const prefixed = tryParseInterface(text.slice(dash + 1), { leadingZeros: true });
  if (dash < 0) {
    return prefixed ?? "is not an address prefix such as 10.0.0.0/24 or 10.0.0.10-10.0.0.20/24";
  }
  const first = tryParseAddress(text.slice(0, dash), { leadingZeros: true });
  if (prefixed === undefined || first === undefined) {
    return "is not a range of addresses such as 10.0.0.10-10.0.0.20/24";
  }
  const { address: last, cidr } = prefixed;
  if (!cidrContains(cidr, first)) return `begins outside its own prefix ${formatCidr(cidr)}`;
  return { cidr, bounds: { first, last } };
}

/** What is excluded: an interval of one family's addresses. */
export interface Exclusion extends Interval {
  readonly family: Family;
}

/** Reads an address, a prefix (host bits are masked) or `FIRST-LAST`, both included. Undefined if it is none. */
export function tryParseExclusion(text: string): Exclusion | undefined {
  const dash = text.indexOf("-");
  if (dash >= 0) {
    const first = tryParseAddress(text.slice(0, dash));
    const last = tryParseAddress(text.slice(dash + 1));
    if (first === undefined || last === undefined) return undefined;
    if (first.family !== last.family || last.value < first.value) return undefined;
    return { family: first.family, first: first.value, last: last.value };
  }
  const cidr = tryParseInterface(text)?.cidr;
  if (cidr !== undefined) return { family: cidr.family, first: cidr.first, last: lastOfCidr(cidr) };
  const address = tryParseAddress(text);
  return address && { family: address.family, first: address.value, last: address.value };
}
