/** Requested addresses: `runtimeConfig.ips`, else `args.cni.ips`, else `CNI_ARGS IP`. */
import type { StaticAddress } from "../config/configuration.ts";
import { formatValue } from "../config/value-text.ts";
import type { Address } from "../core/address.ts";
import { equalAddresses, tryParseAddress } from "../core/address.ts";
import { cidrContains, tryParseInterface } from "../core/cidr.ts";
import { WhereaboutsError } from "../core/error.ts";
import type { JsonObject } from "../core/json.ts";
import { isJsonObject, memberOf } from "../core/json.ts";
import type { Range } from "../core/range.ts";
import type { PodArguments } from "./arguments.ts";

/** What a call asks for beyond the configuration. */
export interface Requested {
  /** To be taken out of the ranges. */
  readonly addresses: readonly Address[];
  /** Outside of all ranges, from `CNI_ARGS IP`: appended to the result as they are. */
  readonly statics: readonly StaticAddress[];
}

/** Reads what is requested. Throws `invalid-configuration` and `invalid-environment` for what is no address. */
export function parseRequested(
  main: JsonObject,
  pod: PodArguments,
  ranges: readonly Range[],
): Requested {
  const args = memberOf(main, "args");
  for (const [path, source] of [
    ["runtimeConfig.ips", memberOf(main, "runtimeConfig")],
    ["args.cni.ips", isJsonObject(args) ? args["cni"] : undefined],
  ] as const) {
    const list = isJsonObject(source) ? source["ips"] : undefined;
    if (list === undefined || list === null) continue;
    const addresses = parseList(path, list);
    if (addresses.length > 0) return { addresses: distinct(addresses), statics: [] };
  }
  return parsePodAddresses(pod, ranges);
}

function parseList(path: string, list: unknown): readonly Address[] {
  if (!Array.isArray(list)) throw invalid(`${path} is not a list of addresses`);
  return list.map((item: unknown, index) => {
    const address = typeof item === "string" ? parseWithOptionalLength(item) : undefined;
    if (address === undefined) {
      throw invalid(
        `${path}[${index}]: ${formatValue(item, "ips")} is not an address such as "10.0.0.5" or "10.0.0.5/24"`,
      );
    }
    return address;
  });
}

function parsePodAddresses(pod: PodArguments, ranges: readonly Range[]): Requested {
  const gateways = pod.gateways.map((text) => {
    const gateway = tryParseAddress(text);
    if (gateway === undefined) throw invalidArguments(`GATEWAY: "${text}" is not an address`);
    return gateway;
  });
  const addresses: Address[] = [];
  const statics: StaticAddress[] = [];
  for (const text of pod.addresses) {
    const address = parseWithOptionalLength(text);
    if (address === undefined) throw invalidArguments(`IP: "${text}" is not an address`);
    const withLength = tryParseInterface(text);
    if (withLength === undefined || ranges.some(({ cidr }) => cidrContains(cidr, address))) {
      addresses.push(address);
    } else {
      const gateway = gateways.find((candidate) => cidrContains(withLength.cidr, candidate));
      const { prefixLength } = withLength.cidr;
      statics.push({ address, prefixLength, ...(gateway !== undefined && { gateway }) });
    }
  }
  return { addresses: distinct(addresses), statics };
}

/** As host-local does, a prefix length is accepted and has no meaning: the range has one. */
function parseWithOptionalLength(text: string): Address | undefined {
  return text.includes("/") ? tryParseInterface(text)?.address : tryParseAddress(text);
}

function distinct(addresses: readonly Address[]): readonly Address[] {
  return addresses.filter(
    (address, index) => addresses.findIndex((other) => equalAddresses(other, address)) === index,
  );
}

function invalid(message: string): WhereaboutsError {
  return new WhereaboutsError("invalid-configuration", message);
}

function invalidArguments(message: string): WhereaboutsError {
  return new WhereaboutsError("invalid-environment", `invalid CNI_ARGS: ${message}`);
}
