/** The flat file: an `ipam` object on the host's disk that fills in what the CNI configuration leaves empty. */
import { errorMessage } from "../core/error.ts";
import { isJsonObject, parseJson } from "../core/json.ts";
import { readTextFile, statFile } from "../lib/files.ts";
import { errorCode } from "../lib/system-call.ts";
import type { Fields } from "./fields.ts";
import { isEmpty, readFields } from "./fields.ts";
import { ipamKeys } from "./known-keys.ts";
import type { Field, Report } from "./report.ts";
import { addFault, addWarning } from "./report.ts";

/**
 * Reads a file. Undefined if nothing is there; throws whatever else is in the way, for a folder an error whose
 * `code` is `EISDIR`.
 */
export type FlatFileReader = (path: string) => string | undefined;

/** Where a flat file is looked for, after `configuration_path`. */
export const flatFilePaths: readonly string[] = [
  "/etc/kubernetes/cni/net.d/whereabouts.d/whereabouts.conf",
  "/etc/cni/net.d/whereabouts.d/whereabouts.conf",
  "/host/etc/cni/net.d/whereabouts.d/whereabouts.conf",
];

/** What the search for a flat file came to. */
export interface FlatFile {
  /** Every path that was looked at. */
  readonly lookedFor: readonly string[];
  /** The file that was found, whatever is in it. */
  readonly path: string | undefined;
  /** Whether a file may be there and could not be read or is no configuration; a fault says why. */
  readonly failed: boolean;
  readonly fields: Fields;
}

const maximumSizeBytes = 1 << 20;

/** The {@link FlatFileReader} of the real file system. */
export function readFlatFile(path: string): string | undefined {
  const status = statFile(path);
  if (status === undefined) return undefined;
  if (status.kind === "folder")
    throw Object.assign(new Error("it is a folder"), { code: "EISDIR" });
  // Reading a pipe would wait for ever.
  if (status.kind !== "file") throw new Error("it is not a regular file");
  if (status.sizeBytes > maximumSizeBytes) throw new Error("it is larger than 1 MiB");
  return readTextFile(path);
}

/** Finds and reads the flat file; the first that exists counts. */
export function findFlatFile(
  configurationPath: Field | undefined,
  read: FlatFileReader,
  report: Report,
): FlatFile {
  const fields: Fields = new Map();
  const named = namedPath(configurationPath, report);
  const lookedFor = [...new Set([...(named === undefined ? [] : [named]), ...flatFilePaths])];
  for (const path of lookedFor) {
    let text: string | undefined;
    try {
      text = read(path);
    } catch (error) {
      // The installer of the Go implementation gave the name of a folder to this key.
      if (path === named && errorCode(error) === "EISDIR") continue;
      addFault(report, fileField(path), `cannot be read: ${errorMessage(error)}`, "store");
      return { lookedFor, path, failed: true, fields };
    }
    if (text !== undefined) {
      const parsed = parseFlatFile(path, text, report);
      return { lookedFor, path, failed: parsed === undefined, fields: parsed ?? fields };
    }
    if (path === named && configurationPath !== undefined)
      addWarning(report, configurationPath, "is not there");
  }
  const failed = configurationPath !== undefined && typeof configurationPath.value !== "string";
  return { lookedFor, path: undefined, failed, fields };
}

function namedPath(field: Field | undefined, report: Report): string | undefined {
  if (field === undefined) return undefined;
  if (typeof field.value === "string") return field.value === "" ? undefined : field.value;
  addFault(report, field, "is not a string", "store");
  return undefined;
}

function parseFlatFile(path: string, text: string, report: Report): Fields | undefined {
  let content: unknown;
  try {
    content = parseJson(text);
  } catch (error) {
    addFault(report, fileField(path), `is not JSON: ${errorMessage(error)}`, "store");
    return undefined;
  }
  if (isJsonObject(content)) return readFields(content, ipamKeys, `${path}: `, report);
  addFault(report, fileField(path), "is not a JSON object", "store");
  return undefined;
}

function fileField(path: string): Field {
  return { path, key: "", value: undefined };
}

/** Keys that only the CNI configuration can give. */
const neverFilled = new Set(["enable_overlapping_ranges", "configuration_path"]);

/** The CNI configuration, with what is empty there filled in from the flat file. Lists are not joined. */
export function fillEmpty(own: Fields, flat: Fields, report: Report): Fields {
  const filled = new Map(own);
  for (const [key, field] of flat) {
    if (!neverFilled.has(key) && isEmpty(own.get(key)?.value)) filled.set(key, field);
  }
  const overlapping = flat.get("enable_overlapping_ranges");
  if (overlapping !== undefined && overlapping.value !== true)
    addWarning(report, overlapping, "has an effect in the CNI configuration only");
  return filled;
}
