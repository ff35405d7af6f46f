import { describe, expect, test } from "bun:test";
import { configurationError } from "./parse-configuration.ts";
import { parse, findings, rangeText, allowedText, folderAt } from "./test-world.ts";

describe("parseConfiguration() gives defaults", () => {
  test("to a configuration of nothing but its type", () => {
    const parsed = parse({ type: "whereabouts" });
    expect(findings(parsed)).toEqual([]);
    expect(parsed.flatFile).toBeUndefined();
    expect(parsed.configuration).toEqual({
      network: "",
      store: { kind: "local", dataDir: "/default" },
      ranges: [],
      overlapping: true,
      addresses: [],
      routes: [],
      dns: {},
      logFile: undefined,
      logLevel: "debug",
      reuseDelaySeconds: 0,
      timeouts: { addMs: 10_000, delMs: 10_000, statusMs: 2_000 },
    });
  });

  test("to keys that are null or empty", () => {
    const parsed = parse({
      gateway: "",
      exclude: [],
      range_start: "",
      range_end: null,
      network_name: "",
      log_file: "",
      log_level: "",
      datastore: "",
      data_dir: "",
      etcd_host: "",
      kubernetes: { kubeconfig: "" },
      configuration_path: "",
      ipRanges: null,
      dns: null,
      range: null,
    });
    expect(findings(parsed)).toEqual([]);
    expect(parsed.configuration).toEqual(parse({}).configuration);
  });
});

describe("parseConfiguration() reads", () => {
  test("every key", () => {
    const parsed = parse(
      {
        type: "whereabouts",
        range: "10.0.0.5/24",
        range_start: "10.0.0.10",
        range_end: "10.0.0.20",
        exclude: ["10.0.0.12"],
        gateway: "10.0.0.1",
        ipRanges: [{ range: "fd00::/64", gateway: "fd00::1" }],
        addresses: [{ address: "192.0.2.7/24", gateway: "192.0.2.1" }],
        routes: [{ dst: "0.0.0.0/0" }],
        dns: { nameservers: ["192.0.2.53"], domain: "a", search: ["b"], options: ["c"] },
        network_name: "blue",
        enable_overlapping_ranges: false,
        log_file: "/tmp/log",
        log_level: "error",
        configuration_path: "/folder",
        datastore: "local",
        data_dir: "/data",
        reuse_delay: 2.5,
        strict: false,
        add_timeout: 20,
        del_timeout: 0.5,
        status_timeout: 600,
        kubernetes: { kubeconfig: "/k", k8s_api_root: "https://k" },
        etcd_host: "e",
        etcd_username: "u",
        etcd_password: "p",
        etcd_key_file: "/k",
        etcd_cert_file: "/c",
        etcd_ca_cert_file: "/a",
        node_slice_size: "/26",
        leader_lease_duration: 1500,
        leader_renew_deadline: 1000,
        leader_retry_period: 500,
        reconciler_cron_expression: "30 4 * * *",
        sleep_for_race: 1,
      },
      { readFlatFile: folderAt("/folder") },
    );
    expect(findings(parsed)).toEqual([]);
    const { ranges, addresses, ...rest } = parsed.configuration;
    expect(ranges.map(rangeText)).toEqual([
      "10.0.0.0/24 10.0.0.10 10.0.0.20 via 10.0.0.1",
      "fd00::/64 fd00::1 fd00::ffff:ffff:ffff:ffff via fd00::1",
    ]);
    expect(addresses).toEqual([
      {
        address: { family: 4, value: 0xc0000207n },
        prefixLength: 24,
        gateway: { family: 4, value: 0xc0000201n },
      },
    ]);
    expect(rest).toEqual({
      network: "blue",
      store: { kind: "local", dataDir: "/data" },
      overlapping: false,
      routes: [{ dst: "0.0.0.0/0" }],
      dns: { nameservers: ["192.0.2.53"], domain: "a", search: ["b"], options: ["c"] },
      logFile: "/tmp/log",
      logLevel: "error",
      reuseDelaySeconds: 2.5,
      timeouts: { addMs: 20_000, delMs: 500, statusMs: 600_000 },
    });
  });

  test("keys whatever their case, at every level", () => {
    const parsed = parse({
      RANGE: "10.0.0.0/24",
      Exclude: ["10.0.0.1"],
      ipranges: [{ Range: "10.1.0.0/24", GATEWAY: "10.1.0.1" }],
      Routes: [{ DST: "0.0.0.0/0" }],
      DNS: { Domain: "a" },
      Addresses: [{ Address: "192.0.2.1/24" }],
    });
    expect(findings(parsed)).toEqual([]);
    expect(parsed.configuration.ranges.map(allowedText)).toEqual([
      "10.0.0.2-10.0.0.254",
      "10.1.0.2-10.1.0.254",
    ]);
    expect(parsed.configuration.routes).toEqual([{ dst: "0.0.0.0/0" }]);
    expect(parsed.configuration.dns).toEqual({ domain: "a" });
    expect(parsed.configuration.addresses).toHaveLength(1);
  });

  test.each([
    ["before", { network_name: "a", NETWORK_NAME: "b" }, "NETWORK_NAME"],
    ["after", { Network_Name: "b", network_name: "a" }, "Network_Name"],
  ])("an exact key %s another spelling of it", (_, ipam, ignored) => {
    const parsed = parse(ipam);
    expect(parsed.configuration.network).toBe("a");
    expect(findings(parsed)).toEqual([
      `warning ipam.${ignored}: "b" has no effect beside \`network_name\``,
    ]);
  });

  test("the last of several inexact spellings", () => {
    const parsed = parse({ Network_name: "a", NETWORK_NAME: "b" });
    expect(parsed.configuration.network).toBe("b");
    expect(findings(parsed)).toHaveLength(1);
  });
});

describe("configurationError()", () => {
  test("lists every fault in its message, and each on a line of its details", () => {
    const { faults } = parse({ range: "10.0.0.0/33", gateway: "x", datastore: "y" });
    const error = configurationError(faults);
    expect(error.code).toBe("invalid-configuration");
    expect(error.message).toBe(
      'ipam.datastore: "y" is not "local", "etcd" or "kubernetes"; ipam.gateway: "x" is not an address; ' +
        'ipam.range: "10.0.0.0/33" is not an address prefix such as 10.0.0.0/24 or 10.0.0.10-10.0.0.20/24',
    );
    expect(error.details?.split("\n")).toEqual(error.message.split("; "));
  });
});
