/** The keys of the store etcd (design section 5). */
import type { EtcdCredentials, EtcdStoreChoice, EtcdTlsFiles } from "./configuration.ts";
import { readEndpoints } from "./etcd-endpoints.ts";
import { readPrefix } from "./etcd-prefix.ts";
import type { Fields } from "./fields.ts";
import { isEmpty, readText } from "./fields.ts";
import { etcdKeys } from "./known-keys.ts";
import type { Field, Report } from "./report.ts";
import { addFault } from "./report.ts";

/** The chosen etcd; undefined, with a fault of scope `store`, where anything about it is wrong. */
export function readEtcdChoice(fields: Fields, report: Report): EtcdStoreChoice | undefined {
  const faultsBefore = report.faults.length;
  if (!isGiven(fields, "etcd_host")) {
    const expected =
      'is missing: name an etcd server, such as `"etcd_host": "127.0.0.1:2379"`, or several, separated by commas';
    addFault(report, fieldOf(fields, "etcd_host"), expected, "store");
  }
  const tls = readTlsFiles(fields, report);
  const tlsKey = tlsKeys.find((key) => isGiven(fields, key));
  const endpoints = readEndpoints(fields, tlsKey, report);
  const credentials = readCredentials(fields, report);
  const prefix = readPrefix(fields, report);
  const legacy = readLegacy(fields, report);
  if (report.faults.length > faultsBefore) return undefined;
  return {
    kind: "etcd",
    endpoints,
    prefix,
    ...(credentials !== undefined && { credentials }),
    ...(tlsKey !== undefined && { tls }),
    ...(legacy !== undefined && { legacy }),
  };
}

/** A key that is about etcd and is given, if there is one. */
export function givenEtcdKey(fields: Fields): string | undefined {
  return etcdKeys.find((key) => isGiven(fields, key));
}

/** Where another store is chosen: the types of the keys, so that a configuration is right for etcd too. */
export function checkEtcdTypes(fields: Fields, report: Report): void {
  for (const key of etcdKeys) {
    const field = fields.get(key);
    if (field === undefined) continue;
    if (key !== "etcd_host" || !Array.isArray(field.value)) readText(fields, key, report);
    else if (field.value.some((item: unknown) => typeof item !== "string"))
      addFault(report, field, "is not a string or a list of strings");
  }
}

const tlsKeys = ["etcd_ca_cert_file", "etcd_cert_file", "etcd_key_file"] as const;

function readTlsFiles(fields: Fields, report: Report): EtcdTlsFiles {
  const caFile = readPath(fields, "etcd_ca_cert_file", report);
  const certFile = readPath(fields, "etcd_cert_file", report);
  const keyFile = readPath(fields, "etcd_key_file", report);
  requireBeside(fields, "etcd_cert_file", ["etcd_key_file"], report);
  requireBeside(fields, "etcd_key_file", ["etcd_cert_file"], report);
  return {
    ...(caFile !== undefined && { caFile }),
    ...(certFile !== undefined && { certFile }),
    ...(keyFile !== undefined && { keyFile }),
  };
}

function readCredentials(fields: Fields, report: Report): EtcdCredentials | undefined {
  const username = readText(fields, "etcd_username", report, "store");
  const password = readText(fields, "etcd_password", report, "store");
  const passwordFile = readPath(fields, "etcd_password_file", report);
  requireBeside(fields, "etcd_username", ["etcd_password", "etcd_password_file"], report);
  requireBeside(fields, "etcd_password", ["etcd_username"], report);
  requireBeside(fields, "etcd_password_file", ["etcd_username"], report);
  if (isGiven(fields, "etcd_password") && isGiven(fields, "etcd_password_file")) {
    const file = fieldOf(fields, "etcd_password_file");
    addFault(report, file, "is given beside `etcd_password`: give one of them", "store");
  }
  if (username === undefined) return undefined;
  if (password !== undefined) return { username, password };
  return passwordFile === undefined ? undefined : { username, passwordFile };
}

function readLegacy(fields: Fields, report: Report): EtcdStoreChoice["legacy"] {
  const legacy = readText(fields, "etcd_legacy", report, "store");
  if (legacy === undefined || legacy === "mixed" || legacy === "off") return legacy;
  addFault(report, fieldOf(fields, "etcd_legacy"), 'is not "mixed" or "off"', "store");
  return undefined;
}

/** Adds a fault where `key` is given, and nothing of what it needs. */
function requireBeside(
  fields: Fields,
  key: string,
  needed: readonly string[],
  report: Report,
): void {
  if (!isGiven(fields, key) || needed.some((other) => isGiven(fields, other))) return;
  const names = needed.map((other) => `\`${other}\``).join(" or ");
  addFault(report, fieldOf(fields, key), `needs ${names} beside it`, "store");
}

function readPath(fields: Fields, key: string, report: Report): string | undefined {
  const path = readText(fields, key, report, "store");
  if (path === undefined || (path.startsWith("/") && !path.includes("\0"))) return path;
  addFault(report, fieldOf(fields, key), "is not an absolute path", "store");
  return undefined;
}

function isGiven(fields: Fields, key: string): boolean {
  const field = fields.get(key);
  return field !== undefined && !isEmpty(field.value);
}

function fieldOf(fields: Fields, key: string): Field {
  return fields.get(key) ?? { path: `ipam.${key}`, key, value: undefined };
}
