/** IP addresses as plain data: parsing, formatting (RFC 4291, RFC 5952), order. */

/** The IP version of an address. */
export type Family = 4 | 6;

/** One IP address: its family and its value as an unsigned integer of 32 or 128 bits. */
export interface Address {
  readonly family: Family;
  readonly value: bigint;
}

/** How leniently text is read. */
export interface ParseOptions {
  /** Accept `010.0.0.1` as decimal 10.0.0.1, as the Go implementation does for ranges. */
  readonly leadingZeros?: boolean;
}

/** The number of bits in an address of a family. */
export function familyBits(family: Family): 32 | 128 {
  return family === 4 ? 32 : 128;
}

/** The highest value that an address of a family can have. */
export function highestValue(family: Family): bigint {
  return (1n << BigInt(familyBits(family))) - 1n;
}

/** Reads an IPv4 or IPv6 address; `::ffff:a.b.c.d` is IPv4, as everywhere in CNI. Undefined if it is none. */
export function tryParseAddress(text: string, options: ParseOptions = {}): Address | undefined {
  if (!text.includes(":")) {
    const value = parseDotted(text, options.leadingZeros === true);
    return value === undefined ? undefined : { family: 4, value };
  }
  const value = parseColons(text, options.leadingZeros === true);
  if (value === undefined) return undefined;
  return isV4Mapped(value) ? { family: 4, value: value & 0xffff_ffffn } : { family: 6, value };
}

/** Whether a 128-bit value lies in `::ffff:0:0/96` (RFC 4291, 2.5.5.2). */
function isV4Mapped(value: bigint): boolean {
  return value >> 32n === 0xffffn;
}

function parseDotted(text: string, leadingZeros: boolean): bigint | undefined {
  const octet = leadingZeros ? /^[0-9]{1,8}$/ : /^(0|[1-9][0-9]{0,2})$/;
  const parts = text.split(".");
  if (parts.length !== 4) return undefined;
  let value = 0n;
  for (const part of parts) {
    if (!octet.test(part)) return undefined;
    const number = Number.parseInt(part, 10);
    if (number > 255) return undefined;
    value = (value << 8n) | BigInt(number);
  }
  return value;
}

function parseColons(text: string, leadingZeros: boolean): bigint | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const head = parseGroups(halves[0] ?? "", leadingZeros, halves.length === 1);
  const tail = halves.length === 2 ? parseGroups(halves[1] ?? "", leadingZeros, true) : [];
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  // "::" stands for at least one group (RFC 4291, 2.2).
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const groups = [...head, ...Array.from({ length: missing }, () => 0), ...tail];
  return groups.reduce((value, group) => (value << 16n) | BigInt(group), 0n);
}

/** The 16-bit groups of one side of `::`; only the last may be dotted. Undefined if malformed. */
function parseGroups(
  text: string,
  leadingZeros: boolean,
  mayEndDotted: boolean,
): number[] | undefined {
  if (text === "") return [];
  const groups: number[] = [];
  const parts = text.split(":");
  for (const [index, part] of parts.entries()) {
    if (mayEndDotted && index === parts.length - 1 && part.includes(".")) {
      const value = parseDotted(part, leadingZeros);
      if (value === undefined) return undefined;
      groups.push(Number(value >> 16n), Number(value & 0xffffn));
    } else if (/^[0-9a-fA-F]{1,4}$/.test(part)) {
      groups.push(Number.parseInt(part, 16));
    } else {
      return undefined;
    }
  }
  return groups;
}

/** The canonical text of an address: dotted decimal, or RFC 5952 (lower case, longest zero run as `::`). */
export function formatAddress(address: Address): string {
  return address.family === 4 ? formatDotted(address.value) : formatColons(address.value);
}

function formatDotted(value: bigint): string {
  const number = Number(value);
  return [number >>> 24, (number >>> 16) & 255, (number >>> 8) & 255, number & 255].join(".");
}

function formatColons(value: bigint): string {
  const groups = value.toString(16).padStart(32, "0").match(/.{4}/g) ?? [];
  const short = groups.map((group) => group.replace(/^0{1,3}/, ""));
  let best = { start: 0, length: 1 };
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (start + length < 8 && short[start + length] === "0") length++;
    if (length > best.length) best = { start, length };
  }
  if (best.length < 2) return short.join(":");
  const head = short.slice(0, best.start).join(":");
  const tail = short.slice(best.start + best.length).join(":");
  return `${head}::${tail}`;
}

/** Orders IPv4 before IPv6, then by value: negative, zero or positive, as `Array.sort` wants it. */
export function compareAddresses(a: Address, b: Address): number {
  if (a.family !== b.family) return a.family - b.family;
  return a.value < b.value ? -1 : a.value > b.value ? 1 : 0;
}

/** Whether two addresses are the same. */
export function equalAddresses(a: Address, b: Address): boolean {
  return a.family === b.family && a.value === b.value;
}

/**
 * A text whose order is the order of addresses: the family, then the value in fixed-width hexadecimal
 * (`4` + 8 digits or `6` + 32 digits). Stores use it as a key.
 */
export function addressKey(address: Address): string {
  const { family, value } = address;
  return `${family}${value.toString(16).padStart(family === 4 ? 8 : 32, "0")}`;
}

/** The address of an {@link addressKey}; of any other text nothing sensible, or a `SyntaxError`. */
export function addressOfKey(key: string): Address {
  return { family: key.startsWith("4") ? 4 : 6, value: BigInt(`0x${key.slice(1)}`) };
}
