/**
 * What keys and values in etcd mean, read anew from the comment in src/store/etcd/keys.ts: nothing here is of the
 * program's own code, so that its mistakes are not repeated.
 */

/** A key as `etcdctl get -w json` shows it. */
export interface Entry {
  readonly key: string;
  readonly value: string;
  /** Whether a lease will remove it. */
  readonly isLeased: boolean;
}

/** An address key: its own name, and what its value says. */
export interface AddressEntry {
  readonly network: string;
  /** Empty for overlapping ranges. */
  readonly domain: string;
  /** `10.0.0.1`, or 32 hexadecimal digits. */
  readonly address: string;
  readonly owner: string;
  readonly cidr: string;
  readonly isResting: boolean;
}

/** A holding in an owner's record. */
export interface OwnedAddress {
  readonly address: string;
  readonly cidr: string;
  readonly domain: string;
}

/** An owner's record. */
export interface OwnerEntry {
  /** `NODE,NETWORK,INTERFACE,POD`. */
  readonly owner: string;
  readonly network: string;
  readonly containerId: string;
  readonly holdings: readonly OwnedAddress[];
}

/** What `etcdctl get --prefix -w json` printed. */
export function entriesOf(json: string): readonly Entry[] {
  const { kvs = [] } = new Shape(JSON.parse(json)).fields;
  return new Shape(kvs).items.map((kv) => ({
    key: decode(kv.text("key")),
    value: kv.fields["value"] === undefined ? "" : decode(kv.text("value")),
    isLeased: (kv.fields["lease"] ?? 0) !== 0,
  }));
}

function decode(base64: string): string {
  return Buffer.from(base64, "base64").toString("utf8");
}

/** A part of a JSON document, which throws where it is not of the shape that is asked for. */
class Shape {
  readonly value: unknown;

  constructor(value: unknown) {
    this.value = value;
  }

  get fields(): Readonly<Record<string, unknown>> {
    const { value } = this;
    if (typeof value !== "object" || value === null) throw new Error("not an object");
    return Object.fromEntries(Object.entries(value));
  }

  get items(): readonly Shape[] {
    if (!Array.isArray(this.value)) throw new Error("not a list");
    return this.value.map((item: unknown) => new Shape(item));
  }

  at(name: string): Shape {
    return new Shape(this.fields[name]);
  }

  text(name: string): string {
    const value = this.fields[name];
    if (typeof value !== "string") throw new Error(`no text ${name}`);
    return value;
  }
}

/** The object in a value. Throws unless it is of version 1. */
function record(value: string): Shape {
  const shape = new Shape(JSON.parse(value));
  if (shape.fields["v"] !== 1) throw new Error("not of version 1");
  return shape;
}

/** Throws unless a value is an object of version 1. */
export function requireRecord(value: string): void {
  record(value);
}

/** `40a000001` as `10.0.0.1`; IPv6 stays hexadecimal. Throws for anything else. */
export function readableAddress(part: string): string {
  const [, v4, v6] = /^(?:4([0-9a-f]{8})|6([0-9a-f]{32}))$/.exec(part) ?? [];
  if (v4 !== undefined) return [...Buffer.from(v4, "hex")].join(".");
  if (v6 !== undefined) return v6;
  throw new Error(`Not an address: ${part}`);
}

/** The address in a result of the plugin, in the form of {@link readableAddress}. */
export function comparableAddress(text: string): string {
  if (!text.includes(":")) return text;
  const [head = "", tail] = text.split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => "0");
  return [...left, ...zeros, ...right].map((group) => group.padStart(4, "0")).join("");
}

/** An address key; `rest` is what follows `address/` in its name. Throws if it is none. */
export function addressEntry(rest: string, value: string): AddressEntry {
  const [network = "", domain = "", address = "", ...more] = rest.split(",");
  if (more.length > 0) throw new Error("too many parts");
  const shape = record(value);
  return {
    network,
    domain,
    address: readableAddress(address),
    owner: shape.text("owner"),
    cidr: shape.text("cidr"),
    isResting: shape.fields["rest"] !== undefined,
  };
}

/** An owner's key; `owner` is what follows `owner/` in its name. Throws if it is none. */
export function ownerEntry(owner: string, value: string): OwnerEntry {
  const parts = owner.split(",");
  const [, network = ""] = parts;
  if (parts.length !== 4) throw new Error("not four parts");
  const shape = record(value);
  return {
    owner,
    network,
    containerId: shape.at("confirmation").text("containerId"),
    holdings: shape.at("holdings").items.map((holding) => ({
      address: readableAddress(holding.text("address")),
      cidr: holding.text("cidr"),
      domain: holding.fields["overlapping"] === true ? "" : holding.text("cidr"),
    })),
  };
}
