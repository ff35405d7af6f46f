import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { formatAddress } from "../core/address.ts";
import { rangeSize } from "../core/range.ts";
import { parse, findings, rangeText, allowedText } from "./test-world.ts";

describe("parseConfiguration() makes ranges", () => {
  const table: [string, Record<string, unknown>, string[]][] = [
    ["with host bits", { range: "192.168.2.225/28" }, ["192.168.2.225-192.168.2.238"]],
    ["FIRST-LAST/LENGTH", { range: "10.0.0.10-10.0.0.20/24" }, ["10.0.0.10-10.0.0.20"]],
    ["FIRST-LAST of IPv6", { range: "fd00::5-fd00::9/64" }, ["fd00::5-fd00::9"]],
    ["with leading zeros", { range: "010.000.001.009/024" }, ["10.0.1.1-10.0.1.254"]],
    ["FIRST-LAST with leading zeros", { range: "010.0.0.08-10.0.0.09/24" }, ["10.0.0.8-10.0.0.9"]],
    ["IPv4-mapped", { range: "::ffff:10.0.0.0/120" }, ["10.0.0.1-10.0.0.254"]],
    [
      "with sloppy bounds",
      { range: "10.0.0.0/24", range_start: "010.0.0.08", range_end: "10.00.0.9" },
      ["10.0.0.8-10.0.0.9"],
    ],
    [
      "with a start alone",
      { range: "10.0.0.0/24", range_start: "10.0.0.250" },
      ["10.0.0.250-10.0.0.254"],
    ],
    ["with an end alone", { range: "fd00::/64", range_end: "fd00::3" }, ["fd00::1-fd00::3"]],
    ["/31", { range: "10.0.0.0/31" }, ["10.0.0.0-10.0.0.1"]],
    ["/32", { range: "10.0.0.7/32" }, ["10.0.0.7-10.0.0.7"]],
    ["/127", { range: "fd00::/127" }, ["fd00::-fd00::1"]],
    ["/128", { range: "fd00::7/128" }, ["fd00::7-fd00::7"]],
    ["/31 with its gateway", { range: "10.0.0.0/31", gateway: "10.0.0.0" }, ["10.0.0.1-10.0.0.1"]],
    ["across octets", { range: "10.0.0.0/22" }, ["10.0.0.1-10.0.3.254"]],
    [
      "less an address, a prefix with host bits and FIRST-LAST",
      { range: "10.0.0.0/24", exclude: ["10.0.0.1", "10.0.0.9/30", "10.0.0.100-10.0.0.253"] },
      ["10.0.0.2-10.0.0.7 10.0.0.12-10.0.0.99 10.0.0.254-10.0.0.254"],
    ],
    [
      "less network and broadcast address, which were not in it",
      { range: "10.0.0.0/30", exclude: ["10.0.0.0", "10.0.0.3/32"] },
      ["10.0.0.1-10.0.0.2"],
    ],
    [
      "less its gateway",
      { range: "10.0.0.0/29", gateway: "10.0.0.3" },
      ["10.0.0.1-10.0.0.2 10.0.0.4-10.0.0.6"],
    ],
    [
      "whose gateway is elsewhere",
      { range: "10.0.0.0/30", gateway: "10.9.9.9" },
      ["10.0.0.1-10.0.0.2"],
    ],
    [
      "`range` first, then `ipRanges`, each with its own keys",
      {
        ipRanges: [
          { range: "10.1.0.0/29", range_start: "10.1.0.3", exclude: ["10.1.0.4"] },
          { range: "fd00::/126", range_end: "fd00::2", gateway: "fd00::1" },
        ],
        range: "10.0.0.0/30",
        exclude: ["10.0.0.1"],
      },
      ["10.0.0.2-10.0.0.2", "10.1.0.3-10.1.0.3 10.1.0.5-10.1.0.6", "fd00::2-fd00::2"],
    ],
  ];
  test.each(table)("%s", (_, ipam, expected) => {
    const parsed = parse(ipam);
    expect(findings(parsed)).toEqual([]);
    expect(parsed.configuration.ranges.map(allowedText)).toEqual(expected);
  });

  test("of 32 entries", () => {
    const ipRanges = Array.from({ length: 32 }, (_, index) => ({ range: `10.0.${index}.0/24` }));
    expect(parse({ ipRanges }).configuration.ranges).toHaveLength(32);
    expect(findings(parse({ ipRanges: ipRanges.slice(1), range: "10.9.0.0/24" }))).toEqual([]);
    const parsed = parse({ ipRanges, range: "10.9.0.0/24" });
    expect(findings(parsed)).toEqual([
      "range ipam.ipRanges: make 33 ranges; at most 32 are possible",
    ]);
    expect(parsed.configuration.ranges).toEqual([]);
  });

  test("whatever FIRST-LAST/LENGTH: bounds and size come out as they went in", () => {
    const bits = fc.constantFrom(32, 128);
    const range = bits.chain((width) =>
      fc.tuple(
        fc.constant(width),
        fc.bigInt(0n, (1n << BigInt(width)) - 1n),
        fc.integer({ min: 1, max: width - 2 }),
        fc.bigInt(0n, 1n << 128n),
        fc.bigInt(0n, 1n << 128n),
      ),
    );
    fc.assert(
      fc.property(range, ([width, value, length, one, other]) => {
        const family = width === 32 ? 4 : 6;
        const size = 1n << BigInt(width - length);
        const network = (value / size) * size;
        const [low, high] = [1n + (one % (size - 2n)), 1n + (other % (size - 2n))].toSorted(
          (a, b) => (a < b ? -1 : 1),
        );
        if (low === undefined || high === undefined) return;
        // IPv4-mapped texts are IPv4.
        const named = [network, network + low, network + high];
        if (family === 6 && named.some((each) => each >> 32n === 0xffffn)) return;
        const [first, last] = [low, high].map((offset) =>
          formatAddress({ family, value: network + offset }),
        );
        const parsed = parse({ range: `${first}-${last}/${length}` });
        expect(findings(parsed)).toEqual([]);
        const [made] = parsed.configuration.ranges;
        expect(made && allowedText(made)).toBe(`${first}-${last}`);
        expect(made && rangeSize(made)).toBe(high - low + 1n);
      }),
    );
  });
});

