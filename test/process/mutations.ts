/** Malformed calls: mutations of valid documents and environments, by a seeded source of chance. */
import { cniVersions } from "../../src/config/cni-version.ts";
import type { JsonObject } from "../../src/core/json.ts";
import { isJsonObject } from "../../src/core/json.ts";
import { SECRET } from "./answer.ts";
import type { Random } from "./random.ts";

/** A call as a runtime could make it; nothing in it need be right. */
export interface MalformedCall {
  readonly environment: Readonly<Record<string, string>>;
  readonly stdin: Uint8Array<ArrayBuffer>;
}

const commands = ["ADD", "DEL", "CHECK", "GC", "STATUS", "VERSION"];

/** A call with at least one thing in it that was changed. */
export function makeMalformedCall(random: Random, dataDir: string): MalformedCall {
  const document = makeDocument(random, dataDir);
  const environment = makeEnvironment(random);
  const lot = random.fraction();
  if (lot < 0.2)
    return { environment: mutateEnvironment(random, environment), stdin: encode(document) };
  const mutated = mutateDocument(random, document);
  if (lot < 0.6) return { environment, stdin: encode(mutated) };
  if (lot < 0.75) return { environment, stdin: mutateBytes(random, JSON.stringify(document)) };
  if (lot < 0.9) return { environment, stdin: mutateBytes(random, JSON.stringify(mutated)) };
  return { environment: mutateEnvironment(random, environment), stdin: encode(mutated) };
}

function encode(document: unknown): Uint8Array<ArrayBuffer> {
  return Buffer.from(JSON.stringify(document) ?? "");
}

function makeDocument(random: Random, dataDir: string): JsonObject {
  return {
    cniVersion: random.pick(cniVersions),
    name: "fuzz",
    type: "macvlan",
    master: "eth0",
    isGateway: random.fraction() < 0.2,
    ipam: makeIpam(random, dataDir),
    ...(random.fraction() < 0.3 && { runtimeConfig: { ips: ["10.9.0.7/24"] } }),
    ...(random.fraction() < 0.2 && { args: { cni: { ips: ["10.9.0.8"] } } }),
    ...(random.fraction() < 0.5 && {
      prevResult: { ips: [{ address: "10.9.0.7/24", interface: 0 }], routes: [], dns: {} },
    }),
    ...(random.fraction() < 0.5 && {
      "cni.dev/valid-attachments": [{ containerID: "c1", ifname: "eth0" }],
      "cni.dev/attachments": null,
    }),
  };
}

function makeIpam(random: Random, dataDir: string): JsonObject {
  const range = random.pick([
    { range: "10.9.0.0/24", gateway: "10.9.0.1", exclude: ["10.9.0.128/25"] },
    { range: "10.9.0.10-10.9.0.99/24" },
    { range: "fd09::/64", range_start: "fd09::10", range_end: "fd09::ffff" },
    { ipRanges: [{ range: "10.9.0.0/24", exclude: ["10.9.0.3"] }, { range: "fd09::/64" }] },
    { addresses: [{ address: "10.9.1.4/24", gateway: "10.9.1.1" }] },
  ]);
  return {
    type: "whereabouts",
    datastore: "local",
    data_dir: dataDir,
    ...range,
    network_name: random.pick(["", "blue"]),
    enable_overlapping_ranges: random.fraction() < 0.7,
    routes: [{ dst: "0.0.0.0/0" }, { dst: "192.168.0.0/16", gw: "10.9.0.9", mtu: 1400, table: 0 }],
    dns: { nameservers: ["10.9.0.53"], search: ["example.org"], domain: "a", options: ["ndots:5"] },
    log_file: `${dataDir}/log`,
    log_level: random.pick(["debug", "verbose", "error", "panic"]),
    reuse_delay: 0,
    // Full is said at once, and nothing waits for long.
    add_timeout: 5,
    etcd_username: SECRET,
    etcd_password: SECRET,
    kubernetes: null,
    strict: random.fraction() < 0.1,
  };
}

function makeEnvironment(random: Random): Record<string, string> {
  return {
    CNI_COMMAND: random.fraction() < 0.6 ? "ADD" : random.pick(commands),
    CNI_CONTAINERID: `c${random.below(100)}`,
    CNI_IFNAME: "eth0",
    CNI_NETNS: "/run/netns/whereabouts-process-test",
    CNI_PATH: "/opt/cni/bin",
    ...(random.fraction() < 0.4 && {
      CNI_ARGS: "IgnoreUnknown=1;K8S_POD_NAME=p;K8S_POD_UID=u1;IP=10.9.0.77",
    }),
  };
}

const variables = [
  "CNI_COMMAND",
  "CNI_CONTAINERID",
  "CNI_IFNAME",
  "CNI_NETNS",
  "CNI_ARGS",
  "CNI_NETNS_OVERRIDE",
];

/** No NUL: no process can be started with one. */
const hostileTexts = [
  "",
  " ",
  "add",
  "ADD ",
  "NOPE",
  "../../etc/passwd",
  "/dev/null",
  "/proc/self/ns/net",
  "/proc/1/ns/net",
  "/",
  ".",
  "..",
  "a/b",
  "a:b",
  "c1;rm -rf",
  "'; DROP TABLE owners; --",
  "%s%n%x",
  "\u001b[31mred",
  "line\nbreak",
  "\u202eright",
  "ünïcödé",
  "__proto__",
  "constructor",
  "toString",
  "💥".repeat(20),
  "x".repeat(16),
  "x".repeat(5000),
  "IP=10.9.0.300",
  "IP=",
  "IP",
  "=;=;=",
  "IP=1;IP=2;;",
  "A=1",
  "IgnoreUnknown=1;A=1;B=2",
  "IgnoreUnknown=yes;A=1",
  "IP=::;GATEWAY=x",
  "K8S_POD_NAMESPACE=n;K8S_POD_INFRA_CONTAINER_ID=i",
  "1",
  "true",
];

