/** Results in the form of each CNI version: https://www.cni.dev/docs/spec/#add-success and its predecessors. */
import type { Dns, Route } from "../config/configuration.ts";
import type { Address, Family } from "../core/address.ts";
import { formatAddress } from "../core/address.ts";
import type { CniVersion } from "../config/cni-version.ts";
import { cniVersions, isAtLeast } from "../config/cni-version.ts";

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
