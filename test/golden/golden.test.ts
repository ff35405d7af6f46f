/**
 * Transcripts of every command in every CNI version, held against the files beside this one. After a change that
 * is meant: `UPDATE_GOLDEN=1 bun test test/golden`, and read the difference.
 */
import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cniVersions } from "../../src/config/cni-version.ts";
import type { FakeNode, PluginCall } from "../plugin-call.ts";
import { callPlugin, environmentOf, makeNode } from "../plugin-call.ts";

const ipam = {
  type: "whereabouts",
  ipRanges: [
    { range: "10.1.2.0/24", gateway: "10.1.2.1" },
    { range: "2001:db8:1::/64", gateway: "2001:db8:1::1" },
  ],
  routes: [
    { dst: "0.0.0.0/0" },
    { dst: "192.168.0.0/16", gw: "10.1.2.9", mtu: 1400, table: 0 },
    { dst: "::/0" },
  ],
};

function network(cniVersion: string, more: object = {}): object {
  return { cniVersion, name: "golden", type: "macvlan", master: "eth0", ipam, ...more };
}

const previous = {
  ips: [
    { address: "10.1.2.2/24", interface: 0 },
    { address: "2001:db8:1::2/64", interface: 0 },
  ],
};

/** One session: each line continues what the lines before did. */
function session(version: string): readonly (readonly [string, PluginCall])[] {
  const config = network(version);
  const tiny = { ...ipam, ipRanges: [{ range: "10.9.9.9/32" }], routes: [] };
  const old = version < "0.3.0";
  return [
    ["VERSION", { command: "VERSION", stdin: { cniVersion: version } }],
    ["STATUS of an empty pool", { command: "STATUS", stdin: config }],
    ["ADD, dual stack", { command: "ADD", stdin: config }],
    ["ADD again: the same addresses", { command: "ADD", stdin: config }],
    ["CHECK", { command: "CHECK", stdin: network(version, { prevResult: previous }) }],
    ["CHECK without prevResult", { command: "CHECK", stdin: config }],
    [
      "CHECK with another address in prevResult",
      {
        command: "CHECK",
        stdin: network(version, { prevResult: { ips: [{ address: "10.1.2.9/24" }] } }),
      },
    ],
    [
      "ADD with dns",
      {
        command: "ADD",
        containerId: "c2",
        stdin: network(version, {
          ipam: { ...ipam, dns: { nameservers: ["10.1.2.53"], search: ["example.org"] } },
        }),
      },
    ],
    [
      "ADD of a held address",
      { command: "ADD", containerId: "c3", args: "IP=10.1.2.2", stdin: config },
    ],
    [
      "ADD of the gateway",
      { command: "ADD", containerId: "c3", args: "IP=10.1.2.1", stdin: config },
    ],
    [
      "ADD of two addresses of one family",
      {
        command: "ADD",
        containerId: "c4",
        stdin: network(version, {
          ipam: {
            ...ipam,
            ipRanges: [{ range: "10.3.0.0/24" }, { range: "10.4.0.0/24" }],
            routes: [],
          },
        }),
      },
    ],
    [
      "ADD, the only address",
      { command: "ADD", containerId: "c5", stdin: network(version, { ipam: tiny }) },
    ],
    ["ADD, full", { command: "ADD", containerId: "c6", stdin: network(version, { ipam: tiny }) }],
    ["STATUS of a full pool", { command: "STATUS", stdin: network(version, { ipam: tiny }) }],
    [
      "ADD with a faulty range",
      {
        command: "ADD",
        containerId: "c7",
        stdin: network(version, {
          ipam: { ...ipam, ipRanges: [{ range: "10.0.0.0/33" }, { range: "" }] },
        }),
      },
    ],
    ["GC without a list", { command: "GC", stdin: config }],
    [
      "GC that keeps c1",
      {
        command: "GC",
        stdin: network(version, {
          "cni.dev/valid-attachments": [{ containerID: "c1", ifname: "eth0" }],
          "cni.dev/attachments": [{ containerID: "c1", ifname: "eth0" }],
        }),
      },
    ],
    [
      "DEL",
      { command: "DEL", netns: "", stdin: network(version, { prevResult: old ? {} : previous }) },
    ],
    ["DEL again", { command: "DEL", netns: "", stdin: config }],
    ["DEL of an unknown container", { command: "DEL", containerId: "unknown", stdin: config }],
  ];
}

