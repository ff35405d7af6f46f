/** CNI 1.1.0 as the CNI project's own tool speaks it, through its own plugins 1.9.1. */
import { expect } from "bun:test";
import { renameSync, rmSync, writeFileSync } from "node:fs";
import { testWith } from "../skip.ts";
import type { NetworkList } from "./cnitool.ts";
import { makeCnitool } from "./cnitool.ts";
import type { Laboratory } from "./laboratory.ts";
import { openLaboratory } from "./laboratory.ts";
import { addHost, addNamespaces, addressesOn, deleteNamespace, ping } from "./network-namespace.ts";
import { NEW_PLUGINS, cnitool, makePluginFolder } from "./plugin-folder.ts";
import type { Outcome } from "./program.ts";
import { network } from "./requirements.ts";
import { Runtime, attach, listed, parseAnswer } from "./runtime.ts";

const needs = [...network, cnitool];
const TIMEOUT_MS = 30_000;

/** A list of one plugin, `cniVersion` 1.1.0. */
function conflist(name: string, plugin: object, ipam: object): NetworkList {
  const plugins = [
    { capabilities: { ips: true }, ...plugin, ipam: { type: "whereabouts", ...ipam } },
  ];
  return { cniVersion: "1.1.0", name, plugins };
}

function dualStack(lab: Laboratory): object {
  const ipRanges = [{ range: "10.65.0.0/24" }, { range: "fd65::/64" }];
  return { data_dir: lab.path("data"), ipRanges };
}

function addressesIn(outcome: Outcome): readonly string[] {
  const { exitCode, addresses } = parseAnswer(outcome);
  expect(exitCode).toBe(0);
  return addresses;
}

async function held(lab: Laboratory): Promise<readonly string[]> {
  return (await listed(lab.path("data"))).map((line) => line.replace(/ .*/, ""));
}

for (const plugin of [
  { type: "macvlan", master: "up0" },
  { type: "bridge", bridge: "br0", isGateway: true },
]) {
  testWith(
    needs,
    `cnitool add, check, status, gc and del through ${plugin.type} 1.9.1`,
    async () => {
      await using lab = openLaboratory();
      const host = await addHost(lab);
      const [a, b, c] = await addNamespaces(lab, "a", "b", "c");
      const name = `tool-${lab.id}`;
      const networks = [conflist(name, plugin, dualStack(lab))];
      const tool = makeCnitool({
        lab,
        host,
        plugins: makePluginFolder(lab, NEW_PLUGINS),
        networks,
      });
      // A bridge with isGateway has the first address of each network.
      const [first, second] = plugin.type === "bridge" ? [2, 3] : [1, 2];

      expect(await tool("status", name, a)).toMatchObject({ exitCode: 0, stdout: "" });
      const answer = await tool("add", name, a);
      expect(addressesIn(answer)).toEqual([`10.65.0.${first}/24`, `fd65::${first}/64`]);
      expect(parseAnswer(answer).document["cniVersion"]).toBe("1.1.0");
      expect(await addressesOn(a, "eth0")).toEqual([`10.65.0.${first}/24`, `fd65::${first}/64`]);
      expect(await tool("check", name, a)).toMatchObject({ exitCode: 0 });
      // What was never added has nothing to check.
      expect((await tool("check", name, b)).exitCode).not.toBe(0);

      await tool("add", name, b);
      await ping(a, `10.65.0.${second}`);
      await ping(b, `fd65::${first}`);
      expect(await tool("del", name, a)).toMatchObject({ exitCode: 0, stdout: "" });
      expect(await tool("del", name, a)).toMatchObject({ exitCode: 0 });
      expect(await held(lab)).toEqual([`10.65.0.${second}`, `fd65::${second}`]);
      expect(addressesIn(await tool("add", name, c))).toContain(`10.65.0.${first}/24`);

      // cnitool lists nothing as valid: libcni sends a DEL for each attachment, then a GC without a list.
      expect(await tool("gc", name, a)).toMatchObject({ exitCode: 0 });
      expect(await held(lab)).toEqual([]);
    },
    TIMEOUT_MS,
  );
}

testWith(
  needs,
  "cnitool add with a requested address, by CAP_ARGS and by CNI_ARGS",
  async () => {
    await using lab = openLaboratory();
    const host = await addHost(lab);
    const [a, b, c, d] = await addNamespaces(lab, "a", "b", "c", "d");
    const name = `asks-${lab.id}`;
    const networks = [conflist(name, { type: "macvlan", master: "up0" }, dualStack(lab))];
    const tool = makeCnitool({ lab, host, plugins: makePluginFolder(lab, NEW_PLUGINS), networks });

    const both = { CAP_ARGS: JSON.stringify({ ips: ["10.65.0.77", "fd65::77/64"] }) };
    expect(addressesIn(await tool("add", name, a, both))).toEqual(["10.65.0.77/24", "fd65::77/64"]);
    expect(await addressesOn(a, "eth0")).toEqual(["10.65.0.77/24", "fd65::77/64"]);
    const one = { CNI_ARGS: "IgnoreUnknown=1;IP=10.65.0.88" };
    expect(addressesIn(await tool("add", name, b, one))).toEqual(["10.65.0.88/24", "fd65::1/64"]);

    const taken = await tool("add", name, c, both);
    expect(taken.exitCode).not.toBe(0);
    expect(taken.stderr).toContain("Cannot reserve 10.65.0.77");
    const outside = { CNI_ARGS: "IgnoreUnknown=1;IP=10.66.0.1" };
    expect((await tool("add", name, d, outside)).stderr).toContain("10.66.0.1");
    expect(await held(lab)).toEqual(["10.65.0.77", "10.65.0.88", "fd65::1", "fd65::77"]);
  },
  TIMEOUT_MS,
);

