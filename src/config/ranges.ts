/** All ranges of a configuration: `range` with what belongs to it, then `ipRanges`. */
import type { Range } from "../core/range.ts";
import type { Fields } from "./fields.ts";
import { readList, readObject, readText, readTexts } from "./fields.ts";
import { rangeKeys } from "./known-keys.ts";
import type { NamedAddress } from "./named-address.ts";
import { readAddress } from "./named-address.ts";
import type { RangeEntry, RangeSetting } from "./range-entry.ts";
import { parseRangeEntry } from "./range-entry.ts";
import type { Report } from "./report.ts";
import { addFault, addWarning } from "./report.ts";

/** The most ranges that one interface may have: what a store claims in one atomic step. */
export const maximumRanges = 32;

/** Keys of the `ipam` object that belong to its `range` alone. */
const keysOfRange = ["range", "range_start", "range_end", "exclude"];

/** The ranges of an `ipam` object, in the order of results. */
export function parseRanges(
  fields: Fields,
  mainPluginIsGateway: boolean,
  report: Report,
): readonly Range[] {
  const gateway = readAddress(fields, "gateway", report);
  const entries = readEntries(fields, report);
  const gateways = [gateway, ...entries.map((entry) => entry.gateway)];
  const setting: RangeSetting = {
    gateway,
    // Of whatever range it is the gateway, no range gives it out.
    reserved: gateways.flatMap((named) => (named === undefined ? [] : [named.address])),
    mainPluginIsGateway,
  };
  const ranges = entries.flatMap((entry) => parseRangeEntry(entry, setting, report) ?? []);
  if (gateway !== undefined) warnOfUnusedGateway(gateway, ranges, report);
  return ranges;
}

/** The entries: `range` with what belongs to it, then `ipRanges`; none, with a fault, if they are too many. */
function readEntries(fields: Fields, report: Report): readonly RangeEntry[] {
  const list = readList(fields, "ipRanges", report);
  const range = fields.get("range");
  // An empty text is as good as none, unless nothing else says where addresses come from.
  const hasRange = range !== undefined && (range.value !== "" || list.length === 0);
  const count = list.length + (hasRange ? 1 : 0);
  const ipRanges = fields.get("ipRanges");
  if (count > maximumRanges && ipRanges !== undefined) {
    const field = { ...ipRanges, value: undefined };
    addFault(report, field, `make ${count} ranges; at most ${maximumRanges} are possible`);
    return [];
  }
  const entries: RangeEntry[] = [];
  if (hasRange) {
    // `gateway` is left out: here it is that of all ranges, whatever their family.
    const own = new Map([...fields].filter(([key]) => keysOfRange.includes(key)));
    entries.push({ fields: own, path: "ipam", gateway: undefined });
  } else {
    warnOfKeysWithoutRange(fields, report);
  }
  for (const field of list) {
    const entryFields = readObject(field, rangeKeys, report);
    if (entryFields === undefined) continue;
    const gateway = readAddress(entryFields, "gateway", report);
    entries.push({ fields: entryFields, path: field.path, gateway });
  }
  return entries;
}

function warnOfKeysWithoutRange(fields: Fields, report: Report): void {
  for (const key of ["range_start", "range_end", "exclude"]) {
    const field = fields.get(key);
    const given =
      key === "exclude" ? readTexts(fields, key, report)[0] : readText(fields, key, report);
    if (field === undefined || given === undefined) continue;
    addWarning(report, field, "has no effect without `range`; ranges of `ipRanges` have their own");
  }
}

function warnOfUnusedGateway(
  { address, field }: NamedAddress,
  ranges: readonly Range[],
  report: Report,
): void {
  // A range at fault may be the one that it was meant for.
  if (report.faults.length > 0 || ranges.some(({ cidr }) => cidr.family === address.family)) return;
  addWarning(report, field, `has no effect: no range is of its family, IPv${address.family}`);
}
