/**
 * How keys are called. The order of keys is the order of addresses; a comma, which sorts before all that names have,
 * stands between parts. Below the prefix:
 *
 *     address/NETWORK,DOMAIN,ADDRESS              who holds it, or for whom it rests
 *     rest/NETWORK,DOMAIN,ADDRESS                 that it rests: an index, so that counting needs no values
 *     owner/NODE,NETWORK,INTERFACE,POD            the allocation; its mod_revision is the sequence
 *     pool/NETWORK,CIDR,FIRST,LAST,on|off         a range that was claimed from
 *     hint/NETWORK,CIDR,FIRST,LAST,on|off,HASH    which of its addresses may be free
 *     node/NODE                                   the boot in which a node last claimed
 *     void/ATTEMPT                                a claim that must not be carried out any more
 *     finished/LIST                               that an old list counts no more
 *     reopening/LIST                              that it is to count again, and is not up to date yet
 *
 * A domain is empty for overlapping ranges, else the prefix of the range.
 */
import type { Address } from "../../core/address.ts";
import { addressKey, addressOfKey } from "../../core/address.ts";
import type { Holding, Owner } from "../../core/allocation.ts";
import type { Cidr } from "../../core/cidr.ts";
import type { Interval } from "../../core/interval-set.ts";
import type { Pool } from "../store.ts";
import type { Span } from "./gateway.ts";
import { prefixEnd } from "./gateway.ts";

/** What an address key says. */
export interface AddressKey {
  readonly network: string;
  readonly overlapping: boolean;
  /** The prefix that makes the domain; undefined for overlapping ranges. */
  readonly cidr: Cidr | undefined;
  readonly address: Address;
}

/** What a hint's key says. */
export interface HintKey {
  readonly cidr: Cidr;
  readonly first: bigint;
  readonly last: bigint;
  readonly overlapping: boolean;
}

