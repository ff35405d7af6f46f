import { describe, expect, test } from "bun:test";
import { parse, findings, allowedText } from "./test-world.ts";

describe("parseConfiguration() warns of", () => {
  const table: [string, Record<string, unknown>, string[]][] = [
    [
      "a start that is no address",
      { range: "10.0.0.0/24", range_start: "x" },
      ['ipam.range_start: "x" has no effect: it is not an address'],
    ],
    [
      "a start of another family",
      { range: "10.0.0.0/24", range_start: "fd00::1" },
      [
        'ipam.range_start: "fd00::1" bounds nothing: fd00::1 is not a usable address of 10.0.0.0/24',
      ],
    ],
    [
      "an end that is the broadcast address",
      { range: "10.0.0.0/24", range_end: "10.0.0.255" },
      [
        'ipam.range_end: "10.0.0.255" bounds nothing: 10.0.0.255 is not a usable address of 10.0.0.0/24',
      ],
    ],
    [
      "a start outside",
      { range: "10.0.0.0/24", range_start: "10.0.1.1" },
      [
        'ipam.range_start: "10.0.1.1" bounds nothing: 10.0.1.1 is not a usable address of 10.0.0.0/24',
      ],
    ],
    [
      "exclusions elsewhere",
      { range: "10.0.0.0/24", exclude: ["10.0.1.0/24", "fd00::1"] },
      [
        'ipam.exclude[0]: "10.0.1.0/24" has no effect: it lies outside of the range',
        'ipam.exclude[1]: "fd00::1" has no effect: its family is not that of 10.0.0.0/24',
      ],
    ],
    [
      "bounds beside FIRST-LAST",
      { range: "10.0.0.1-10.0.0.254/24", range_start: "10.0.0.9", range_end: "10.0.0.19" },
      [
        'ipam.range_start: "10.0.0.9" has no effect: `range` names its first and last address',
        'ipam.range_end: "10.0.0.19" has no effect: `range` names its first and last address',
      ],
    ],
    [
      "a gateway of a family without range",
      { range: "10.0.0.0/24", gateway: "fd00::1" },
      ['ipam.gateway: "fd00::1" has no effect: no range is of its family, IPv6'],
    ],
    [
      "a static address that is given out",
      { range: "10.0.0.0/24", addresses: [{ address: "10.0.0.9/24" }] },
      [
        'ipam.addresses[0].address: "10.0.0.9/24" may be given to a pod as well: exclude it from 10.0.0.0/24',
      ],
    ],
    [
      "an unknown log level",
      { range: "10.0.0.0/24", log_level: "info" },
      ['ipam.log_level: "info" has no effect: it is not "debug", "verbose", "error" or "panic"'],
    ],
    [
      "a camel-case key",
      { range: "10.0.0.0/24", rangeStart: "10.0.0.9" },
      ["ipam.rangeStart: is not a known key; `range_start` is one"],
    ],
    [
      "a misspelt key",
      { range: "10.0.0.0/24", exlude: [] },
      ["ipam.exlude: is not a known key; `exclude` is one"],
    ],
    ["a strange key", { range: "10.0.0.0/24", "a b": 1 }, ['ipam."a b": is not a known key']],
    [
      "host-local's key",
      { range: "10.0.0.0/24", ranges: [] },
      ["ipam.ranges: is a key of host-local; whereabouts uses `range` or `ipRanges`"],
    ],
    [
      "unknown keys further down",
      {
        range: "10.0.0.0/24",
        dns: { nameserver: [] },
        routes: [{ dst: "0.0.0.0/0", gateway: "" }],
        addresses: [{ address: "192.0.2.1/24", adress: "" }],
      },
      [
        "ipam.addresses[0].adress: is not a known key; `address` is one",
        "ipam.routes[0].gateway: is not a known key",
        "ipam.dns.nameserver: is not a known key; `nameservers` is one",
      ],
    ],
  ];
  test.each(table)("%s", (_, ipam, expected) => {
    const parsed = parse(ipam);
    expect(findings(parsed)).toEqual(expected.map((text) => `warning ${text}`));
    expect(parsed.configuration.ranges.map(allowedText)).toEqual(["10.0.0.1-10.0.0.254"]);
  });

  test.each([
    { range_start: "10.0.0.20", range_end: "10.0.0.10", range: "10.0.0.0/24" },
    { range: "10.0.0.20-10.0.0.10/24" },
  ])("an end before the start, which alone is ignored: %j", (ipam) => {
    const parsed = parse(ipam);
    expect(parsed.configuration.ranges.map(allowedText)).toEqual(["10.0.0.20-10.0.0.254"]);
    expect(parsed.warnings.map(({ expected }) => expected)).toEqual([
      "has an end before its start 10.0.0.20, which has no effect",
    ]);
  });

  test("keys of `range` beside `ipRanges` alone, or alone", () => {
    const alone = { range_start: "10.0.0.1", range_end: "10.0.0.2", exclude: ["10.0.0.9"] };
    for (const ipam of [alone, { ...alone, ipRanges: [{ range: "10.0.0.0/24" }] }]) {
      expect(parse(ipam).warnings.map(({ path }) => path)).toEqual([
        "ipam.range_start",
        "ipam.range_end",
        "ipam.exclude",
      ]);
    }
    expect(findings(parse({ exclude: "x" }))).toEqual(['range ipam.exclude: "x" is not a list']);
  });

  test.each(["Blue", "a_b", "-a", "a".repeat(254)])("the network name %j, and takes it", (name) => {
    const parsed = parse({ network_name: name });
    expect(parsed.configuration.network).toBe(name);
    expect(parsed.warnings.map(({ path }) => path)).toEqual(["ipam.network_name"]);
  });

  test.each(["blue", "a.b-c", "0", "a".repeat(253)])("nothing at the network name %j", (name) => {
    expect(findings(parse({ network_name: name }))).toEqual([]);
  });

  test("each thing as a fault where `strict` is true", () => {
    const parsed = parse({
      strict: true,
      network_name: "Blue",
      range: "10.0.0.0/24",
      rangeEnd: "",
    });
    expect(findings(parsed)).toEqual([
      "range ipam.rangeEnd: is not a known key; `range_end` is one",
      'range ipam.network_name: "Blue" is not an RFC 1123 name, as the Kubernetes store needs it',
    ]);
    expect(parsed.configuration.network).toBe("Blue");
    expect(parsed.configuration.store).toEqual({ kind: "local", dataDir: "/default" });
  });
});