async function transcribe(
  node: FakeNode,
  calls: readonly (readonly [string, PluginCall])[],
): Promise<string> {
  const parts: string[] = [];
  for (const [title, call] of calls) {
    const { exitCode, stdout } = await callPlugin(node, call);
    const environment = Object.entries(environmentOf(call)).map(
      ([key, value]) => `${key}=${value}`,
    );
    const stdin = typeof call.stdin === "string" ? call.stdin : JSON.stringify(call.stdin);
    parts.push(
      [
        `# ${title}`,
        `$ ${environment.join(" ")}`,
        `< ${stdin}`,
        ...stdout.split("\n").map((line) => `> ${line}`),
        `exit ${exitCode}`,
        "",
      ].join("\n"),
    );
  }
  return parts.join("\n");
}

function hold(file: string, transcript: string): void {
  const path = join(import.meta.dir, file);
  if (process.env["UPDATE_GOLDEN"] === "1") writeFileSync(path, transcript);
  expect(existsSync(path)).toBe(true);
  expect(transcript).toBe(readFileSync(path, "utf8"));
}

describe("transcripts", () => {
  for (const version of cniVersions) {
    test(`of CNI ${version}`, async () => {
      hold(`${version}.txt`, await transcribe(makeNode(), session(version)));
    });
  }

  test("of calls that are wrong in themselves", async () => {
    const config = network("1.0.0");
    const add = { command: "ADD", stdin: config };
    const wrong: readonly (readonly [string, PluginCall])[] = [
      ["unknown command", { ...add, command: "NOPE" }],
      [
        "variables missing",
        { ...add, environment: { CNI_CONTAINERID: "", CNI_NETNS: "", CNI_IFNAME: "" } },
      ],
      ["container id with a slash", { ...add, containerId: "a/b" }],
      ["interface name too long", { ...add, interfaceName: "sixteen-bytes-xx" }],
      ["CNI_ARGS malformed", { ...add, args: "IP" }],
      ["CNI_ARGS with an unknown key", { ...add, args: "FOO=1" }],
      [
        "CNI_ARGS with an unknown key that may be ignored",
        { ...add, args: "FOO=1;IgnoreUnknown=1" },
      ],
      ["empty input", { ...add, stdin: "" }],
      ["input that is no JSON", { ...add, stdin: "{" }],
      ["input that is no object", { ...add, stdin: "[1]" }],
      ["input that is too large", { ...add, stdin: `{"x":"${"x".repeat(1_048_576)}"}` }],
      ["no name", { ...add, stdin: { ...config, name: "" } }],
      ["bad name", { ...add, stdin: { ...config, name: "a/b" } }],
      ["name of a wrong type", { ...add, stdin: { ...config, name: 7 } }],
      ["unknown version", { ...add, stdin: { ...config, cniVersion: "9.9.9" } }],
      ["version of a wrong type", { ...add, stdin: { ...config, cniVersion: 1 } }],
      [
        "no version: 0.1.0",
        { ...add, containerId: "c9", stdin: { ...config, cniVersion: undefined } },
      ],
      ["no ipam", { ...add, stdin: { ...config, ipam: undefined } }],
      ["the plugin's own namespace", { ...add, netns: "/proc/self/ns/net" }],
      ["a cluster without a store", { ...add, args: "K8S_POD_NAMESPACE=a;K8S_POD_NAME=b" }],
      [
        "DEL in a cluster without a store",
        { ...add, command: "DEL", args: "K8S_POD_NAMESPACE=a;K8S_POD_NAME=b" },
      ],
      ["no address configured", { ...add, stdin: { ...config, ipam: { type: "whereabouts" } } }],
    ];
    const transcript = await transcribe(makeNode(), wrong);
    hold("wrong-calls.txt", transcript.replaceAll(/x{1000,}/g, "(1 MiB)"));
  });
});
