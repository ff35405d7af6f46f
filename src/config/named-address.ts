/** A configured address that remembers where it was named. */
import type { Address } from "../core/address.ts";
import { tryParseAddress } from "../core/address.ts";
import type { Fields } from "./fields.ts";
import { readText } from "./fields.ts";
import type { Field, Report } from "./report.ts";
import { addFault } from "./report.ts";

/** An address, and the field that named it. */
export interface NamedAddress {
  readonly address: Address;
  readonly field: Field;
}

/** The address at a key, a leading zero refused; undefined if absent, empty or, with a fault, no address. */
export function readAddress(fields: Fields, key: string, report: Report): NamedAddress | undefined {
  const field = fields.get(key);
  const text = readText(fields, key, report);
  if (field === undefined || text === undefined) return undefined;
  const address = tryParseAddress(text);
  if (address !== undefined) return { address, field };
  addFault(report, field, "is not an address");
  return undefined;
}
