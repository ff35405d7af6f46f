/** What any call whatever must look like from outside, however malformed it was. */
import { cniVersions } from "../../src/config/cni-version.ts";
import type { JsonObject } from "../../src/core/json.ts";
import { isJsonObject } from "../../src/core/json.ts";

/** What is looked at. `stderr` is empty where a call ran in the test's own process. */
export interface Answer {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Text that stands in all generated documents under secret keys, and must never be printed. */
export const SECRET = "hunter2-hunter2";

/** The traces of a crash: frames, paths of the executable's inside or of its sources, the runtime's own words. */
const TRACES: readonly RegExp[] = [
  /^\s+at .*:\d+:\d+\)?$/m,
  /\$bunfs|~BUN/,
  /\bsrc\/[\w/-]+\.ts\b/,
  /panic\(|Bun v\d|oh no: Bun/,
  /\b(?:TypeError|RangeError|ReferenceError|Segmentation)\b/,
];

/** All that is wrong with an answer to `command`, in sentences; none if it is in order. */
export function answerFaults(
  command: string | undefined,
  { exitCode, stdout, stderr }: Answer,
): readonly string[] {
  const output = stdout + stderr;
  return [
    ...TRACES.filter((trace) => trace.test(output)).map((trace) => `has a trace ${trace}`),
    ...(output.includes(SECRET) ? ["prints a secret"] : []),
    ...(exitCode === 0
      ? successFaults(command, stdout)
      : exitCode === 1
        ? failureFaults(stdout)
        : [`ends with exit code ${exitCode}`]),
  ];
}

function failureFaults(stdout: string): readonly string[] {
  const answer = tryParseObject(stdout);
  if (answer === undefined) return ["fails without exactly one JSON object"];
  const { code, msg } = answer;
  return [
    ...(Number.isInteger(code) ? [] : [`has the code ${String(code)}`]),
    ...(code === 199 ? ["is an internal error"] : []),
    ...(typeof msg === "string" && msg !== "" ? [] : ["has no msg"]),
    ...versionFaults(answer),
  ];
}

function successFaults(command: string | undefined, stdout: string): readonly string[] {
  if (command !== "ADD" && command !== "VERSION")
    return stdout === "" ? [] : [`prints something though it is ${command}`];
  const answer = tryParseObject(stdout);
  if (answer === undefined) return ["succeeds without exactly one JSON object"];
  const faults = versionFaults(answer);
  if (command === "VERSION")
    return Array.isArray(answer["supportedVersions"]) ? faults : [...faults, "lists no versions"];
  const { ips, ip4, ip6, code } = answer;
  const addresses = Array.isArray(ips) ? ips : [ip4, ip6].filter((ip) => ip !== undefined);
  return [
    ...faults,
    ...(code === undefined ? [] : ["succeeds with a code"]),
    ...(addresses.length > 0 ? [] : ["has no address"]),
    ...(addresses.every(hasAddress) ? [] : ["has an address that is none"]),
  ];
}

function hasAddress(ip: unknown): boolean {
  if (!isJsonObject(ip)) return false;
  const text = ip["address"] ?? ip["ip"];
  return typeof text === "string" && /^[0-9a-f.:]+\/\d+$/.test(text);
}

function versionFaults({ cniVersion }: JsonObject): readonly string[] {
  return cniVersions.some((version) => version === cniVersion)
    ? []
    : [`has the cniVersion ${String(cniVersion)}`];
}

function tryParseObject(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
