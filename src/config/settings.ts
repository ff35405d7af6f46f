/** The plain settings of a configuration: names, switches, times, log. */
import type { Configuration, LogLevel } from "./configuration.ts";
import type { Fields, NumberRule } from "./fields.ts";
import { readBoolean, readNumber, readText } from "./fields.ts";
import { numberKeysWithoutEffect, textKeysWithoutEffect } from "./known-keys.ts";
import type { Report } from "./report.ts";
import { addFault, addWarning } from "./report.ts";

/** The part of a configuration that stands in single values. */
export type Settings = Pick<
  Configuration,
  "network" | "overlapping" | "logFile" | "logLevel" | "reuseDelaySeconds" | "timeouts"
>;

const reuseDelay: NumberRule = {
  accepts: (value) => value >= 0 && value <= 31_536_000,
  expected: "a number of seconds from 0 to 31536000 (a year)",
};

const timeout: NumberRule = {
  accepts: (value) => value > 0 && value <= 600,
  expected: "a number of seconds above 0, at most 600",
};

/** Reads the settings; what is absent or at fault has its default. */
export function parseSettings(fields: Fields, report: Report): Settings {
  checkType(fields, report);
  checkKeysWithoutEffect(fields, report);
  return {
    network: readNetworkName(fields, report),
    overlapping: readBoolean(fields, "enable_overlapping_ranges", report) ?? true,
    logFile: readText(fields, "log_file", report),
    logLevel: readLogLevel(fields, report),
    reuseDelaySeconds: readNumber(fields, "reuse_delay", reuseDelay, report) ?? 0,
    timeouts: {
      addMs: readTimeoutMs(fields, "add_timeout", 10, report),
      delMs: readTimeoutMs(fields, "del_timeout", 10, report),
      statusMs: readTimeoutMs(fields, "status_timeout", 2, report),
    },
  };
}

function checkType(fields: Fields, report: Report): void {
  const field = fields.get("type");
  if (field !== undefined && field.value !== "whereabouts")
    addFault(report, field, 'is not "whereabouts"');
}

function readNetworkName(fields: Fields, report: Report): string {
  const field = fields.get("network_name");
  const name = readText(fields, "network_name", report, "store");
  if (field === undefined || name === undefined) return "";
  if (name.length > 253 || !/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(name))
    addWarning(report, field, "is not an RFC 1123 name, as the Kubernetes store needs it");
  return name;
}

function readLogLevel(fields: Fields, report: Report): LogLevel {
  const field = fields.get("log_level");
  const level = readText(fields, "log_level", report);
  if (level === "debug" || level === "verbose" || level === "error" || level === "panic")
    return level;
  if (field !== undefined && level !== undefined)
    addWarning(report, field, 'has no effect: it is not "debug", "verbose", "error" or "panic"');
  return "debug";
}

function readTimeoutMs(
  fields: Fields,
  key: string,
  defaultSeconds: number,
  report: Report,
): number {
  const seconds = readNumber(fields, key, timeout, report) ?? defaultSeconds;
  return Math.max(1, Math.round(seconds * 1000));
}

const anyNumber: NumberRule = { accepts: () => true, expected: "a number" };

/** Keys of other stores and programs: their types are checked, so that a configuration is right for these too. */
function checkKeysWithoutEffect(fields: Fields, report: Report): void {
  for (const key of textKeysWithoutEffect) readText(fields, key, report);
  for (const key of numberKeysWithoutEffect) readNumber(fields, key, anyNumber, report);
  const slice = fields.get("node_slice_size");
  if (slice !== undefined && typeof slice.value !== "string" && typeof slice.value !== "number")
    addFault(report, slice, "is not a string");
}
