/** What is found while a configuration is read: faults and warnings, gathered rather than thrown. */
import type { Fault, FaultScope, Warning } from "./configuration.ts";
import { formatValue } from "./value-text.ts";

/** One value of a configuration, and where it stands; `value` is undefined where it is missing. */
export interface Field {
  /** `ipam.ipRanges[1].gateway`, or `FILE: gateway` for what a flat file says. */
  readonly path: string;
  /** The canonical key, or that of the list in which the value stands. */
  readonly key: string;
  readonly value: unknown;
}

/** The faults and warnings found so far. */
export interface Report {
  readonly faults: Fault[];
  readonly warnings: Warning[];
}

/** No document needs more entries than this; more would only make the message unreadable. */
const maximumListed = 100;

/** A report without entries. */
export function makeReport(): Report {
  return { faults: [], warnings: [] };
}

/** Adds a fault. `expected` continues a sentence that begins with the value: `is not a string`. */
export function addFault(
  report: Report,
  field: Field,
  expected: string,
  scope: FaultScope = "range",
): void {
  const { faults } = report;
  // What stands in the way of every command is never left out.
  if (scope === "range" && faults.length >= maximumListed) {
    if (faults.length === maximumListed)
      faults.push({ path: "ipam", value: "", expected: "has more faults than are listed", scope });
    return;
  }
  faults.push({ ...entry(field, expected), scope });
}

/** Adds a warning; `expected` as for {@link addFault}. */
export function addWarning(report: Report, field: Field, expected: string): void {
  const { warnings } = report;
  if (warnings.length < maximumListed) warnings.push(entry(field, expected));
  else if (warnings.length === maximumListed)
    warnings.push({ path: "ipam", value: "", expected: "has more such keys than are listed" });
}

/** Whether another warning would still be listed: where finding its words is costly. */
export function hasRoomForWarning(report: Report): boolean {
  return report.warnings.length < maximumListed;
}

function entry({ path, key, value }: Field, expected: string): Warning {
  return { path, value: formatValue(value, key), expected };
}
