/** From decoded JSON to the canonical configuration. */
import { WhereaboutsError } from "../core/error.ts";
import type { JsonObject } from "../core/json.ts";
import { isJsonObject } from "../core/json.ts";
import type { Fault, ParsedConfiguration, Warning } from "./configuration.ts";
import type { Fields } from "./fields.ts";
import { isEmpty, readBoolean, readFields, readObject } from "./fields.ts";
import type { FlatFileReader } from "./flat-file.ts";
import { fillEmpty, findFlatFile, readFlatFile } from "./flat-file.ts";
import { dnsKeys, ipamKeys, kubernetesKeys } from "./known-keys.ts";
import { parseRanges } from "./ranges.ts";
import type { Field, Report } from "./report.ts";
import { addFault, makeReport } from "./report.ts";
import { parseDns, parseRoutes, parseStaticAddresses } from "./result-parts.ts";
import { parseSettings } from "./settings.ts";
import { chooseStore } from "./store-choice.ts";

/** What the meaning of an `ipam` object hangs on beside itself. */
export interface ConfigurationContext {
  /** The whole plugin configuration from stdin, for `isGateway` and `isDefaultGateway`. */
  readonly main: JsonObject;
  /** Whether `CNI_ARGS` names `K8S_POD_NAMESPACE` or `K8S_POD_INFRA_CONTAINER_ID`. */
  readonly inCluster: boolean;
  /** The folder of the local store where `data_dir` names none. */
  readonly defaultDataDir: string;
  /** In place of the real file system, for tests. */
  readonly readFlatFile?: FlatFileReader;
}

/**
 * Reads an `ipam` object, with the flat file merged in. It does not throw: what is wrong stands in `faults`, to
 * which the caller holds each command according to their scope.
 */
export function parseConfiguration(
  ipam: unknown,
  context: ConfigurationContext,
): ParsedConfiguration {
  const report = makeReport();
  const own = readIpam(ipam, report);
  const reader = context.readFlatFile ?? readFlatFile;
  const flatFile = findFlatFile(own.get("configuration_path"), reader, report);
  const fields = fillEmpty(own, flatFile.fields, report);
  const flat = flatFile.fields;

  const kubernetes = mergeObjects("kubernetes", kubernetesKeys, own, flat, report);
  const store = chooseStore(
    {
      fields,
      kubernetes: kubernetesChooser(kubernetes, fields.get("kubernetes")),
      flatFile,
      inCluster: context.inCluster,
      defaultDataDir: context.defaultDataDir,
    },
    report,
  );
  const settings = parseSettings(fields, report);
  const ranges = parseRanges(fields, mainPluginIsGateway(context.main), report);
  const addresses = parseStaticAddresses(fields, ranges, report);
  const routes = parseRoutes(fields, report);
  const dns = parseDns(mergeObjects("dns", dnsKeys, own, flat, report), report);

  const strict = readBoolean(fields, "strict", report) === true;
  const scope = "range";
  const faults = strict
    ? [...report.faults, ...report.warnings.map((warning) => ({ ...warning, scope }) as const)]
    : report.faults;
  return {
    configuration: {
      ...settings,
      store: isJsonObject(ipam) ? store : undefined,
      ranges,
      addresses,
      routes,
      dns,
    },
    faults,
    warnings: strict ? [] : report.warnings,
    flatFile: flatFile.path,
  };
}

function readIpam(ipam: unknown, report: Report): Fields {
  if (isJsonObject(ipam)) return readFields(ipam, ipamKeys, "ipam.", report);
  const missing = ipam === undefined || ipam === null;
  const field = { path: "ipam", key: "ipam", value: missing ? undefined : ipam };
  addFault(report, field, missing ? "is missing" : "is not an object", "store");
  return new Map();
}

/** An object that the flat file fills in field by field. */
function mergeObjects(
  key: string,
  keys: readonly string[],
  own: Fields,
  flat: Fields,
  report: Report,
): Fields {
  const merged = new Map<string, Field>();
  for (const field of [own.get(key), flat.get(key)]) {
    if (field === undefined) continue;
    for (const [name, value] of readObject(field, keys, report) ?? []) {
      if (isEmpty(merged.get(name)?.value)) merged.set(name, value);
    }
  }
  return merged;
}

/** The field that makes a `kubernetes` object count as given: any that is not empty. */
function kubernetesChooser(merged: Fields, whole: Field | undefined): Field | undefined {
  const given = [...merged.values()].find(({ value }) => !isEmpty(value));
  if (given !== undefined || whole === undefined || isJsonObject(whole.value)) return given;
  return isEmpty(whole.value) ? undefined : whole;
}

/** Whether the main plugin makes itself the gateway; its keys match whatever their case. */
function mainPluginIsGateway(main: JsonObject): boolean {
  return Object.entries(main).some(
    ([key, value]) => value === true && /^is(default)?gateway$/i.test(key),
  );
}

/**
 * The one error for all faults of a configuration; `faults` is not empty.
 * `ipam.range: "10.0.0.0/33" is not an address prefix …; ipam.gateway: …`
 */
export function configurationError(faults: readonly Fault[]): WhereaboutsError {
  const lines = faults.map(formatWarning);
  return new WhereaboutsError("invalid-configuration", lines.join("; "), {
    ...(lines.length > 1 && { details: lines.join("\n") }),
  });
}

/** A warning, or a fault, as one sentence: `ipam.rangeStart: is not a known key; …`. */
export function formatWarning({ path, value, expected }: Warning): string {
  return value === "" ? `${path}: ${expected}` : `${path}: ${value} ${expected}`;
}
