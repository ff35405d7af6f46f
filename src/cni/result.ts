/** Results in the form of each CNI version: https://www.cni.dev/docs/spec/#add-success and its predecessors. */
import type { Dns, Route } from "../config/configuration.ts";
import type { Address, Family } from "../core/address.ts";
import { formatAddress } from "../core/address.ts";
import { WhereaboutsError } from "../core/error.ts";
import type { CniVersion } from "./version.ts";
import { cniVersions, isAtLeast } from "./version.ts";

/** An address as a result carries it. */
export interface ResultAddress {
  readonly address: Address;
  readonly prefixLength: number;
  readonly gateway?: Address;
}

/** What an ADD answers. */
export interface AddResult {
  readonly addresses: readonly ResultAddress[];
  readonly routes: readonly Route[];
  readonly dns: Dns;
}

/** The answer to VERSION: https://www.cni.dev/docs/spec/#version-success. */
export function formatVersions(cniVersion: CniVersion): string {
  return JSON.stringify({ cniVersion, supportedVersions: cniVersions });
}

/** An ADD's answer in the form of a version: JSON, indented as the CNI project's own plugins do. */
export function formatResult(version: CniVersion, result: AddResult): string {
  const body = isAtLeast(version, "0.3.0")
    ? formatList(version, result)
    : formatFamilies(version, result);
  return JSON.stringify(body, null, 4);
}

/** Of which families the addresses of an answer will be. */
export interface ExpectedFamilies {
  /** One address comes of each. */
  readonly ranges: readonly { readonly family: Family }[];
  /** Each takes the place of one of those, or is added. */
  readonly requested: readonly { readonly family: Family }[];
  readonly statics: readonly { readonly family: Family }[];
}

/** Refuses, before anything is allocated, what 0.1.0 and 0.2.0 cannot say. Throws `invalid-configuration`. */
export function checkRepresentable(version: CniVersion, expected: ExpectedFamilies): void {
  if (isAtLeast(version, "0.3.0")) return;
  for (const family of [4, 6] as const) {
    const countOf = (list: readonly { readonly family: Family }[]): number =>
      list.filter((one) => one.family === family).length;
    const { ranges, requested, statics } = expected;
    const count = Math.max(countOf(ranges), countOf(requested)) + countOf(statics);
    if (count < 2) continue;
    throw new WhereaboutsError(
      "invalid-configuration",
      `cniVersion ${version} has room for one IPv${family} address, and ${count} would be given: set cniVersion to 0.3.0 or newer`,
    );
  }
}

function formatList(version: CniVersion, { addresses, routes, dns }: AddResult): object {
  const isOld = !isAtLeast(version, "1.0.0");
  return {
    cniVersion: version,
    ips: addresses.map(({ address, prefixLength, gateway }) => ({
      ...(isOld && { version: `${address.family}` }),
      address: `${formatAddress(address)}/${prefixLength}`,
      ...(gateway !== undefined && { gateway: formatAddress(gateway) }),
    })),
    ...(routes.length > 0 && { routes }),
    ...((isOld || Object.keys(dns).length > 0) && { dns }),
  };
}

function formatFamilies(version: CniVersion, { addresses, routes, dns }: AddResult): object {
  const ofFamily = (family: Family): object | undefined => {
    const found = addresses.find(({ address }) => address.family === family);
    if (found === undefined) return undefined;
    const own = routes.filter(({ dst }) => dst.includes(":") === (family === 6));
    return {
      ip: `${formatAddress(found.address)}/${found.prefixLength}`,
      ...(found.gateway !== undefined && { gateway: formatAddress(found.gateway) }),
      ...(own.length > 0 && {
        routes: own.map(({ dst, gw }) => ({ dst, ...(gw !== undefined && { gw }) })),
      }),
    };
  };
  const [ip4, ip6] = [ofFamily(4), ofFamily(6)];
  return { cniVersion: version, ...(ip4 && { ip4 }), ...(ip6 && { ip6 }), dns };
}
