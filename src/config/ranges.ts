/** All ranges of a configuration: `range` with what belongs to it, then `ipRanges`. */
import type { Range } from "../core/range.ts";
import type { Fields } from "./fields.ts";
import { readList, readObject, readText, readTexts } from "./fields.ts";
import { rangeKeys } from "./known-keys.ts";
import type { NamedAddress } from "./named-address.ts";
import { readAddress } from "./named-address.ts";
import type { RangeSetting } from "./range-entry.ts";
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
  const setting: RangeSetting = { gateway, mainPluginIsGateway };
  const ranges: Range[] = [];
  if (fields.has("range")) {
    // `gateway` is left out: here it is that of all ranges, whatever their family.
    const own = new Map([...fields].filter(([key]) => keysOfRange.includes(key)));
    const range = parseRangeEntry(own, "ipam", setting, report);
    if (range !== undefined) ranges.push(range);
  } else {
    warnOfKeysWithoutRange(fields, report);
  }
  const entries = readList(fields, "ipRanges", report);
  const count = entries.length + (fields.has("range") ? 1 : 0);
  const list = fields.get("ipRanges");
  if (count > maximumRanges && list !== undefined) {
    const field = { ...list, value: undefined };
    addFault(report, field, `make ${count} ranges; at most ${maximumRanges} are possible`);
    return [];
  }
  for (const entry of entries) {
    const entryFields = readObject(entry, rangeKeys, report);
    if (entryFields === undefined) continue;
    const range = parseRangeEntry(entryFields, entry.path, setting, report);
    if (range !== undefined) ranges.push(range);
  }
  if (gateway !== undefined) warnOfUnusedGateway(gateway, ranges, report);
  return ranges;
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