describe("parseConfiguration() applies gateways", () => {
  const table: [string, Record<string, unknown>, Record<string, unknown>, string[]][] = [
    [
      "of the ipam object to ranges of its family without their own",
      {
        gateway: "10.0.0.1",
        ipRanges: [
          { range: "10.0.0.0/24" },
          { range: "10.1.0.0/24", gateway: "10.1.0.1" },
          { range: "fd00::/64" },
        ],
      },
      {},
      [
        "10.0.0.0/24 10.0.0.1 10.0.0.254 via 10.0.0.1",
        "10.1.0.0/24 10.1.0.1 10.1.0.254 via 10.1.0.1",
        "fd00::/64 fd00::1 fd00::ffff:ffff:ffff:ffff",
      ],
    ],
  ];
  test.each(table)("%s", (_, ipam, main, expected) => {
    const parsed = parse(ipam, { main });
    expect(findings(parsed)).toEqual([]);
    expect(parsed.configuration.ranges.map(rangeText)).toEqual(expected);
  });

  test.each([
    [{ isGateway: true }, "10.0.0.2-10.0.0.254"],
    [{ isDefaultGateway: true }, "10.0.0.2-10.0.0.254"],
    [{ ISGATEWAY: true }, "10.0.0.2-10.0.0.254"],
    [{ isGateway: false, isDefaultGateway: "true" }, "10.0.0.1-10.0.0.254"],
    [{}, "10.0.0.1-10.0.0.254"],
  ])("of a main plugin with %j", (main, expected) => {
    const { configuration } = parse({ range: "10.0.0.0/24" }, { main });
    expect(configuration.ranges.map(allowedText)).toEqual([expected]);
  });

  test("and keeps network+1 for the main plugin only in ranges without a gateway", () => {
    const ipam = { gateway: "10.0.0.9", range: "10.0.0.0/28", ipRanges: [{ range: "fd00::/126" }] };
    const { configuration } = parse(ipam, { main: { isGateway: true } });
    expect(configuration.ranges.map(allowedText)).toEqual([
      "10.0.0.1-10.0.0.8 10.0.0.10-10.0.0.14",
      "fd00::2-fd00::3",
    ]);
  });
});

describe("a gateway, whatever range it belongs to", () => {
  test.each([
    [
      "of one entry is left out of the others",
      { ipRanges: [{ range: "10.0.0.0/24", gateway: "10.0.0.1" }, { range: "10.0.0.0/29" }] },
      ["10.0.0.2-10.0.0.254", "10.0.0.2-10.0.0.6"],
    ],
    [
      "of all is left out where an entry has its own",
      { gateway: "10.1.0.1", ipRanges: [{ range: "10.1.0.0/29", gateway: "10.1.0.6" }] },
      ["10.1.0.2-10.1.0.5"],
    ],
  ])("%s", (_, ipam, expected) => {
    const parsed = parse(ipam);
    expect(findings(parsed)).toEqual([]);
    expect(parsed.configuration.ranges.map(allowedText)).toEqual(expected);
  });
});

test("an empty range beside ipRanges counts as none", () => {
  const parsed = parse({ range: "", ipRanges: [{ range: "10.5.0.0/24" }] });
  expect(findings(parsed)).toEqual([]);
  expect(parsed.configuration.ranges).toHaveLength(1);
  expect(parse({ range: "" }).faults).toHaveLength(1);
});
