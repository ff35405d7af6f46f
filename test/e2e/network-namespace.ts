/** Real network namespaces: those of pods, and one that plays the host, so that the machine's own network is left alone. */
import { existsSync } from "node:fs";
import { isJsonObject } from "../../src/core/json.ts";
import type { Laboratory } from "./laboratory.ts";
import { run, succeed, waitFor } from "./program.ts";

/** A network namespace as `ip netns` keeps it. */
export interface NetworkNamespace {
  readonly name: string;
  readonly path: string;
}

/** Makes a namespace with a name that nobody else has. */
export async function addNamespace(lab: Laboratory, label: string): Promise<NetworkNamespace> {
  const name = `wb-${lab.id}-${label}`;
  const namespace = { name, path: `/run/netns/${name}` };
  lab.defer(() => deleteNamespace(namespace));
  await succeed(["ip", "netns", "add", name]);
  // Without duplicate address detection, an IPv6 address works at once.
  const noDetection = "echo 0 >/proc/sys/net/ipv6/conf/default/accept_dad";
  await succeed(inside(namespace, ["sh", "-c", noDetection]));
  return namespace;
}

/** Makes several. */
export async function addNamespaces<const Labels extends readonly string[]>(
  lab: Laboratory,
  ...labels: Labels
): Promise<{ readonly [Index in keyof Labels]: NetworkNamespace }>;
export async function addNamespaces(
  lab: Laboratory,
  ...labels: readonly string[]
): Promise<readonly NetworkNamespace[]> {
  const namespaces: NetworkNamespace[] = [];
  for (const label of labels) namespaces.push(await addNamespace(lab, label));
  return namespaces;
}

/** Deletes a namespace as a crash would: nobody tells a plugin. Does nothing if there is none. */
export async function deleteNamespace({ name, path }: NetworkNamespace): Promise<void> {
  if (existsSync(path)) await succeed(["ip", "netns", "delete", name]);
}

/** Where plugins run: has `up0`, one end of a veth pair (there need not be dummy links), as master of macvlan. */
export async function addHost(lab: Laboratory): Promise<NetworkNamespace> {
  const host = await addNamespace(lab, "host");
  await ip(host, "link", "add", "up0", "type", "veth", "peer", "name", "up1");
  for (const link of ["lo", "up0", "up1"]) await ip(host, "link", "set", link, "up");
  return host;
}

/** Runs `ip` in a namespace. */
export async function ip({ name }: NetworkNamespace, ...words: string[]): Promise<string> {
  return await succeed(["ip", "-n", name, ...words]);
}

/** A command that runs another one in a namespace, and changes nothing else of it. */
export function inside({ path }: NetworkNamespace, command: readonly string[]): string[] {
  return ["nsenter", `--net=${path}`, "--", ...command];
}

/** The global addresses of an interface with their prefix lengths, such as `10.0.0.1/24`; none if there is no such interface. */
export async function addressesOn(
  namespace: NetworkNamespace,
  interfaceName: string,
): Promise<readonly string[]> {
  const links: unknown = JSON.parse((await ip(namespace, "-j", "addr", "show")) || "[]");
  if (!Array.isArray(links)) throw new Error("`ip -j addr` printed no list");
  const link: unknown = links.find((one) => isJsonObject(one) && one["ifname"] === interfaceName);
  const infos = isJsonObject(link) ? link["addr_info"] : [];
  if (!Array.isArray(infos)) throw new Error("`ip -j addr` printed no addr_info");
  return infos
    .filter((info) => isJsonObject(info) && info["scope"] === "global")
    .map((info) => `${info["local"]}/${info["prefixlen"]}`);
}

/** Waits until an address answers. */
export async function ping(from: NetworkNamespace, address: string): Promise<void> {
  const command = inside(from, ["ping", "-n", "-c", "1", "-W", "1", address]);
  await waitFor(
    `an answer of ${address} to ${from.name}`,
    async () => (await run(command)).exitCode === 0,
  );
}
