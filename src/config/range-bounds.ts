/** Where in its prefix a range begins and ends. */
import { formatAddress, tryParseAddress } from "../core/address.ts";
import type { Cidr } from "../core/cidr.ts";
import { formatCidr } from "../core/cidr.ts";
import type { Interval } from "../core/interval-set.ts";
import { usableInterval } from "../core/range.ts";
import type { Fields } from "./fields.ts";
import { readText } from "./fields.ts";
import type { NamedAddress } from "./named-address.ts";
import type { RangeText } from "./range-text.ts";
import type { Field, Report } from "./report.ts";
import { addWarning } from "./report.ts";

/**
 * The first and the last address that are given out, within the usable ones of the prefix. A bound that makes no
 * sense is ignored, as the Go implementation does, with a warning. `field` is that of `text`.
 */
export function readBounds(
  fields: Fields,
  field: Field,
  text: RangeText,
  report: Report,
): Interval {
  const { cidr, bounds } = text;
  const usable = usableInterval(cidr);
  if (bounds !== undefined) warnOfOverridden(fields, report);
  const start = bounds
    ? { address: bounds.first, field }
    : readBound(fields, "range_start", report);
  const end = bounds ? { address: bounds.last, field } : readBound(fields, "range_end", report);
  const first = usableValue(start, cidr, usable, report) ?? usable.first;
  const last = usableValue(end, cidr, usable, report) ?? usable.last;
  if (first <= last) return { first, last };
  const startText = formatAddress({ family: cidr.family, value: first });
  if (end !== undefined)
    addWarning(report, end.field, `has an end before its start ${startText}, which has no effect`);
  return { first, last: usable.last };
}

function warnOfOverridden(fields: Fields, report: Report): void {
  for (const key of ["range_start", "range_end"]) {
    const field = fields.get(key);
    if (field !== undefined && field.value !== "")
      addWarning(report, field, "has no effect: `range` names its first and last address");
  }
}

function readBound(fields: Fields, key: string, report: Report): NamedAddress | undefined {
  const field = fields.get(key);
  const text = readText(fields, key, report);
  if (field === undefined || text === undefined) return undefined;
  const address = tryParseAddress(text, { leadingZeros: true });
  if (address !== undefined) return { address, field };
  addWarning(report, field, "has no effect: it is not an address");
  return undefined;
}

function usableValue(
  bound: NamedAddress | undefined,
  cidr: Cidr,
  usable: Interval,
  report: Report,
): bigint | undefined {
  if (bound === undefined) return undefined;
  const { address, field } = bound;
  const { family, value } = address;
  if (family === cidr.family && value >= usable.first && value <= usable.last) return value;
  const why = `bounds nothing: ${formatAddress(address)} is not a usable address of ${formatCidr(cidr)}`;
  addWarning(report, field, why);
  return undefined;
}
