import { describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { formatCidr } from "../core/cidr.ts";
import { readFlatFile } from "./flat-file.ts";
import { parseConfiguration } from "./parse-configuration.ts";
import {
  parse,
  findings,
  rangeText,
  allowedText,
  fixed,
  files,
  folderAt,
  parseWithFlat,
} from "./test-world.ts";

describe("parseConfiguration() merges the flat file", () => {
  test("that exists first", () => {
    const all = Object.fromEntries(
      ["/own", ...fixed].map((path, index) => [
        path,
        JSON.stringify({ network_name: `n${index}` }),
      ]),
    );
    const ipam = { configuration_path: "/own" };
    for (const [index, path] of ["/own", ...fixed].entries()) {
      const parsed = parse(ipam, { readFlatFile: files(all) });
      expect(parsed.configuration.network).toBe(`n${index}`);
      expect(parsed.flatFile).toBe(path);
      delete all[path];
    }
    expect(parse(ipam, { readFlatFile: files(all) }).flatFile).toBeUndefined();
  });

  test.each([
    ["absent", {}],
    ["null", { range: null, network_name: null }],
    ["empty", { range: "", network_name: "", exclude: [], reuse_delay: 0, strict: false }],
    ["spelt otherwise and empty", { RANGE: "", Exclude: [] }],
  ])("into what is %s", (_, ipam) => {
    const flat = {
      range: "10.0.0.0/30",
      NETWORK_NAME: "blue",
      exclude: ["10.0.0.1"],
      reuse_delay: 5,
      gateway: "10.0.0.9",
    };
    const { configuration, faults, warnings } = parseWithFlat(ipam, flat);
    expect([...faults, ...warnings]).toEqual([]);
    expect(configuration.network).toBe("blue");
    expect(configuration.reuseDelaySeconds).toBe(5);
    expect(configuration.ranges.map(rangeText)).toEqual([
      "10.0.0.0/30 10.0.0.1 10.0.0.2 via 10.0.0.9",
    ]);
    expect(configuration.ranges.map(allowedText)).toEqual(["10.0.0.2-10.0.0.2"]);
  });

  test("not into what is given; lists are not joined", () => {
    const ipam = { range: "10.0.0.0/24", routes: [{ dst: "10.1.0.0/16" }], network_name: "own" };
    const flat = { range: "10.9.0.0/24", routes: [{ dst: "10.2.0.0/16" }], network_name: "flat" };
    const { configuration } = parseWithFlat(ipam, flat);
    expect(configuration.ranges.map(({ cidr }) => formatCidr(cidr))).toEqual(["10.0.0.0/24"]);
    expect(configuration.routes).toEqual([{ dst: "10.1.0.0/16" }]);
    expect(configuration.network).toBe("own");
  });

  test("field by field into dns and kubernetes", () => {
    const parsed = parseWithFlat(
      {
        dns: { nameservers: ["192.0.2.1"], search: [] },
        kubernetes: { kubeconfig: "" },
        datastore: "local",
      },
      {
        dns: { nameservers: ["192.0.2.2"], domain: "a", search: ["b"] },
        kubernetes: { kubeconfig: "/k" },
      },
    );
    expect(findings(parsed)).toEqual([]);
    expect(parsed.configuration.dns).toEqual({
      nameservers: ["192.0.2.1"],
      domain: "a",
      search: ["b"],
    });
  });

  test("except enable_overlapping_ranges and configuration_path", () => {
    const flat = {
      enable_overlapping_ranges: false,
      configuration_path: "/etc/cni/net.d/whereabouts.d",
    };
    const parsed = parseWithFlat({}, flat);
    expect(parsed.configuration.overlapping).toBe(true);
    expect(findings(parsed)).toEqual([
      `warning ${fixed[1]}: enable_overlapping_ranges: false has an effect in the CNI configuration only`,
    ]);
    expect(parseWithFlat({ enable_overlapping_ranges: false }, {}).configuration.overlapping).toBe(
      false,
    );
  });

  test("that the installer of the Go implementation writes, and names it where it chooses a store", () => {
    const flat = {
      datastore: "kubernetes",
      configuration_path: "/etc/cni/net.d/whereabouts.d",
      kubernetes: { kubeconfig: "/etc/cni/net.d/whereabouts.d/whereabouts.kubeconfig" },
      reconciler_cron_expression: "30 4 * * *",
    };
    expect(findings(parseWithFlat({ datastore: "local" }, flat))).toEqual([]);
    const parsed = parseWithFlat({}, flat);
    expect(parsed.faults.map(({ scope, path }) => `${scope} ${path}`)).toEqual([
      `store ${fixed[1]}: datastore`,
    ]);
    const { datastore: _, ...rest } = flat;
    expect(parseWithFlat({}, rest).faults.map(({ path }) => path)).toEqual([
      `${fixed[1]}: kubernetes.kubeconfig`,
    ]);
  });

  test("and says that it chooses no store in a cluster", () => {
    const [fault] = parseWithFlat({}, { log_level: "error" }, { inCluster: true }).faults;
    expect(fault?.expected).toContain(`and the flat file ${fixed[1]} chooses none either;`);
  });

  test("and names it in faults and warnings", () => {
    expect(findings(parseWithFlat({}, { ipRanges: [{}], rangeStart: "" }))).toEqual([
      `range ${fixed[1]}: ipRanges[0].range: is missing`,
      `warning ${fixed[1]}: rangeStart: is not a known key; \`range_start\` is one`,
    ]);
  });

  test.each([
    ["is not JSON: JSON Parse error: Expected '}'", "{"],
    ["is not JSON: unexpected end of JSON input", ""],
    ["is not JSON: JSON Parse error: Unexpected identifier", '{"etcd_password": hunter2}'],
    ["is not a JSON object", "[]"],
    ["is not a JSON object", "null"],
  ])("and refuses one that %s: %j", (expected, text) => {
    const changes = { readFlatFile: files({ "/own": text }), inCluster: true };
    const parsed = parse({ configuration_path: "/own" }, changes);
    expect(findings(parsed)).toEqual([`store /own: ${expected}`]);
    expect(parsed.configuration.store).toBeUndefined();
    expect(parsed.flatFile).toBe("/own");
  });

  test("and refuses one that cannot be read, whatever comes after it", () => {
    const parsed = parse({ configuration_path: "/own" }, { readFlatFile: readForbidden });
    expect(findings(parsed)).toEqual(["store /own: cannot be read: EACCES: permission denied"]);
    expect(parsed.configuration.store).toBeUndefined();
  });

  test("passes a folder at configuration_path, not one at a fixed path", () => {
    expect(
      findings(parse({ configuration_path: "/folder" }, { readFlatFile: folderAt("/folder") })),
    ).toEqual([]);
    expect(findings(parse({}, { readFlatFile: folderAt(fixed[0] ?? "") }))).toEqual([
      `store ${fixed[0]}: cannot be read: it is a folder`,
    ]);
  });

  test("and warns of a configuration_path that is not there", () => {
    expect(findings(parse({ configuration_path: "/none" }))).toEqual([
      'warning ipam.configuration_path: "/none" is not there',
    ]);
  });
});

function readForbidden(path: string): string {
  if (path === "/own")
    throw Object.assign(new Error("EACCES: permission denied"), { code: "EACCES" });
  return "{}";
}

describe("readFlatFile()", () => {
  test("reads a file, finds none, and refuses all else", () => {
    const folder = mkdtempSync(join(tmpdir(), "whereabouts-flat-file-"));
    try {
      const file = join(folder, "file");
      writeFileSync(file, "{}");
      expect(readFlatFile(file)).toBe("{}");
      expect(readFlatFile(join(folder, "none"))).toBeUndefined();
      expect(readFlatFile(join(file, "below"))).toBeUndefined();
      expect(() => readFlatFile(folder)).toThrow("folder");
      expect(() => readFlatFile("/dev/zero")).toThrow("not a regular file");
      expect(() => readFlatFile("a\0b")).toThrow();
      const loop = join(folder, "loop");
      symlinkSync(loop, loop);
      expect(() => readFlatFile(loop)).toThrow("ELOOP");
      truncateSync(file, (1 << 20) + 1);
      expect(() => readFlatFile(file)).toThrow("1 MiB");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test("is what is used where no reader is given", () => {
    const folder = mkdtempSync(join(tmpdir(), "whereabouts-flat-file-"));
    try {
      const path = join(folder, "whereabouts.conf");
      writeFileSync(path, '{"network_name":"blue"}');
      const parsed = parseConfiguration(
        { configuration_path: path },
        { main: {}, inCluster: false, defaultDataDir: "/default" },
      );
      expect(parsed.configuration.network).toBe("blue");
      expect(parsed.flatFile).toBe(path);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
