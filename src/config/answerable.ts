/** Whether a configuration gives addresses, and whether its CNI version can say them. */
import type { Family } from "../core/address.ts";
import { WhereaboutsError } from "../core/error.ts";
import type { CniVersion } from "./cni-version.ts";
import { isAtLeast } from "./cni-version.ts";

interface OfFamily {
  readonly family: Family;
}

/** The addresses of an answer, as far as they are known beforehand. */
export interface ExpectedAddresses {
  /** One address comes of each. */
  readonly ranges: readonly { readonly cidr: OfFamily }[];
  /** Each takes the place of one of those, or is added. */
  readonly requested: readonly OfFamily[];
  readonly statics: readonly { readonly address: OfFamily }[];
}

/**
 * Refuses, before anything is allocated, an answer without addresses, and one that 0.1.0 and 0.2.0 cannot say. Throws
 * `invalid-configuration`.
 */
export function checkAnswerable(version: CniVersion, expected: ExpectedAddresses): void {
  const ranges = expected.ranges.map(({ cidr }) => cidr);
  const statics = expected.statics.map(({ address }) => address);
  const { requested } = expected;
  if (ranges.length + requested.length + statics.length === 0) {
    throw new WhereaboutsError(
      "invalid-configuration",
      "ipam: no address would be given: set range, ipRanges or addresses",
    );
  }
  if (isAtLeast(version, "0.3.0")) return;
  for (const family of [4, 6] as const) {
    const countOf = (list: readonly OfFamily[]): number =>
      list.filter((one) => one.family === family).length;
    const count = Math.max(countOf(ranges), countOf(requested)) + countOf(statics);
    if (count < 2) continue;
    throw new WhereaboutsError(
      "invalid-configuration",
      `cniVersion ${version} has room for one IPv${family} address, and ${count} would be given: set cniVersion to 0.3.0 or newer`,
    );
  }
}