/** A text of users as a part of a key. */
export function keyPart(text: string): string {
  return text.replaceAll(
    /[^A-Za-z0-9._:-]/g,
    (unit) => `~${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** The text of a {@link keyPart}. */
export function textOfPart(part: string): string {
  return part.replaceAll(/~([0-9a-f]{4})/g, (_, unit: string) =>
    String.fromCharCode(Number.parseInt(unit, 16)),
  );
}

/** A whole key for people: what is not printable is escaped. Keys have a character for each byte. */
export function keyText(key: string): string {
  const text = Buffer.from(key, "latin1").toString("utf8");
  return /^[\x21-\x7e]*$/.test(text) ? text : JSON.stringify(text);
}

/** A prefix as a part of a key: first address, then length. */
export function cidrPart({ family, first, prefixLength }: Cidr): string {
  return `${addressKey({ family, value: first })}/${String(prefixLength).padStart(3, "0")}`;
}

/** The prefix of a {@link cidrPart}; undefined if it is none. */
export function cidrOfPart(part: string): Cidr | undefined {
  const match = /^([46][0-9a-f]+)\/(\d{3})$/.exec(part);
  if (match === null) return undefined;
  const [, first = "", length = ""] = match;
  const address = addressOfPart(first);
  if (address === undefined) return undefined;
  const { family, value } = address;
  return { family, first: value, prefixLength: Number.parseInt(length, 10) };
}

/** The address of an `addressKey()`; undefined if it is none. */
export function addressOfPart(part: string): Address | undefined {
  return /^(4[0-9a-f]{8}|6[0-9a-f]{32})$/.test(part) ? addressOfKey(part) : undefined;
}

/** What makes an address of these settings unique. */
function domainPart(overlapping: boolean, cidr: Cidr): string {
  return overlapping ? "" : cidrPart(cidr);
}

/** The names of all keys below a prefix, which ends with `/`. */
export class Keys {
  readonly prefix: string;

  constructor(prefix: string) {
    this.prefix = prefix;
  }

  /** The key of a held or resting address. */
  address(network: string, { overlapping, cidr, address }: Holding): string {
    return `${this.domain("address", network, overlapping, cidr)}${addressKey(address)}`;
  }

  /** The key of its rest. */
  rest(network: string, { overlapping, cidr, address }: Holding): string {
    return `${this.domain("rest", network, overlapping, cidr)}${addressKey(address)}`;
  }

  /** The key of the rest of an address, by the address's own key. */
  restOfAddress(key: string): string {
    return `${this.prefix}rest/${key.slice(this.addresses.first.length)}`;
  }

  /** The address's own key, by that of its rest. */
  addressOfRest(key: string): string {
    return `${this.addresses.first}${key.slice(this.prefix.length + "rest/".length)}`;
  }

  /** What all keys of a domain begin with. */
  domain(kind: "address" | "rest", network: string, overlapping: boolean, cidr: Cidr): string {
    return `${this.prefix}${kind}/${keyPart(network)},${domainPart(overlapping, cidr)},`;
  }

  /** The keys of a domain for the addresses of an interval. */
  span(
    kind: "address" | "rest",
    network: string,
    domain: { readonly overlapping: boolean; readonly cidr: Cidr },
    { first, last }: Interval,
  ): Span {
    const { overlapping, cidr } = domain;
    const start = this.domain(kind, network, overlapping, cidr);
    const { family } = cidr;
    return {
      first: start + addressKey({ family, value: first }),
      // Not the next address, of which there may be none: the least text above.
      end: `${start}${addressKey({ family, value: last })}\u0001`,
    };
  }

  /** The parts of an address key; undefined if it is none of ours. */
  parseAddress(key: string): AddressKey | undefined {
    const start = `${this.prefix}address/`;
    const [network, domain, at, ...more] = key.slice(start.length).split(",");
    if (!key.startsWith(start) || network === undefined || domain === undefined) return undefined;
    const address = at === undefined ? undefined : addressOfPart(at);
    const cidr = domain === "" ? undefined : cidrOfPart(domain);
    if (address === undefined || more.length > 0) return undefined;
    if (domain !== "" && cidr === undefined) return undefined;
    return { network: textOfPart(network), overlapping: domain === "", cidr, address };
  }

  /** The key of an owner. */
  owner(owner: Owner): string {
    return `${this.prefix}owner/${ownerPart(owner)}`;
  }

  /** What the keys of all owners of a node begin with; without `node` those of all nodes. */
  owners(node?: string): string {
    return `${this.prefix}owner/${node === undefined ? "" : `${keyPart(node)},`}`;
  }

  /** What the keys of all addresses of a network begin with. */
  network(network: string): string {
    return `${this.addresses.first}${keyPart(network)},`;
  }

  /** What the keys of all hints of a network begin with. */
  hints(network: string): string {
    return `${this.prefix}hint/${keyPart(network)},`;
  }

  /** The key of a pool's hint. */
  hint({ network, overlapping, range }: Pool): string {
    let allowed = "";
    for (const { first, last } of range.allowed) allowed += `${first}-${last} `;
    // What depends on the version of the runtime would only cost a new hint.
    const hash = Bun.hash.xxHash64(allowed).toString(16).padStart(16, "0");
    return `${this.hints(network)}${rangeParts(overlapping, range)},${hash}`;
  }

  /** The parts of a hint's key; undefined if it is none of ours. */
  parseHint(key: string): HintKey | undefined {
    const [, cidrText = "", firstText = "", lastText = "", setting] = key
      .slice(`${this.prefix}hint/`.length)
      .split(",");
    const cidr = cidrOfPart(cidrText);
    const [first, last] = [addressOfPart(firstText), addressOfPart(lastText)];
    if (cidr === undefined || first === undefined || last === undefined) return undefined;
    return { cidr, first: first.value, last: last.value, overlapping: setting === "on" };
  }

  /** What the keys of all pools begin with. */
  get pools(): string {
    return `${this.prefix}pool/`;
  }

  /** The key of a pool. */
  pool({ network, overlapping, range }: Pool): string {
    return `${this.pools}${keyPart(network)},${rangeParts(overlapping, range)}`;
  }

  /** The key of a node's registration. */
  node(node: string): string {
    return `${this.prefix}node/${keyPart(node)}`;
  }

  /** The key that makes a claim void. */
  void(attempt: string): string {
    return `${this.prefix}void/${keyPart(attempt)}`;
  }

  /** The key that marks an old list as finished. */
  finished(list: string): string {
    return `${this.prefix}finished${list}`;
  }

  /** The key that marks an old list as about to be made valid again. */
  reopening(list: string): string {
    return `${this.prefix}reopening${list}`;
  }

  /** Where all addresses are. */
  get addresses(): Span {
    const start = `${this.prefix}address/`;
    return { first: start, end: prefixEnd(start) };
  }
}

/** An owner as the end of its key, by which address keys name it. */
export function ownerPart({ network, node, interfaceName, pod }: Owner): string {
  return [node, network, interfaceName, pod].map(keyPart).join(",");
}

/** The owner of an {@link ownerPart}; undefined if it is none. */
export function ownerOfPart(part: string): Owner | undefined {
  const parts = part.split(",");
  const [node, network, interfaceName, pod] = parts.map(textOfPart);
  if (node === undefined || network === undefined || interfaceName === undefined) return undefined;
  if (pod === undefined || parts.length !== 4) return undefined;
  return { network, node, interfaceName, pod };
}

function rangeParts(overlapping: boolean, { cidr, first, last }: Pool["range"]): string {
  const { family } = cidr;
  const key = (value: bigint): string => addressKey({ family, value });
  return `${cidrPart(cidr)},${key(first)},${key(last)},${overlapping ? "on" : "off"}`;
}
