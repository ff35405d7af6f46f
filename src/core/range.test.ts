import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import type { Address } from "./address.ts";
import { formatAddress, tryParseAddress } from "./address.ts";
import type { Cidr } from "./cidr.ts";
import { lastOfCidr, maskedCidr, tryParseInterface } from "./cidr.ts";
import type { RangeParts } from "./range.ts";
import { formatRange, makeRange, rangeAllows, rangeSize, usableInterval } from "./range.ts";

function cidr(text: string): Cidr {
  const parsed = tryParseInterface(text);
  if (parsed === undefined) throw new RangeError(text);
  return parsed.cidr;
}

function address(text: string): Address {
  const parsed = tryParseAddress(text);
  if (parsed === undefined) throw new RangeError(text);
  return parsed;
}

describe("usableInterval()", () => {
  test.each([
    ["10.0.0.0/24", "10.0.0.1", "10.0.0.254"],
    ["10.0.0.0/30", "10.0.0.1", "10.0.0.2"],
    ["10.0.0.0/31", "10.0.0.0", "10.0.0.1"],
    ["10.0.0.7/32", "10.0.0.7", "10.0.0.7"],
    ["0.0.0.0/0", "0.0.0.1", "255.255.255.254"],
    ["fd00::/64", "fd00::1", "fd00::ffff:ffff:ffff:ffff"],
    ["fd00::/126", "fd00::1", "fd00::3"],
    ["fd00::/127", "fd00::", "fd00::1"],
    ["fd00::7/128", "fd00::7", "fd00::7"],
    ["::/0", "::1", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"],
  ])("of %s is %s to %s", (text, first, last) => {
    const { family } = cidr(text);
    const usable = usableInterval(cidr(text));
    expect(formatAddress({ family, value: usable.first })).toBe(first);
    expect(formatAddress({ family, value: usable.last })).toBe(last);
  });
});

/** Parts of small ranges, near to each other, so that everything meets everything. */
const parts: fc.Arbitrary<RangeParts> = fc
  .record({
    family: fc.constantFrom(4 as const, 6 as const),
    hostBits: fc.nat(5),
    network: fc.nat(3),
    start: fc.option(fc.nat(31), { nil: undefined }),
    end: fc.option(fc.nat(31), { nil: undefined }),
    exclusions: fc.array(fc.tuple(fc.nat(140), fc.nat(140)), { maxLength: 4 }),
    gateway: fc.option(fc.nat(140), { nil: undefined }),
    firstIsGateway: fc.boolean(),
  })
  .map(({ family, hostBits, network, start, end, exclusions, gateway, firstIsGateway }) => {
    const whole = maskedCidr(
      { family, value: BigInt(network << hostBits) },
      (family === 4 ? 32 : 128) - hostBits,
    );
    const usable = usableInterval(whole);
    const clamp = (offset: number): bigint => {
      const value = whole.first + BigInt(offset);
      return value < usable.first ? usable.first : value > usable.last ? usable.last : value;
    };
    const [first, last] = [start, end].map((each) =>
      each === undefined ? undefined : clamp(each),
    );
    return {
      cidr: whole,
      ...(first !== undefined && { start: first }),
      ...(last !== undefined && (first === undefined || first <= last) && { end: last }),
      exclusions: exclusions.map(([from, to]) => ({ first: BigInt(from), last: BigInt(to) })),
      ...(gateway !== undefined && { gateway: { family, value: BigInt(gateway) } }),
      firstIsGateway,
    };
  });

/** Promise 10 of the design, address by address. */
function allows(given: RangeParts, value: bigint): boolean {
  const { family, first, prefixLength } = given.cidr;
  const bits = family === 4 ? 32 : 128;
  const last = lastOfCidr(given.cidr);
  if (value < (given.start ?? first) || value > (given.end ?? last)) return false;
  if (prefixLength < bits - 1 && (value === first || (family === 4 && value === last)))
    return false;
  if ([...(given.exclusions ?? [])].some((each) => each.first <= value && value <= each.last))
    return false;
  if (given.gateway !== undefined) return value !== given.gateway.value;
  return !(given.firstIsGateway === true && value === first + 1n);
}

describe("makeRange()", () => {
  test("allows what the design allows, address by address; is undefined where that is nothing", () => {
    fc.assert(
      fc.property(parts, (given) => {
        const { family, first } = given.cidr;
        const values: bigint[] = [];
        for (let value = first; value <= lastOfCidr(given.cidr); value++) values.push(value);
        const expected = values.filter((value) => allows(given, value));
        const range = makeRange(given);
        expect(range === undefined).toBe(expected.length === 0);
        if (range === undefined) return;
        expect(values.filter((value) => rangeAllows(range, { family, value }))).toEqual(expected);
        expect(rangeSize(range)).toBe(BigInt(expected.length));
        for (const value of [first - 1n, lastOfCidr(given.cidr) + 1n])
          expect(rangeAllows(range, { family, value })).toBe(false);
        expect(range.gateway).toEqual(given.gateway);
      }),
      { numRuns: 500 },
    );
  });

  test("keeps a gateway that lies elsewhere, or is of another family, without effect on what is allowed", () => {
    for (const gateway of ["10.9.0.1", "fd00::1"].map(address)) {
      const range = makeRange({ cidr: cidr("10.0.0.0/30"), gateway, firstIsGateway: true });
      expect(range?.gateway).toEqual(gateway);
      expect(range && rangeSize(range)).toBe(2n);
    }
  });

  test("keeps network+1 of a /31 for the main plugin", () => {
    const range = makeRange({ cidr: cidr("10.0.0.0/31"), firstIsGateway: true });
    expect(range?.allowed).toEqual([{ first: 0x0a000000n, last: 0x0a000000n }]);
  });

  test("is without effect on the size of a whole IPv6 network", () => {
    const range = makeRange({ cidr: cidr("fd00::/64") });
    expect(range && rangeSize(range)).toBe((1n << 64n) - 1n);
  });
});

describe("rangeAllows()", () => {
  test("refuses the other family", () => {
    const range = makeRange({ cidr: cidr("::/64") });
    expect(range && rangeAllows(range, { family: 6, value: 5n })).toBe(true);
    expect(range && rangeAllows(range, { family: 4, value: 5n })).toBe(false);
  });
});

describe("formatRange()", () => {
  test.each<[string, string | undefined, string | undefined, string]>([
    ["10.0.0.0/24", undefined, undefined, "10.0.0.0/24"],
    ["10.0.0.0/24", "10.0.0.1", "10.0.0.254", "10.0.0.0/24"],
    ["10.0.0.0/24", "10.0.0.10", undefined, "10.0.0.0/24 (10.0.0.10 to 10.0.0.254)"],
    ["fd00::/64", undefined, "fd00::9", "fd00::/64 (fd00::1 to fd00::9)"],
    ["10.0.0.0/31", undefined, undefined, "10.0.0.0/31"],
  ])("of %s from %s to %s is %s", (text, start, end, expected) => {
    const range = makeRange({
      cidr: cidr(text),
      ...(start !== undefined && { start: address(start).value }),
      ...(end !== undefined && { end: address(end).value }),
    });
    expect(range && formatRange(range)).toBe(expected);
  });
});