function mutateEnvironment(
  random: Random,
  environment: Record<string, string>,
): Record<string, string> {
  const mutated = { ...environment };
  for (let count = 1 + random.below(2); count > 0; count--) {
    const name = random.pick(variables);
    if (random.fraction() < 0.2) delete mutated[name];
    else mutated[name] = random.pick(hostileTexts);
  }
  return mutated;
}

/** Values that stand where others are expected; big ones are made when they are asked for. */
const hostileValues: readonly (() => unknown)[] = [
  ...[
    null,
    true,
    false,
    0,
    -1,
    1.5,
    1e308,
    -1e308,
    2 ** 53,
    5e-324,
    [],
    {},
    [[]],
    [null],
    [{}],
  ].map((value) => () => value),
  ...[...hostileTexts, "nul\0inside", "\ud800", "\0"].map((text) => () => text),
  ...[
    "10.9.0.0/33",
    "10.9.0.0/-1",
    "10.9.0.0/1e1",
    "10.9.0.9-10.9.0.1/24",
    "010.009.0.0/24",
    "0.0.0.0/0",
    "255.255.255.255/32",
    "::/0",
    "::ffff:10.9.0.0/120",
    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128",
    "fe80::1%eth0/64",
    "1.2.3/24",
    "9.9.9",
    "0.1.0",
    "1.1.0",
    "etcd",
    "kubernetes",
    "local",
    "host-local",
  ].map((text) => () => text),
  () => "9".repeat(10_000),
  () => Array.from({ length: 2000 }, (_, index) => `10.9.${index >> 8}.${index & 255}`),
  () => Array.from({ length: 200 }, () => ({ range: "10.9.0.0/24" })),
  () => Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`key${index}`, index])),
  () => nested(200),
  () => nested(2000),
];

function nested(depth: number): unknown {
  let value: unknown = [];
  for (let level = 0; level < depth; level++) value = [value];
  return value;
}

/** The keys whose values are secret are left alone: elsewhere they would rightly be shown. */
function isKept(key: string): boolean {
  return key === "etcd_username" || key === "etcd_password";
}

/** A place in a document: an object or a list, and a key in it. */
interface Place {
  readonly holder: Record<string, unknown>;
  readonly key: string;
}

/** All places, but those deep inside of a value that was put there. */
function placesIn(value: unknown, levels = 6): readonly Place[] {
  if (typeof value !== "object" || value === null || levels === 0) return [];
  // SAFETY: lists are written by their indices as well as objects by their keys.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const holder = value as Record<string, unknown>;
  return Object.keys(holder)
    .filter((key) => !isKept(key))
    .flatMap((key) => [{ holder, key }, ...placesIn(holder[key], levels - 1)]);
}

function mutateDocument(random: Random, document: JsonObject): unknown {
  const mutated: unknown = structuredClone(document);
  if (random.fraction() < 0.03) return random.pick(hostileValues)();
  for (let count = 1 + random.below(3); count > 0; count--) {
    const { holder, key } = random.pick(placesIn(mutated));
    const lot = random.fraction();
    if (lot < 0.6) holder[key] = random.pick(hostileValues)();
    else if (lot < 0.75) delete holder[key];
    else if (lot < 0.85) rename(random, holder, key);
    else if (lot < 0.95) {
      const other = random.pick(placesIn(mutated));
      if (!hasKept(other.holder[other.key])) holder[key] = structuredClone(other.holder[other.key]);
    } else holder[key] = { [key]: holder[key] };
  }
  return mutated;
}

function hasKept(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(hasKept);
  return isJsonObject(value) && Object.keys(value).some(isKept);
}

function rename(random: Random, holder: Record<string, unknown>, key: string): void {
  const name = random.pick([key.toUpperCase(), `${key}s`, key.slice(1), "__proto__", "", "\0"]);
  Object.defineProperty(holder, name, {
    value: holder[key],
    enumerable: true,
    configurable: true,
    writable: true,
  });
}

const garbage: readonly Buffer[] = [
  Buffer.from([0xff, 0xfe]),
  Buffer.from([0xc3]),
  Buffer.from([0xed, 0xa0, 0x80]),
  Buffer.from([0xf8, 0x88, 0x80, 0x80, 0x80]),
  ..."\0|\ufeff|}|{|[|\"|,|:|\\|\n|//|NaN|1e999|-|\u001b[2J|null|0x10|'"
    .split("|")
    .map((text) => Buffer.from(text)),
  Buffer.from("9".repeat(400)),
  Buffer.from("[".repeat(3000)),
  Buffer.from('{"a":'.repeat(3000)),
];

/** Damages the text itself. */
function mutateBytes(random: Random, text: string): Uint8Array<ArrayBuffer> {
  const bytes = Buffer.from(text);
  const at = random.below(bytes.length + 1);
  const lot = random.fraction();
  if (lot < 0.25) return bytes.subarray(0, at);
  if (lot < 0.35) return bytes.subarray(at);
  if (lot < 0.65)
    return Buffer.concat([bytes.subarray(0, at), random.pick(garbage), bytes.subarray(at)]);
  if (lot < 0.75) return Buffer.concat([bytes, random.pick(garbage), bytes]);
  if (lot < 0.78) return Buffer.concat([bytes, Buffer.alloc(1_048_576 + random.below(9000), " ")]);
  const flipped = Buffer.from(bytes);
  for (let count = 1 + random.below(4); count > 0; count--) {
    const index = random.below(flipped.length);
    flipped[index] = (flipped[index] ?? 0) ^ (1 << random.below(8));
  }
  return flipped;
}
