/** Pods on real networks: what a plugin answers is in the namespace, works, and comes back after DEL. */
import { expect } from "bun:test";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { isJsonObject } from "../../src/core/json.ts";
import { testWith } from "../skip.ts";
import { openLaboratory } from "./laboratory.ts";
import { addHost, addNamespaces, addressesOn, ip, ping } from "./network-namespace.ts";
import { makePluginFolder } from "./plugin-folder.ts";
import { network } from "./requirements.ts";
import { Runtime, attach, listed } from "./runtime.ts";

const versions = ["0.3.1", "0.4.0", "1.0.0"];
const mains = [
  { type: "macvlan", master: "up0", mode: "bridge" },
  { type: "bridge", bridge: "br0" },
];

for (const main of mains) {
  for (const cniVersion of versions) {
    testWith(
      network,
      `${main.type}, cniVersion ${cniVersion}: two pods of two families reach each other, and the first address is reused`,
      async () => {
        await using lab = openLaboratory();
        const host = await addHost(lab);
        const [a, b, c] = await addNamespaces(lab, "a", "b", "c");
        const ipRanges = [{ range: "10.61.0.0/24" }, { range: "fd61::/64" }];
        const ipam = { type: "whereabouts", data_dir: lab.path("data"), ipRanges };
        const runtime = new Runtime({
          host,
          plugins: makePluginFolder(lab),
          network: { ...main, name: `pods-${lab.id}`, cniVersion, ipam },
        });

        const first = await runtime.mustAdd(attach(a));
        expect(first.addresses).toEqual(["10.61.0.1/24", "fd61::1/64"]);
        expect(first.document).toMatchObject({ cniVersion });
        expect(await addressesOn(a, "net1")).toEqual(["10.61.0.1/24", "fd61::1/64"]);
        // CHECK came with CNI 0.4.0.
        if (cniVersion !== "0.3.1") {
          await runtime.mustCheck(attach(a), first.document);
          const mismatch = { exitCode: 1, code: 103 };
          const without = { prevResult: { ...first.document, ips: [] } };
          expect(await runtime.execute("CHECK", attach(a), without)).toMatchObject(mismatch);
          const notHeld = { prevResult: first.document };
          expect(await runtime.execute("CHECK", attach(b), notHeld)).toMatchObject(mismatch);
        }
        await runtime.mustAdd(attach(b));
        expect(await addressesOn(b, "net1")).toEqual(["10.61.0.2/24", "fd61::2/64"]);
        await ping(a, "10.61.0.2");
        await ping(b, "10.61.0.1");
        await ping(a, "fd61::2");

        await runtime.mustDel(attach(a));
        expect(await addressesOn(a, "net1")).toEqual([]);
        expect(await listed(lab.path("data"))).toEqual([
          `10.61.0.2 ${b.name}`,
          `fd61::2 ${b.name}`,
        ]);
        expect((await runtime.mustAdd(attach(c))).addresses).toEqual([
          "10.61.0.1/24",
          "fd61::1/64",
        ]);
        await ping(c, "10.61.0.2");
        for (const pod of [b, c, c]) await runtime.mustDel(attach(pod));
        expect(await listed(lab.path("data"))).toEqual([]);
      },
      30_000,
    );
  }
}

testWith(
  network,
  "ptp: each pod reaches the host through the gateway, and gets its address again after a DEL",
  async () => {
    await using lab = openLaboratory();
    const host = await addHost(lab);
    const [a, b] = await addNamespaces(lab, "a", "b");
    const data_dir = lab.path("data");
    const ipRanges = [
      { range: "10.62.0.0/24", gateway: "10.62.0.1" },
      { range: "fd62::/64", gateway: "fd62::1" },
    ];
    const runtime = new Runtime({
      host,
      plugins: makePluginFolder(lab),
      network: {
        name: `ptp-${lab.id}`,
        type: "ptp",
        ipam: { type: "whereabouts", data_dir, ipRanges },
      },
    });
    const first = await runtime.mustAdd(attach(a));
    expect(await addressesOn(a, "net1")).toEqual(["10.62.0.2/24", "fd62::2/64"]);
    await runtime.mustAdd(attach(b));
    expect(await addressesOn(b, "net1")).toEqual(["10.62.0.3/24", "fd62::3/64"]);
    await ping(a, "10.62.0.1");
    await ping(b, "fd62::1");
    await runtime.mustCheck(attach(a), first.document);
    await runtime.mustDel(attach(a));
    expect((await runtime.mustAdd(attach(a))).addresses).toEqual(["10.62.0.2/24", "fd62::2/64"]);
    for (const pod of [a, b]) await runtime.mustDel(attach(pod));
    expect(await listed(data_dir)).toEqual([]);
  },
  30_000,
);

