import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import type { Address, Family } from "./address.ts";
import {
  addressKey,
  addressOfKey,
  compareAddresses,
  equalAddresses,
  familyBits,
  formatAddress,
  highestValue,
  tryParseAddress,
} from "./address.ts";

/** Values whose groups are often zero, as in addresses that people write. */
const v6Value = fc.oneof(
  fc.bigInt(0n, highestValue(6)),
  fc
    .array(fc.constantFrom(0n, 0n, 0n, 1n, 0xffffn), { minLength: 8, maxLength: 8 })
    .map((groups) => groups.reduce<bigint>((value, group) => (value << 16n) | group, 0n)),
);

const address: fc.Arbitrary<Address> = fc.oneof(
  fc.bigInt(0n, highestValue(4)).map((value) => ({ family: 4 as const, value })),
  // IPv4-mapped text is read as IPv4.
  v6Value
    .filter((value) => value >> 32n !== 0xffffn)
    .map((value) => ({ family: 6 as const, value })),
);

function v6(hex: string): Address {
  return { family: 6, value: BigInt(`0x${hex.replaceAll(":", "")}`) };
}

describe("tryParseAddress()", () => {
  const valid: [string, Family, bigint][] = [
    ["0.0.0.0", 4, 0n],
    ["10.0.0.1", 4, 0x0a000001n],
    ["255.255.255.255", 4, 0xffffffffn],
    // RFC 4291, 2.2.
    ["ABCD:EF01:2345:6789:ABCD:EF01:2345:6789", 6, 0xabcdef0123456789abcdef0123456789n],
    ["2001:DB8:0:0:8:800:200C:417A", 6, 0x20010db80000000000080800200c417an],
    ["2001:DB8::8:800:200C:417A", 6, 0x20010db80000000000080800200c417an],
    ["FF01::101", 6, 0xff010000000000000000000000000101n],
    ["::1", 6, 1n],
    ["::", 6, 0n],
    ["1::", 6, 1n << 112n],
    ["0:0:0:0:0:0:13.1.68.3", 6, 0x0d014403n],
    ["::13.1.68.3", 6, 0x0d014403n],
    ["::FFFF:129.144.52.38", 4, 0x81903426n],
    ["0:0:0:0:0:FFFF:129.144.52.38", 4, 0x81903426n],
    ["::ffff:a00:1", 4, 0x0a000001n],
    ["1:2:3:4:5:6:7::", 6, 0x00010002000300040005000600070000n],
    ["::2:3:4:5:6:7:8", 6, 0x00000002000300040005000600070008n],
    ["64:ff9b::192.0.2.33", 6, 0x0064ff9b0000000000000000c0000221n],
  ];
  test.each(valid)("reads %s", (text, family, value) => {
    expect(tryParseAddress(text)).toEqual({ family, value });
  });

  test.each([
    "",
    " ",
    "10.0.0",
    "10.0.0.0.0",
    "10.0.0.256",
    "10.0.0.-1",
    "10.0.0.+1",
    "10.0.0.1 ",
    " 10.0.0.1",
    "10.0.0.01",
    "010.0.0.1",
    "10.0.0.0x1",
    "10..0.1",
    "10.0.0.",
    ".0.0.1",
    "1e1.0.0.1",
    "10.0.0.1/24",
    "167772161",
    ":",
    ":::",
    "1",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "1::2::3",
    ":1",
    "1:",
    "1:2:3:4:5:6:7:",
    ":1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8::",
    "::1:2:3:4:5:6:7:8",
    "1:2:3:4::5:6:7:8",
    "12345::",
    "g::",
    "::1%eth0",
    "[::1]",
    "::1/64",
    "1.2.3.4::",
    "::1.2.3.4:5",
    "::1.2.3",
    "::01.2.3.4",
    "::256.0.0.1",
    "1:2:3:4:5:6:7:1.2.3.4",
    ":: 1",
    "::-1",
    "\u0661.0.0.1",
    "10.0.0.1\0",
    "10.0.0.1\n",
  ])("refuses %j", (text) => {
    expect(tryParseAddress(text)).toBeUndefined();
  });

  test.each([
    ["010.000.001.009", 0x0a000109n],
    ["0010.0.0.1", 0x0a000001n],
    ["::ffff:010.0.0.01", 0x0a000001n],
  ])("reads %s as decimal where leading zeros are allowed", (text, value) => {
    expect(tryParseAddress(text, { leadingZeros: true })).toEqual({ family: 4, value });
    expect(tryParseAddress(text)).toBeUndefined();
  });

  test.each(["0256.0.0.1", "10.0.0.", "10.0.0.0x1", "10.0.0.1 "])(
    "refuses %j even where leading zeros are allowed",
    (text) => {
      expect(tryParseAddress(text, { leadingZeros: true })).toBeUndefined();
    },
  );

  test("never throws, and reads nothing that it would not write alike", () => {
    const text = fc.string({
      unit: fc.constantFrom(..."0123456789abcf.:".split("")),
      maxLength: 40,
    });
    fc.assert(
      fc.property(text, (any) => {
        const parsed = tryParseAddress(any);
        if (parsed === undefined) return;
        expect(tryParseAddress(formatAddress(parsed))).toEqual(parsed);
      }),
    );
  });
});