testWith(
  needs,
  "STATUS through macvlan 1.9.1 is code 50 while data_dir cannot be used, or the range is full",
  async () => {
    await using lab = openLaboratory();
    const host = await addHost(lab);
    const [a, b] = await addNamespaces(lab, "a", "b");
    const plugins = makePluginFolder(lab, NEW_PLUGINS);
    const name = `status-${lab.id}`;
    const main = { type: "macvlan", master: "up0" };
    const ipam = { type: "whereabouts", data_dir: lab.path("data"), range: "10.65.0.4/32" };
    const tool = makeCnitool({ lab, host, plugins, networks: [conflist(name, main, ipam)] });
    const runtime = new Runtime({
      host,
      plugins,
      network: { cniVersion: "1.1.0", name, ...main, ipam },
    });
    const status = async () => await runtime.execute("STATUS", attach(a));

    expect(await status()).toMatchObject({ exitCode: 0, document: {} });
    writeFileSync(lab.path("file"), "");
    rmSync(lab.path("data"), { recursive: true, force: true });
    renameSync(lab.path("file"), lab.path("data"));
    expect(await status()).toMatchObject({ exitCode: 1, code: 50 });
    const told = await tool("status", name, a);
    expect(told.exitCode).not.toBe(0);
    expect(told.stderr).toContain(lab.path("data"));
    rmSync(lab.path("data"));
    expect(await tool("status", name, a)).toMatchObject({ exitCode: 0 });

    await runtime.mustAdd(attach(b));
    expect(await status()).toMatchObject({ exitCode: 1, code: 50 });
    await runtime.mustDel(attach(b));
    expect(await status()).toMatchObject({ exitCode: 0 });
  },
  TIMEOUT_MS,
);

testWith(
  needs,
  "GC through a plugin that forwards it frees what is not valid of its own network, and nothing of the other's",
  async () => {
    await using lab = openLaboratory();
    const host = await addHost(lab);
    const [a, b, c, d] = await addNamespaces(lab, "a", "b", "c", "d");
    const plugins = makePluginFolder(lab, NEW_PLUGINS);
    const names = [`red-${lab.id}`, `blue-${lab.id}`] as const;
    // Both networks are the default one for whereabouts: one domain.
    const ipam = { type: "whereabouts", data_dir: lab.path("data"), range: "10.65.0.0/24" };
    const tool = makeCnitool({
      lab,
      host,
      plugins,
      networks: names.map((name) => conflist(name, { type: "fwd" }, ipam)),
    });
    const [red, blue] = names;
    const runtime = (name: string) =>
      new Runtime({ host, plugins, network: { cniVersion: "1.1.0", name, type: "fwd", ipam } });

    for (const pod of [a, b, c]) await runtime(red).mustAdd(attach(pod));
    await runtime(blue).mustAdd(attach(d));
    expect(await held(lab)).toEqual(["10.65.0.1", "10.65.0.2", "10.65.0.3", "10.65.0.4"]);
    for (const pod of [a, b, d]) await deleteNamespace(pod);

    // Without a list nothing is freed; one that stands is left alone even if it is not listed.
    const gc = async (name: string, more: object) =>
      expect(await runtime(name).execute("GC", attach(a), more)).toMatchObject({ exitCode: 0 });
    await gc(red, {});
    expect(await held(lab)).toHaveLength(4);
    const valid = [{ containerID: a.name, ifname: "net1" }];
    await gc(red, { "cni.dev/valid-attachments": valid, "cni.dev/attachments": valid });
    expect(await held(lab)).toEqual(["10.65.0.1", "10.65.0.3", "10.65.0.4"]);
    await gc(red, { "cni.dev/valid-attachments": null });
    expect(await held(lab)).toEqual(["10.65.0.3", "10.65.0.4"]);
    await gc(blue, { "cni.dev/valid-attachments": [] });
    expect(await held(lab)).toEqual(["10.65.0.3"]);

    // The same by cnitool, which lets libcni send the DELs of what it remembers.
    const [e, f] = await addNamespaces(lab, "e", "f");
    await tool("add", red, e);
    await tool("add", blue, f);
    expect(await held(lab)).toEqual(["10.65.0.1", "10.65.0.2", "10.65.0.3"]);
    expect(await tool("gc", red, e)).toMatchObject({ exitCode: 0 });
    expect(await held(lab)).toEqual(["10.65.0.2", "10.65.0.3"]);
  },
  TIMEOUT_MS,
);
