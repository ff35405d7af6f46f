/** An independent checker: reads etcd with etcdctl, and says what is wrong there. */
import { userFlag } from "../etcd/authentication.ts";
import type { User } from "../etcd/authentication.ts";
import type { EtcdMember } from "../etcd/member.ts";
import type { AddressEntry, Entry, OwnerEntry } from "./layout.ts";
import { addressEntry, entriesOf, ownerEntry, requireRecord } from "./layout.ts";

/** What stands in etcd below a prefix. */
export interface Contents {
  readonly owners: ReadonlyMap<string, OwnerEntry>;
  readonly addresses: readonly AddressEntry[];
  /** Everything that contradicts something else, in sentences. */
  readonly faults: readonly string[];
}

/** Reads and checks everything below a prefix. */
export async function check(server: EtcdMember, prefix: string, user?: User): Promise<Contents> {
  const flags = user === undefined ? [] : [userFlag(user)];
  return contentsOf(entriesOf(await get(server, [...flags, prefix])), prefix);
}

async function get(server: EtcdMember, args: readonly string[]): Promise<string> {
  return await server.etcdctl("get", "--prefix", "-w", "json", "--command-timeout=15s", ...args);
}

/** What keys say, and what is wrong with them. */
export function contentsOf(entries: readonly Entry[], prefix: string): Contents {
  const faults: string[] = [];
  const owners = new Map<string, OwnerEntry>();
  const addresses: AddressEntry[] = [];
  const values = new Map(entries.map(({ key, value }) => [key.slice(prefix.length), value]));
  for (const { key, value, isLeased } of entries) {
    const [, kind = "", rest = ""] = /^([a-z]+)\/(.*)$/.exec(key.slice(prefix.length)) ?? [];
    try {
      if (kind === "owner") owners.set(rest, ownerEntry(rest, value));
      else if (kind === "address") addresses.push(addressEntry(rest, value));
      else if (kind === "rest") {
        if (values.get(`address/${rest}`) !== value) faults.push(`${key} is not as its address`);
      } else if (kind === "void") {
        if (!isLeased) faults.push(`${key} would stay for ever`);
      } else if (kind !== "pool" && kind !== "hint" && kind !== "node") {
        faults.push(`${key} is of no known kind`);
      } else requireRecord(value);
    } catch (error) {
      faults.push(`${key} cannot be read (${String(error)}): ${value}`);
    }
  }
  for (const { address, isResting, ...at } of addresses) {
    const key = `rest/${at.network},${at.domain},${keyAddress(address)}`;
    if (isResting !== values.has(key)) faults.push(`${key} is ${isResting ? "missing" : "there"}`);
  }
  return {
    owners,
    addresses,
    faults: [...faults, ...ownerFaults(owners, addresses), ...doubles(addresses)],
  };
}

function keyAddress(address: string): string {
  if (!address.includes(".")) return `6${address}`;
  return `4${Buffer.from(address.split(".").map(Number)).toString("hex")}`;
}

function nameOf({
  network,
  domain,
  address,
}: Pick<AddressEntry, "network" | "domain" | "address">) {
  return `${network},${domain},${address}`;
}

/** Each held address is listed by exactly the owner that it names, and the other way round. */
function ownerFaults(
  owners: ReadonlyMap<string, OwnerEntry>,
  addresses: readonly AddressEntry[],
): readonly string[] {
  const faults: string[] = [];
  const held = new Map(
    addresses.filter(({ isResting }) => !isResting).map((entry) => [nameOf(entry), entry]),
  );
  const listed = new Map<string, string>();
  for (const { owner, network, holdings } of owners.values()) {
    if (holdings.length === 0) faults.push(`${owner} holds nothing`);
    for (const { address, cidr, domain } of holdings) {
      const name = nameOf({ network, domain, address });
      const entry = held.get(name);
      if (listed.has(name)) faults.push(`${name} is listed by ${owner} and ${listed.get(name)}`);
      listed.set(name, owner);
      if (entry === undefined) faults.push(`${owner} lists ${name}, which has no key`);
      else if (entry.owner !== owner) faults.push(`${owner} lists ${name} of ${entry.owner}`);
      else if (entry.cidr !== cidr) faults.push(`${owner} lists ${name} in ${cidr}`);
    }
  }
  for (const [name, { owner }] of held)
    if (listed.get(name) !== owner) faults.push(`${name} is orphaned: ${owner} does not list it`);
  return faults;
}

/** Addresses that two have: overlapping ranges exclude each other in the network, others in their prefix. */
function doubles(addresses: readonly AddressEntry[]): readonly string[] {
  return addresses.flatMap((one, index) =>
    addresses
      .slice(index + 1)
      .filter((other) => other.network === one.network && other.address === one.address)
      .filter((other) => (one.domain === "" && other.domain === "") || one.cidr === other.cidr)
      .filter((other) => other.owner !== one.owner)
      .map((other) => `${one.address} is of ${one.owner} and ${other.owner}`),
  );
}