describe("formatAddress()", () => {
  // RFC 5952, sections 1, 2 and 4, with the canonical text of each.
  test.each([
    ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
    ["2001:0db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
    ["2001:db8::1:0:0:1", "2001:db8::1:0:0:1"],
    ["2001:db8::0:1:0:0:1", "2001:db8::1:0:0:1"],
    ["2001:0db8::1:0:0:1", "2001:db8::1:0:0:1"],
    ["2001:db8:0:0:1::1", "2001:db8::1:0:0:1"],
    ["2001:DB8:0:0:1::1", "2001:db8::1:0:0:1"],
    ["2001:db8:aaaa:bbbb:cccc:dddd:eeee:0001", "2001:db8:aaaa:bbbb:cccc:dddd:eeee:1"],
    ["2001:db8:aaaa:bbbb:cccc:dddd::1", "2001:db8:aaaa:bbbb:cccc:dddd:0:1"],
    ["2001:db8::1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
    ["2001:0:0:1:0:0:0:1", "2001:0:0:1::1"],
    ["2001:db8:0:0:0:0:2:1", "2001:db8::2:1"],
    ["0:0:0:0:0:0:0:0", "::"],
    ["0:0:0:0:0:0:0:1", "::1"],
    ["1:0:0:0:0:0:0:0", "1::"],
    ["0:1:0:1:0:1:0:1", "0:1:0:1:0:1:0:1"],
    ["::13.1.68.3", "::d01:4403"],
    ["ABCD:EF01::", "abcd:ef01::"],
  ])("of %s is %s", (text, expected) => {
    const parsed = tryParseAddress(text);
    expect(parsed && formatAddress(parsed)).toBe(expected);
  });

  test("is read back, whatever the address", () => {
    fc.assert(
      fc.property(address, (one) => {
        expect(tryParseAddress(formatAddress(one))).toEqual(one);
      }),
    );
  });

  test("obeys RFC 5952: no leading zeros, no capitals, the first longest run of two or more zeros as ::", () => {
    fc.assert(
      fc.property(v6Value, (value) => {
        const text = formatAddress({ family: 6, value });
        expect(text).toMatch(/^[0-9a-f:]+$/);
        expect(text).not.toMatch(/(^|:)0[0-9a-f]/);
        const groups = (value.toString(16).padStart(32, "0").match(/.{4}/g) ?? []).map((group) =>
          Number.parseInt(group, 16).toString(16),
        );
        const runs = groups.map((_, start) => {
          const end = groups.findIndex((group, index) => index >= start && group !== "0");
          return (end < 0 ? 8 : end) - start;
        });
        const longest = Math.max(...runs);
        const start = runs.indexOf(longest);
        const expected =
          longest < 2
            ? groups.join(":")
            : `${groups.slice(0, start).join(":")}::${groups.slice(start + longest).join(":")}`;
        expect(text).toBe(expected);
      }),
    );
  });
});

describe("compareAddresses()", () => {
  test("orders IPv4 first, then by value, as addressKey() does", () => {
    fc.assert(
      fc.property(address, address, (a, b) => {
        const sign = Math.sign(compareAddresses(a, b));
        expect(Math.sign(compareAddresses(b, a)) + sign).toBe(0);
        expect(sign === 0).toBe(equalAddresses(a, b));
        const [keyA, keyB] = [addressKey(a), addressKey(b)];
        expect(sign).toBe(keyA < keyB ? -1 : keyA > keyB ? 1 : 0);
      }),
    );
    expect(compareAddresses({ family: 4, value: 9n }, { family: 6, value: 1n })).toBeLessThan(0);
    expect(equalAddresses({ family: 4, value: 1n }, { family: 6, value: 1n })).toBe(false);
  });
});

describe("addressKey()", () => {
  test("has a fixed width", () => {
    expect(addressKey({ family: 4, value: 0x0a000001n })).toBe("40a000001");
    expect(addressKey(v6("fd00:0000:0000:0000:0000:0000:0000:0001"))).toBe(
      "6fd000000000000000000000000000001",
    );
  });

  test("is read back by addressOfKey()", () => {
    fc.assert(
      fc.property(address, (one) => {
        expect(addressKey(one)).toHaveLength(1 + familyBits(one.family) / 4);
        expect(addressOfKey(addressKey(one))).toEqual(one);
      }),
    );
  });
});