testWith(
  network,
  "two interfaces of one container: each has its own address, and a DEL of one leaves the other",
  async () => {
    await using lab = openLaboratory();
    const host = await addHost(lab);
    const [a] = await addNamespaces(lab, "a");
    const data_dir = lab.path("data");
    const runtime = new Runtime({
      host,
      plugins: makePluginFolder(lab),
      network: {
        name: `two-${lab.id}`,
        type: "macvlan",
        master: "up0",
        ipam: { type: "whereabouts", data_dir, range: "10.63.0.0/24" },
      },
    });
    await runtime.mustAdd(attach(a, "net1"));
    await runtime.mustAdd(attach(a, "net2"));
    expect(await addressesOn(a, "net1")).toEqual(["10.63.0.1/24"]);
    expect(await addressesOn(a, "net2")).toEqual(["10.63.0.2/24"]);
    await runtime.mustDel(attach(a, "net1"));
    expect(await addressesOn(a, "net2")).toEqual(["10.63.0.2/24"]);
    expect(await listed(data_dir)).toEqual([`10.63.0.2 ${a.name}`]);
  },
  30_000,
);

testWith(
  network,
  "examples/01-macvlan.conf with another master and store: its first address, its gateway, its log",
  async () => {
    await using lab = openLaboratory();
    const host = await addHost(lab);
    const [a, b] = await addNamespaces(lab, "a", "b");
    const text = readFileSync(resolve(import.meta.dir, "../../examples/01-macvlan.conf"), "utf8");
    const example: unknown = JSON.parse(text);
    if (!isJsonObject(example) || !isJsonObject(example["ipam"])) throw new Error("no example");
    const data_dir = lab.path("data");
    const log_file = lab.path("log");
    const runtime = new Runtime({
      host,
      plugins: makePluginFolder(lab),
      network: {
        ...example,
        name: "whereaboutsexample",
        type: "macvlan",
        master: "up0",
        ipam: { ...example["ipam"], data_dir, log_file },
      },
    });
    const first = await runtime.mustAdd(attach(a));
    expect(first.document["ips"]).toMatchObject([
      { address: "192.168.2.225/28", gateway: "192.168.2.1" },
    ]);
    await runtime.mustAdd(attach(b));
    expect(await addressesOn(b, "net1")).toEqual(["192.168.2.226/28"]);
    await ping(a, "192.168.2.226");
    expect(readFileSync(log_file, "utf8")).toContain("192.168.2.226");
  },
  30_000,
);

testWith(
  network,
  "bridge with isGateway: the bridge has the first address of the network, and no pod ever gets it",
  async () => {
    await using lab = openLaboratory();
    const host = await addHost(lab);
    const [a, b, c] = await addNamespaces(lab, "a", "b", "c");
    const ipam = {
      type: "whereabouts",
      data_dir: lab.path("data"),
      ipRanges: [{ range: "10.64.0.0/30" }, { range: "fd64::/126" }],
      routes: [{ dst: "0.0.0.0/0" }, { dst: "::/0" }],
    };
    const main = { name: `gw-${lab.id}`, type: "bridge", bridge: "br0", isGateway: true };
    const runtime = new Runtime({
      host,
      plugins: makePluginFolder(lab),
      network: { ...main, ipam },
    });
    expect((await runtime.mustAdd(attach(a))).addresses).toEqual(["10.64.0.2/30", "fd64::2/126"]);
    expect(await addressesOn(host, "br0")).toEqual(["10.64.0.1/30", "fd64::1/126"]);
    await ping(a, "10.64.0.1");
    await ping(a, "fd64::1");
    expect(await ip(a, "route", "show", "default")).toContain("via 10.64.0.1");

    expect(await runtime.add(attach(b))).toMatchObject({ exitCode: 1, code: 100 });
    const asking = { ...attach(c), args: "IgnoreUnknown=1;IP=10.64.0.1" };
    expect(await runtime.add(asking)).toMatchObject({ exitCode: 1, code: 102 });
    expect(await listed(lab.path("data"))).toEqual([`10.64.0.2 ${a.name}`, `fd64::2 ${a.name}`]);
  },
  30_000,
);
