/** Address prefixes (CIDR, RFC 4632): a block of 2^n addresses. */
import type { Address, Family, ParseOptions } from "./address.ts";
import { compareAddresses, familyBits, formatAddress, tryParseAddress } from "./address.ts";

/** A prefix, masked: `first` has no host bits. */
export interface Cidr {
  readonly family: Family;
  readonly first: bigint;
  readonly prefixLength: number;
}

/** A prefix together with the address that it was written with: `10.0.0.5/24`. */
export interface Interface {
  readonly address: Address;
  readonly cidr: Cidr;
}

/** The prefix of `prefixLength` bits in which an address lies. */
export function maskedCidr(address: Address, prefixLength: number): Cidr {
  const hostBits = BigInt(familyBits(address.family) - prefixLength);
  return { family: address.family, first: (address.value >> hostBits) << hostBits, prefixLength };
}

/**
 * Reads `ADDRESS/LENGTH`. Host bits are kept in `address` and masked in `cidr`; `::ffff:10.0.0.0/120` is
 * 10.0.0.0/24. Undefined if it is no prefix.
 */
export function tryParseInterface(text: string, options: ParseOptions = {}): Interface | undefined {
  const match = /^([^/]+)\/([0-9]{1,3})$/.exec(text);
  if (match === null) return undefined;
  const [, addressText = "", lengthText = ""] = match;
  if (lengthText.length > 1 && lengthText.startsWith("0") && options.leadingZeros !== true)
    return undefined;
  const address = tryParseAddress(addressText, options);
  if (address === undefined) return undefined;
  const mapped = address.family === 4 && addressText.includes(":");
  const prefixLength = Number.parseInt(lengthText, 10) - (mapped ? 96 : 0);
  if (prefixLength < 0 || prefixLength > familyBits(address.family)) return undefined;
  return { address, cidr: maskedCidr(address, prefixLength) };
}

/** The highest address value of a prefix. */
export function lastOfCidr(cidr: Cidr): bigint {
  return cidr.first + (1n << BigInt(familyBits(cidr.family) - cidr.prefixLength)) - 1n;
}

/** Whether an address lies in a prefix. */
export function cidrContains(cidr: Cidr, address: Address): boolean {
  return (
    address.family === cidr.family &&
    address.value >= cidr.first &&
    address.value <= lastOfCidr(cidr)
  );
}

/** The canonical text of a prefix: `10.0.0.0/24`. */
export function formatCidr(cidr: Cidr): string {
  return `${formatAddress({ family: cidr.family, value: cidr.first })}/${cidr.prefixLength}`;
}

/** Whether two prefixes are the same. */
export function equalCidrs(a: Cidr, b: Cidr): boolean {
  return a.family === b.family && a.first === b.first && a.prefixLength === b.prefixLength;
}

/** Orders prefixes by first address, then by length: negative, zero or positive. */
export function compareCidrs(a: Cidr, b: Cidr): number {
  const [x, y] = [firstAddress(a), firstAddress(b)];
  return compareAddresses(x, y) || a.prefixLength - b.prefixLength;
}

function firstAddress({ family, first }: Cidr): Address {
  return { family, value: first };
}
