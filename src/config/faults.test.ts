import { describe, expect, test } from "bun:test";
import { parse, findings } from "./test-world.ts";

describe("parseConfiguration() refuses", () => {
  const table: [string, unknown, string[]][] = [
    ["no ipam", undefined, ["store ipam: is missing"]],
    ["an ipam that is null", null, ["store ipam: is missing"]],
    ["an ipam that is a list", [], ["store ipam: [] is not an object"]],
    [
      "another type",
      { type: "host-local" },
      ['range ipam.type: "host-local" is not "whereabouts"'],
    ],
    [
      "an empty range",
      { range: "" },
      [
        'range ipam.range: "" is not an address prefix such as 10.0.0.0/24 or 10.0.0.10-10.0.0.20/24',
      ],
    ],
    [
      "a range too long",
      { range: "10.0.0.0/33" },
      [
        'range ipam.range: "10.0.0.0/33" is not an address prefix such as 10.0.0.0/24 or 10.0.0.10-10.0.0.20/24',
      ],
    ],
    [
      "a range without length",
      { range: "10.0.0.1-10.0.0.9" },
      [
        'range ipam.range: "10.0.0.1-10.0.0.9" is not a range of addresses such as 10.0.0.10-10.0.0.20/24',
      ],
    ],
    [
      "a range beginning elsewhere",
      { range: "10.0.1.1-10.0.0.9/24" },
      ['range ipam.range: "10.0.1.1-10.0.0.9/24" begins outside its own prefix 10.0.0.0/24'],
    ],
    [
      "a range of two families",
      { range: "fd00::1-10.0.0.9/24" },
      ['range ipam.range: "fd00::1-10.0.0.9/24" begins outside its own prefix 10.0.0.0/24'],
    ],
    [
      "an entry without range",
      { ipRanges: [{ range_start: "10.0.0.1" }] },
      ["range ipam.ipRanges[0].range: is missing"],
    ],
    [
      "an entry that is no object",
      { ipRanges: ["10.0.0.0/24"] },
      ['range ipam.ipRanges[0]: "10.0.0.0/24" is not an object'],
    ],
    [
      "exclude: leading zero",
      { range: "10.0.0.0/24", exclude: ["10.0.0.09"] },
      ['range ipam.exclude[0]: "10.0.0.09" is not an address, an address prefix or FIRST-LAST'],
    ],
    [
      "exclude: backwards",
      { range: "10.0.0.0/24", exclude: ["10.0.0.9-10.0.0.8"] },
      [
        'range ipam.exclude[0]: "10.0.0.9-10.0.0.8" is not an address, an address prefix or FIRST-LAST',
      ],
    ],
    [
      "exclude: a number",
      { range: "10.0.0.0/24", exclude: [1] },
      ["range ipam.exclude[0]: 1 is not an address, an address prefix or FIRST-LAST"],
    ],
    [
      "exclude: a text",
      { range: "10.0.0.0/24", exclude: "10.0.0.9" },
      ['range ipam.exclude: "10.0.0.9" is not a list'],
    ],
    [
      "exclusions of everything",
      { range: "10.0.0.0/30", exclude: ["10.0.0.0/30"] },
      ['range ipam.exclude: ["10.0.0.0/30"] leaves no address of 10.0.0.0/30'],
    ],
    [
      "a gateway that is all",
      { range: "10.0.0.1/32", gateway: "10.0.0.1" },
      ['range ipam.gateway: "10.0.0.1" is the gateway, which leaves no address of 10.0.0.1/32'],
    ],
    [
      "an own gateway that is all",
      { ipRanges: [{ range: "fd00::1-fd00::1/64", gateway: "fd00::1" }] },
      [
        'range ipam.ipRanges[0].gateway: "fd00::1" is the gateway, which leaves no address of fd00::/64',
      ],
    ],
    [
      "a gateway that is none",
      { range: "10.0.0.0/24", gateway: "10.0.0.01" },
      ['range ipam.gateway: "10.0.0.01" is not an address'],
    ],
    [
      "an own gateway of another family",
      { ipRanges: [{ range: "10.0.0.0/24", gateway: "fd00::1" }] },
      ['range ipam.ipRanges[0].gateway: "fd00::1" is not of the family of its range 10.0.0.0/24'],
    ],
    [
      "a static address without length",
      { addresses: [{ address: "10.0.0.1" }] },
      ['range ipam.addresses[0].address: "10.0.0.1" has no prefix length such as /24'],
    ],
    [
      "a static address that is none",
      { addresses: [{ address: "x/24" }] },
      [
        'range ipam.addresses[0].address: "x/24" is not an address with a prefix length such as 10.0.0.5/24',
      ],
    ],
    ["no static address", { addresses: [{}] }, ["range ipam.addresses[0].address: is missing"]],
    [
      "a static gateway of another family",
      { addresses: [{ address: "10.0.0.1/24", gateway: "fd00::1" }] },
      ['range ipam.addresses[0].gateway: "fd00::1" is not of the family of 10.0.0.1'],
    ],
    [
      "a route without dst",
      { routes: [{ gw: "10.0.0.1" }] },
      ["range ipam.routes[0].dst: is missing"],
    ],
    [
      "a route to nowhere",
      { routes: [{ dst: "default", gw: "x", mtu: -1, table: 1.5 }] },
      [
        'range ipam.routes[0].dst: "default" is not an address prefix such as 0.0.0.0/0',
        'range ipam.routes[0].gw: "x" is not an address',
        "range ipam.routes[0].mtu: -1 is not a whole number of at least 0",
        "range ipam.routes[0].table: 1.5 is not a whole number of at least 0",
      ],
    ],
    [
      "dns of wrong types",
      { dns: { nameservers: "a", domain: 1, search: [2] } },
      [
        'range ipam.dns.nameservers: "a" is not a list',
        "range ipam.dns.domain: 1 is not a string",
        "range ipam.dns.search[0]: 2 is not a string",
      ],
    ],
    [
      "a data_dir that is relative",
      { data_dir: "a/b" },
      ['store ipam.data_dir: "a/b" is not an absolute path'],
    ],
    [
      "a data_dir with NUL",
      { data_dir: "/a\0" },
      [String.raw`store ipam.data_dir: "/a\u0000" is not an absolute path`],
    ],
    [
      "a reuse_delay below 0",
      { reuse_delay: -1 },
      ["range ipam.reuse_delay: -1 is not a number of seconds from 0 to 31536000 (a year)"],
    ],
    [
      "a reuse_delay above a year",
      { reuse_delay: 31536001 },
      ["range ipam.reuse_delay: 31536001 is not a number of seconds from 0 to 31536000 (a year)"],
    ],
    [
      "times of 0 and above 600",
      { add_timeout: 0, del_timeout: 601, status_timeout: "2" },
      [
        "range ipam.add_timeout: 0 is not a number of seconds above 0, at most 600",
        "range ipam.del_timeout: 601 is not a number of seconds above 0, at most 600",
        'range ipam.status_timeout: "2" is not a number of seconds above 0, at most 600',
      ],
    ],
    [
      "several faults, and lists all",
      { range: "x", gateway: "y", log_file: 5 },
      [
        "range ipam.log_file: 5 is not a string",
        'range ipam.gateway: "y" is not an address',
        'range ipam.range: "x" is not an address prefix such as 10.0.0.0/24 or 10.0.0.10-10.0.0.20/24',
      ],
    ],
  ];
  test.each(table)("%s", (_, ipam, expected) => {
    const parsed = parse(ipam);
    expect(findings(parsed)).toEqual(expected);
  });

  const types: [string, unknown, string][] = [
    ["range", 5, "range ipam.range: 5 is not a string"],
    ["ipRanges", {}, "range ipam.ipRanges: {} is not a list"],
    ["gateway", 5, "range ipam.gateway: 5 is not a string"],
    ["addresses", "a", 'range ipam.addresses: "a" is not a list'],
    ["routes", true, "range ipam.routes: true is not a list"],
    ["dns", [], "range ipam.dns: [] is not an object"],
    ["network_name", 5, "store ipam.network_name: 5 is not a string"],
    ["data_dir", 5, "store ipam.data_dir: 5 is not a string"],
    ["datastore", 5, 'store ipam.datastore: 5 is not "local", "etcd" or "kubernetes"'],
    ["configuration_path", 5, "store ipam.configuration_path: 5 is not a string"],
    [
      "enable_overlapping_ranges",
      "no",
      'range ipam.enable_overlapping_ranges: "no" is not true or false',
    ],
    ["strict", 1, "range ipam.strict: 1 is not true or false"],
    ["log_file", {}, "range ipam.log_file: {} is not a string"],
    ["log_level", 1, "range ipam.log_level: 1 is not a string"],
    [
      "reuse_delay",
      "1",
      'range ipam.reuse_delay: "1" is not a number of seconds from 0 to 31536000 (a year)',
    ],
    ["leader_lease_duration", "1", 'range ipam.leader_lease_duration: "1" is not a number'],
    ["sleep_for_race", [1], "range ipam.sleep_for_race: [1] is not a number"],
    ["reconciler_cron_expression", 1, "range ipam.reconciler_cron_expression: 1 is not a string"],
    ["etcd_host", 5, "store ipam.etcd_host: 5 is not a string or a list of strings"],
    ["node_slice_size", true, "range ipam.node_slice_size: true is not a string"],
  ];
  test.each(types)("a %s that is %j", (key, value, expected) => {
    expect(findings(parse({ [key]: value }))).toEqual([expected]);
  });

  test("nothing left beside what the main plugin takes", () => {
    const parsed = parse({ range: "10.0.0.1-10.0.0.1/24" }, { main: { isGateway: true } });
    expect(findings(parsed)).toEqual([
      `range ipam.range: "10.0.0.1-10.0.0.1/24" leaves no address beside the main plugin's own (isGateway)`,
    ]);
  });
});
