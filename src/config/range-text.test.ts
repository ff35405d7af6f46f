import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { formatAddress, highestValue } from "../core/address.ts";
import { formatCidr, lastOfCidr, maskedCidr } from "../core/cidr.ts";
import { parseRangeText, tryParseExclusion } from "./range-text.ts";

const address = fc
  .constantFrom(4 as const, 6 as const)
  .chain((family) => fc.bigInt(0n, highestValue(family)).map((value) => ({ family, value })))
  // IPv4-mapped text is IPv4.
  .filter(({ family, value }) => family === 4 || value >> 32n !== 0xffffn);

describe("parseRangeText()", () => {
  test("reads back every prefix, host bits masked", () => {
    fc.assert(
      fc.property(address, fc.nat(128), (host, length) => {
        const prefixLength = host.family === 4 ? length % 33 : length;
        const parsed = parseRangeText(`${formatAddress(host)}/${prefixLength}`);
        expect(parsed).toMatchObject({ cidr: maskedCidr(host, prefixLength) });
      }),
    );
  });

  test.each([
    "",
    "/",
    "-",
    "10.0.0.0",
    "10.0.0.0/",
    "10.0.0.0/24/24",
    "10.0.0.0/+8",
    "10.0.0.0/-1",
    " 10.0.0.0/24",
    "10.0.0.1-/24",
    "-10.0.0.1/24",
    "10.0.0.1-10.0.0.2-10.0.0.3/24",
    "10.0.0.1/24-10.0.0.9/24",
    "::ffff:10.0.0.0/95",
    "fe80::1%eth0/64",
    "fd00::/129",
  ])("refuses %j", (text) => {
    expect(parseRangeText(text)).toBeString();
  });
});

describe("tryParseExclusion()", () => {
  test("reads back every address, prefix and FIRST-LAST", () => {
    fc.assert(
      fc.property(address, fc.nat(128), fc.bigInt(0n, 1n << 128n), (one, length, more) => {
        const { family, value } = one;
        const text = formatAddress(one);
        expect(tryParseExclusion(text)).toEqual({ family, first: value, last: value });
        const cidr = maskedCidr(one, family === 4 ? length % 33 : length);
        const last = lastOfCidr(cidr);
        if (family === 6 && cidr.first >> 32n === 0xffffn) return;
        expect(tryParseExclusion(formatCidr(cidr))).toEqual({ family, first: cidr.first, last });
        const end = value + (more % (highestValue(family) - value + 1n));
        if (family === 6 && end >> 32n === 0xffffn) return;
        const range = `${text}-${formatAddress({ family, value: end })}`;
        expect(tryParseExclusion(range)).toEqual({ family, first: value, last: end });
      }),
    );
  });

  test.each([
    "",
    "-",
    "x",
    "10.0.0.01",
    "10.0.0.0/024",
    "10.0.0.2-10.0.0.1",
    "10.0.0.1-fd00::1",
    "10.0.0.1-10.0.0.2/24",
    "10.0.0.1 - 10.0.0.2",
  ])("refuses %j", (text) => {
    expect(tryParseExclusion(text)).toBeUndefined();
  });
});
