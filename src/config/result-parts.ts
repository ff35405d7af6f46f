/** What results carry beside allocated addresses: `addresses`, `routes` and `dns`. */
import { formatAddress, tryParseAddress } from "../core/address.ts";
import { tryParseInterface } from "../core/cidr.ts";
import type { Range } from "../core/range.ts";
import { formatRange, rangeAllows } from "../core/range.ts";
import type { Dns, Route, StaticAddress } from "./configuration.ts";
import type { Fields } from "./fields.ts";
import { readList, readNumber, readObject, readText, readTexts } from "./fields.ts";
import { routeKeys, staticAddressKeys } from "./known-keys.ts";
import { readAddress } from "./named-address.ts";
import type { Field, Report } from "./report.ts";
import { addFault, addWarning } from "./report.ts";

/** The `addresses`; one that a range gives out as well becomes a warning. */
export function parseStaticAddresses(
  fields: Fields,
  ranges: readonly Range[],
  report: Report,
): readonly StaticAddress[] {
  const addresses: StaticAddress[] = [];
  for (const entry of readList(fields, "addresses", report)) {
    const own = readObject(entry, staticAddressKeys, report);
    const address = own && parseStaticAddress(own, entry, ranges, report);
    if (address !== undefined) addresses.push(address);
  }
  return addresses;
}

function parseStaticAddress(
  fields: Fields,
  entry: Field,
  ranges: readonly Range[],
  report: Report,
): StaticAddress | undefined {
  const field = fieldOf(fields, "address", entry);
  const parsed = typeof field.value === "string" ? tryParseInterface(field.value) : undefined;
  if (parsed === undefined) {
    const missing = typeof field.value === "string" && tryParseAddress(field.value) !== undefined;
    const length = "is not an address with a prefix length such as 10.0.0.5/24";
    addFault(report, field, missing ? "has no prefix length such as /24" : why(field, length));
    return undefined;
  }
  const { address, cidr } = parsed;
  const gateway = readAddress(fields, "gateway", report);
  if (gateway !== undefined && gateway.address.family !== address.family) {
    addFault(report, gateway.field, `is not of the family of ${formatAddress(address)}`);
    return undefined;
  }
  const range = ranges.find((each) => rangeAllows(each, address));
  if (range !== undefined)
    addWarning(
      report,
      field,
      `may be given to a pod as well: exclude it from ${formatRange(range)}`,
    );
  const { prefixLength } = cidr;
  return { address, prefixLength, ...(gateway !== undefined && { gateway: gateway.address }) };
}

const natural = {
  accepts: (value: number) => Number.isSafeInteger(value) && value >= 0,
  expected: "a whole number of at least 0",
};

/** The `routes`, in the form of results. */
export function parseRoutes(fields: Fields, report: Report): readonly Route[] {
  const routes: Route[] = [];
  for (const entry of readList(fields, "routes", report)) {
    const own = readObject(entry, routeKeys, report);
    const route = own && parseRoute(own, entry, report);
    if (route !== undefined) routes.push(route);
  }
  return routes;
}

function parseRoute(fields: Fields, entry: Field, report: Report): Route | undefined {
  const field = fieldOf(fields, "dst", entry);
  const parsed = typeof field.value === "string" ? tryParseInterface(field.value) : undefined;
  if (parsed === undefined)
    addFault(report, field, why(field, "is not an address prefix such as 0.0.0.0/0"));
  const gw = readAddress(fields, "gw", report);
  const numbers: Partial<Record<NumberKey, number>> = {};
  for (const key of numberKeys) {
    const value = readNumber(fields, key, natural, report);
    // Only to these two keys does 0 say more than their absence.
    if (value !== undefined && (value > 0 || key === "table" || key === "scope"))
      numbers[key] = value;
  }
  if (parsed === undefined) return undefined;
  const dst = `${formatAddress(parsed.address)}/${parsed.cidr.prefixLength}`;
  return { dst, ...(gw !== undefined && { gw: formatAddress(gw.address) }), ...numbers };
}

type NumberKey = "mtu" | "advmss" | "priority" | "table" | "scope";
const numberKeys: readonly NumberKey[] = ["mtu", "advmss", "priority", "table", "scope"];

/** The `dns` object without what is empty in it. */
export function parseDns(fields: Fields, report: Report): Dns {
  const nameservers = readTexts(fields, "nameservers", report);
  const domain = readText(fields, "domain", report);
  const search = readTexts(fields, "search", report);
  const options = readTexts(fields, "options", report);
  return {
    ...(nameservers.length > 0 && { nameservers }),
    ...(domain !== undefined && { domain }),
    ...(search.length > 0 && { search }),
    ...(options.length > 0 && { options }),
  };
}

function fieldOf(fields: Fields, key: string, entry: Field): Field {
  return fields.get(key) ?? { path: `${entry.path}.${key}`, key, value: undefined };
}

function why(field: Field, expected: string): string {
  return field.value === undefined ? "is missing" : expected;
}
