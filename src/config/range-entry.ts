/** One entry of `ipRanges`, or the `range` of the `ipam` object with what belongs to it. */
import type { Address } from "../core/address.ts";
import type { Cidr } from "../core/cidr.ts";
import { formatCidr, lastOfCidr } from "../core/cidr.ts";
import type { Interval } from "../core/interval-set.ts";
import type { Range, RangeParts } from "../core/range.ts";
import { makeRange, usableInterval } from "../core/range.ts";
import type { Fields } from "./fields.ts";
import { readList } from "./fields.ts";
import type { NamedAddress } from "./named-address.ts";
import { readBounds } from "./range-bounds.ts";
import type { RangeText } from "./range-text.ts";
import { parseRangeText, tryParseExclusion } from "./range-text.ts";
import type { Field, Report } from "./report.ts";
import { addFault, addWarning } from "./report.ts";

/** An entry as it is written. */
export interface RangeEntry {
  readonly fields: Fields;
  readonly path: string;
  /** Its own. */
  readonly gateway: NamedAddress | undefined;
}

/** What the rest of the configuration says about every range. */
export interface RangeSetting {
  /** The gateway of the `ipam` object; it goes to ranges of its family that have none of their own. */
  readonly gateway: NamedAddress | undefined;
  /** The gateways of all ranges. */
  readonly reserved: readonly Address[];
  /** The main plugin has `isGateway` or `isDefaultGateway`: without a gateway it takes network+1. */
  readonly mainPluginIsGateway: boolean;
}

/** The range of an entry. Undefined, with a fault, if there is none. */
export function parseRangeEntry(
  { fields, path, gateway: own }: RangeEntry,
  setting: RangeSetting,
  report: Report,
): Range | undefined {
  const field = fields.get("range") ?? { path: `${path}.range`, key: "range", value: undefined };
  const text = readRange(field, report);
  if (text === undefined) return undefined;
  const { cidr } = text;
  const bounds = readBounds(fields, field, text, report);
  const exclusions = readExclusions(fields, cidr, bounds, report);
  const gateway = checkOwnGateway(own, cidr, report) ?? gatewayFor(cidr, setting);
  const reserved = setting.reserved.filter(({ family }) => family === cidr.family);
  const parts: RangeParts = {
    cidr,
    start: bounds.first,
    end: bounds.last,
    exclusions: [...exclusions, ...reserved.map(({ value }) => ({ first: value, last: value }))],
    ...(gateway !== undefined && { gateway: gateway.address }),
    ...(isPlainPrefix(field.value) && { written: field.value }),
    firstIsGateway: setting.mainPluginIsGateway && gateway === undefined,
  };
  const range = makeRange(parts);
  if (range === undefined) {
    addFaultOfNothingLeft({ ...parts, exclusions }, fields, field, gateway, report);
  }
  return range;
}

/** Whether a text is a prefix without bounds. */
function isPlainPrefix(value: unknown): value is string {
  return typeof value === "string" && !value.includes("-");
}

function readRange(field: Field, report: Report): RangeText | undefined {
  if (field.value === undefined) {
    addFault(report, field, "is missing");
    return undefined;
  }
  const text = typeof field.value === "string" ? parseRangeText(field.value) : "is not a string";
  if (typeof text !== "string") return text;
  addFault(report, field, text);
  return undefined;
}

function readExclusions(
  fields: Fields,
  cidr: Cidr,
  bounds: Interval,
  report: Report,
): readonly Interval[] {
  const usable = usableInterval(cidr);
  // To exclude the network's own addresses is needless, not misleading.
  const first = bounds.first === usable.first ? cidr.first : bounds.first;
  const last = bounds.last === usable.last ? lastOfCidr(cidr) : bounds.last;
  const exclusions: Interval[] = [];
  for (const item of readList(fields, "exclude", report)) {
    const exclusion = typeof item.value === "string" ? tryParseExclusion(item.value) : undefined;
    if (exclusion === undefined) {
      addFault(report, item, "is not an address, an address prefix or FIRST-LAST");
    } else if (exclusion.family !== cidr.family) {
      addWarning(report, item, `has no effect: its family is not that of ${formatCidr(cidr)}`);
    } else if (exclusion.last < first || exclusion.first > last) {
      addWarning(report, item, `has no effect: it lies outside of the range`);
    } else {
      exclusions.push(exclusion);
    }
  }
  return exclusions;
}

function checkOwnGateway(
  gateway: NamedAddress | undefined,
  cidr: Cidr,
  report: Report,
): NamedAddress | undefined {
  if (gateway === undefined || gateway.address.family === cidr.family) return gateway;
  addFault(report, gateway.field, `is not of the family of its range ${formatCidr(cidr)}`);
  return undefined;
}

function gatewayFor(cidr: Cidr, setting: RangeSetting): NamedAddress | undefined {
  return setting.gateway?.address.family === cidr.family ? setting.gateway : undefined;
}

/** Says what it is that leaves nothing of a range. */
function addFaultOfNothingLeft(
  parts: RangeParts,
  fields: Fields,
  field: Field,
  gateway: NamedAddress | undefined,
  report: Report,
): void {
  const { gateway: _, ...rest } = parts;
  const range = formatCidr(parts.cidr);
  if (makeRange({ ...rest, firstIsGateway: false }) === undefined) {
    addFault(report, fields.get("exclude") ?? field, `leaves no address of ${range}`);
  } else if (gateway !== undefined) {
    addFault(report, gateway.field, `is the gateway, which leaves no address of ${range}`);
  } else {
    addFault(report, field, "leaves no address beside the main plugin's own (isGateway)");
  }
}
