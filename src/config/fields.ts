/** Reading values of known keys and types out of decoded JSON, whose keys match whatever their case. */
import type { JsonObject } from "../core/json.ts";
import { isJsonObject } from "../core/json.ts";
import type { FaultScope } from "./configuration.ts";
import { foreignKeyHint } from "./known-keys.ts";
import { nearestKey } from "./nearest-key.ts";
import type { Field, Report } from "./report.ts";
import { addFault, addWarning, hasRoomForWarning } from "./report.ts";
import { formatKey } from "./value-text.ts";

/** The values of one object under their canonical keys; what is absent or null is not in it. */
export type Fields = ReadonlyMap<string, Field>;

/** Whether a value counts as not given when configurations are merged: Go's zero values. */
export function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null) return true;
  return value === "" || value === 0 || value === false || (Array.isArray(value) && !value.length);
}

/**
 * The known keys of an object. Of several spellings of a key the exact one counts, else the last. Keys that
 * are not known, or do not count, become warnings.
 */
export function readFields(
  object: JsonObject,
  keys: readonly string[],
  prefix: string,
  report: Report,
): Fields {
  const fields = new Map<string, Field>();
  for (const [written, value] of Object.entries(object)) {
    const key = keys.includes(written) ? written : keyFoldedTo(written.toLowerCase(), keys);
    if (key === undefined) {
      warnOfUnknownKey(written, keys, prefix, report);
    } else if (written !== key && Object.hasOwn(object, key)) {
      const ignored = { path: `${prefix}${formatKey(written)}`, key, value };
      addWarning(report, ignored, `has no effect beside \`${key}\``);
    } else if (value !== null) {
      const previous = fields.get(key);
      if (previous !== undefined)
        addWarning(report, previous, "has no effect: the key is given again");
      fields.set(key, { path: `${prefix}${key}`, key, value });
    }
  }
  return fields;
}

/** The key that is the same but for its case. Not asked for exact keys: what runs often at a start starts the JIT. */
function keyFoldedTo(folded: string, keys: readonly string[]): string | undefined {
  return keys.find((key) => key.toLowerCase() === folded);
}

function warnOfUnknownKey(
  written: string,
  keys: readonly string[],
  prefix: string,
  report: Report,
): void {
  // The value is not shown: the key may be a secret's, misspelt.
  const field = { path: `${prefix}${formatKey(written)}`, key: written, value: undefined };
  const hint = foreignKeyHint(written);
  if (hint !== undefined && keys.includes("range")) return addWarning(report, field, hint);
  const near = hasRoomForWarning(report) ? nearestKey(written, keys) : undefined;
  const meant = near === undefined ? "" : `; \`${near}\` is one`;
  return addWarning(report, field, `is not a known key${meant}`);
}

/** The fields of an object; undefined, with a fault, if the value is none. */
export function readObject(
  field: Field,
  keys: readonly string[],
  report: Report,
): Fields | undefined {
  if (isJsonObject(field.value)) return readFields(field.value, keys, `${field.path}.`, report);
  addFault(report, field, "is not an object");
  return undefined;
}

/** A text; undefined if absent, empty, or, with a fault, of another type. */
export function readText(
  fields: Fields,
  key: string,
  report: Report,
  scope: FaultScope = "range",
): string | undefined {
  const field = fields.get(key);
  if (field === undefined || field.value === "") return undefined;
  if (typeof field.value === "string") return field.value;
  addFault(report, field, "is not a string", scope);
  return undefined;
}

/** True or false; undefined if absent or, with a fault, of another type. */
export function readBoolean(fields: Fields, key: string, report: Report): boolean | undefined {
  const field = fields.get(key);
  if (field === undefined) return undefined;
  if (typeof field.value === "boolean") return field.value;
  addFault(report, field, "is not true or false");
  return undefined;
}

/** Which numbers a key takes, and how a message says so. */
export interface NumberRule {
  readonly accepts: (value: number) => boolean;
  /** Continues "is not a …". */
  readonly expected: string;
}

/** A number; undefined if absent or, with a fault, of another type or against the rule. */
export function readNumber(
  fields: Fields,
  key: string,
  rule: NumberRule,
  report: Report,
): number | undefined {
  const field = fields.get(key);
  if (field === undefined) return undefined;
  if (typeof field.value === "number" && rule.accepts(field.value)) return field.value;
  addFault(report, field, `is not ${rule.expected}`);
  return undefined;
}

/** The items of a list; empty if absent or, with a fault, of another type. */
export function readList(fields: Fields, key: string, report: Report): readonly Field[] {
  const field = fields.get(key);
  if (field === undefined) return [];
  if (Array.isArray(field.value)) {
    const items: readonly unknown[] = field.value;
    return items.map((value, index) => ({ path: `${field.path}[${index}]`, key, value }));
  }
  addFault(report, field, "is not a list");
  return [];
}

/** The texts of a list; items of another type become faults. */
export function readTexts(fields: Fields, key: string, report: Report): readonly string[] {
  const texts: string[] = [];
  for (const item of readList(fields, key, report)) {
    if (typeof item.value === "string") texts.push(item.value);
    else addFault(report, item, "is not a string");
  }
  return texts;
}
