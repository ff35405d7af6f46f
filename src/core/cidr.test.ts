import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { familyBits, formatAddress, highestValue } from "./address.ts";
import {
  cidrContains,
  equalCidrs,
  formatCidr,
  lastOfCidr,
  maskedCidr,
  tryParseInterface,
} from "./cidr.ts";

/** An address that is not IPv4-mapped, and a prefix length of its family. */
const hostAndLength = fc
  .constantFrom(4 as const, 6 as const)
  .chain((family) =>
    fc.record({
      address: fc.bigInt(0n, highestValue(family)).map((value) => ({ family, value })),
      prefixLength: fc.nat(familyBits(family)),
    }),
  )
  .filter(({ address }) => address.family === 4 || address.value >> 32n !== 0xffffn);

describe("maskedCidr()", () => {
  test("has the bits of the address up to its length, as text of bits shows", () => {
    fc.assert(
      fc.property(hostAndLength, ({ address, prefixLength }) => {
        const width = familyBits(address.family);
        const bits = address.value.toString(2).padStart(width, "0").slice(0, prefixLength);
        const cidr = maskedCidr(address, prefixLength);
        expect(cidr).toEqual({
          family: address.family,
          first: BigInt(`0b${bits.padEnd(width, "0")}`),
          prefixLength,
        });
        expect(lastOfCidr(cidr)).toBe(BigInt(`0b${bits.padEnd(width, "1")}`));
      }),
    );
  });
});

describe("tryParseInterface()", () => {
  test("reads back every address and length", () => {
    fc.assert(
      fc.property(hostAndLength, ({ address, prefixLength }) => {
        expect(tryParseInterface(`${formatAddress(address)}/${prefixLength}`)).toEqual({
          address,
          cidr: maskedCidr(address, prefixLength),
        });
      }),
    );
  });

  test.each([
    ["192.168.2.225/28", "192.168.2.224/28"],
    ["10.0.0.0/0", "0.0.0.0/0"],
    ["::1/0", "::/0"],
    ["::ffff:10.0.0.5/120", "10.0.0.0/24"],
    ["::ffff:10.0.0.5/96", "0.0.0.0/0"],
    ["::ffff:10.0.0.5/128", "10.0.0.5/32"],
    ["FD00::5/64", "fd00::/64"],
  ])("masks %s to %s", (text, expected) => {
    const parsed = tryParseInterface(text);
    expect(parsed && formatCidr(parsed.cidr)).toBe(expected);
  });

  test.each([
    "",
    "/",
    "/24",
    "10.0.0.0",
    "10.0.0.0/",
    "10.0.0.0/33",
    "10.0.0.0/024",
    "10.0.0.0/24 ",
    "10.0.0.0/2.4",
    "10.0.0.0/1000",
    "10.0.0.0/-1",
    "10.0.0.0/+8",
    "10.0.0.0/255.255.255.0",
    "10.0.0.0//24",
    "fd00::/129",
    "::ffff:10.0.0.0/95",
    "010.0.0.0/8",
    "10.0.0.0/24\n",
  ])("refuses %j", (text) => {
    expect(tryParseInterface(text)).toBeUndefined();
  });

  test("takes leading zeros where they are allowed", () => {
    expect(tryParseInterface("010.0.0.01/08", { leadingZeros: true })).toEqual({
      address: { family: 4, value: 0x0a000001n },
      cidr: { family: 4, first: 0x0a000000n, prefixLength: 8 },
    });
  });
});

describe("cidrContains()", () => {
  test("says whether masking an address gives the prefix", () => {
    fc.assert(
      fc.property(hostAndLength, hostAndLength, fc.bigInt(-2n, 2n), (one, other, step) => {
        const cidr = maskedCidr(one.address, one.prefixLength);
        const near = [cidr.first + step, lastOfCidr(cidr) + step]
          .filter((value) => value >= 0n && value <= highestValue(cidr.family))
          .map((value) => ({ family: cidr.family, value }));
        for (const address of [one.address, other.address, ...near]) {
          const expected =
            address.family === cidr.family &&
            equalCidrs(maskedCidr(address, cidr.prefixLength), cidr);
          expect(cidrContains(cidr, address)).toBe(expected);
        }
      }),
    );
  });
});

describe("equalCidrs()", () => {
  test("tells family, address and length apart", () => {
    const cidr = { family: 4 as const, first: 0n, prefixLength: 8 };
    expect(equalCidrs(cidr, { ...cidr })).toBe(true);
    expect(equalCidrs(cidr, { ...cidr, family: 6 })).toBe(false);
    expect(equalCidrs(cidr, { ...cidr, first: 1n << 24n })).toBe(false);
    expect(equalCidrs(cidr, { ...cidr, prefixLength: 9 })).toBe(false);
  });
});
