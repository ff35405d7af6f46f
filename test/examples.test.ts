/** Every file in examples/ is a configuration without faults and warnings, and gives out what it should. */
import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { ParsedConfiguration } from "../src/config/configuration.ts";
import { formatWarning, parseConfiguration } from "../src/config/parse-configuration.ts";
import { formatAddress } from "../src/core/address.ts";
import { isJsonObject } from "../src/core/json.ts";
import type { Range } from "../src/core/range.ts";
import { callPlugin, makeNode } from "./plugin-call.ts";

const folder = join(import.meta.dir, "..", "examples");
const files = readdirSync(folder).filter((name) => /\.(conf|conflist)$/.test(name));

/** The configurations of the plugins in a file: one in a `.conf`, a list of them in a `.conflist`. */
function pluginsOf(file: string): readonly Readonly<Record<string, unknown>>[] {
  const document: unknown = JSON.parse(readFileSync(join(folder, file), "utf8"));
  if (!isJsonObject(document)) throw new TypeError(`${file} is not a JSON object`);
  const plugins: unknown = file.endsWith(".conflist") ? document["plugins"] : [document];
  return Array.isArray(plugins) ? plugins.filter((each) => isJsonObject(each)) : [];
}

function parse(file: string): ParsedConfiguration {
  const main = pluginsOf(file).find((plugin) => isJsonObject(plugin["ipam"])) ?? {};
  return parseConfiguration(main["ipam"], {
    main,
    inCluster: false,
    defaultDataDir: "/default",
    readFlatFile: () => undefined,
  });
}

/** The first and the last address of each run that a range gives out, and its gateway. */
function rangeText({ cidr, allowed, gateway }: Range): string {
  const runs = allowed.map(({ first, last }) =>
    [first, last].map((value) => formatAddress({ family: cidr.family, value })).join("-"),
  );
  return [...runs, ...(gateway === undefined ? [] : [`via ${formatAddress(gateway)}`])].join(" ");
}

describe("examples/", () => {
  test("has files, and names each of them in its README", () => {
    const readme = readFileSync(join(folder, "README.md"), "utf8");
    expect(files.length).toBeGreaterThanOrEqual(7);
    expect(files.filter((file) => !readme.includes(`](${file})`))).toEqual([]);
  });

  test.each(files)("%s has neither faults nor warnings", (file) => {
    const { faults, warnings, configuration } = parse(file);
    expect([...faults, ...warnings].map(formatWarning)).toEqual([]);
    expect(configuration.ranges.length).toBeGreaterThan(0);
    expect(configuration.store?.kind).toBe("local");
  });

  test.each(files)("%s gives addresses, and takes them back", async (file) => {
    const node = makeNode();
    const list: unknown = JSON.parse(readFileSync(join(folder, file), "utf8"));
    const { name, cniVersion } = isJsonObject(list) ? list : {};
    const plugin = pluginsOf(file).find(({ ipam }) => isJsonObject(ipam)) ?? {};
    // What a runtime makes of a list: the plugin's own configuration with name and version.
    const stdin = { ...plugin, name, cniVersion };
    const added = await callPlugin(node, { command: "ADD", stdin });
    expect(added).toEqual({ exitCode: 0, stdout: expect.stringContaining('"ips"') });
    expect(await callPlugin(node, { command: "DEL", stdin })).toEqual({ exitCode: 0, stdout: "" });
    expect(
      (await Array.fromAsync(node.store.list({}))).filter(({ kind }) => kind === "held"),
    ).toEqual([]);
  });

  test.each([
    ["01-macvlan.conf", ["192.168.2.225-192.168.2.238 via 192.168.2.1"]],
    [
      "02-bridge-dual-stack.conflist",
      ["10.77.0.2-10.77.0.254", "fd77::2-fd77::ffff:ffff:ffff:ffff"],
    ],
    [
      "03-exclusions.conf",
      [
        "10.10.1.0-10.10.1.6 10.10.1.8-10.10.1.15 10.10.1.32-10.10.1.99 10.10.1.150-10.10.1.255 via 10.10.0.1",
      ],
    ],
    ["04-overlapping-off.conf", ["10.20.0.10-10.20.0.200"]],
    [
      "05-requested-addresses.conflist",
      ["10.30.0.2-10.30.0.254 via 10.30.0.1", "fd30::2-fd30::ffff:ffff:ffff:ffff via fd30::1"],
    ],
    ["06-reuse-delay.conf", ["10.40.0.1-10.40.0.254"]],
    ["07-static-addresses.conf", ["10.50.0.2-10.50.0.254 via 10.50.0.1"]],
  ])("%s gives out %j", (file, expected) => {
    expect(parse(file).configuration.ranges.map(rangeText)).toEqual(expected);
  });

  test("show what they are named after", () => {
    const blue = parse("04-overlapping-off.conf").configuration;
    expect([blue.network, blue.overlapping]).toEqual(["blue", false]);
    const rest = parse("06-reuse-delay.conf").configuration;
    expect(rest.reuseDelaySeconds).toBe(300);
    expect(rest.store).toEqual({ kind: "local", dataDir: "/var/lib/whereabouts-lab" });
    const fixed = parse("07-static-addresses.conf").configuration;
    expect(fixed.addresses).toHaveLength(1);
    expect(fixed.routes).toHaveLength(2);
    expect(fixed.dns.domain).toBe("lab.example");
  });
});
