/** ADDs that fail after the IPAM plugin has answered: nothing stays behind once the runtime has sent its DEL. */
import { expect } from "bun:test";
import { testWith } from "../skip.ts";
import type { Laboratory } from "./laboratory.ts";
import { openLaboratory } from "./laboratory.ts";
import type { NetworkNamespace } from "./network-namespace.ts";
import { addHost, addNamespaces, addressesOn, ip } from "./network-namespace.ts";
import { makePluginFolder } from "./plugin-folder.ts";
import { network } from "./requirements.ts";
import { Runtime, attach, listed } from "./runtime.ts";

const TIMEOUT_MS = 30_000;

function makeRuntime(
  lab: Laboratory,
  host: NetworkNamespace,
  main: Readonly<Record<string, unknown>> & { readonly type: string },
  ipam: object = {},
): Runtime {
  return new Runtime({
    host,
    plugins: makePluginFolder(lab),
    network: {
      name: `fail-${lab.id}`,
      ...main,
      ipam: { ...ipamOf(lab), ...ipam },
    },
  });
}

function ipamOf(lab: Laboratory): object {
  return { type: "whereabouts", data_dir: lab.path("data"), range: "10.67.0.0/24" };
}

testWith(
  network,
  "macvlan whose master comes too late: the failed ADD holds nothing, and the first address is still there",
  async () => {
    await using lab = openLaboratory();
    const host = await addHost(lab);
    const [a, b] = await addNamespaces(lab, "a", "b");
    const runtime = makeRuntime(lab, host, { type: "macvlan", master: "late0" });
    const failed = await runtime.add(attach(a));
    expect(failed).toMatchObject({ exitCode: 1 });
    expect(failed.message).toContain("Link not found");
    // Its DEL fails as well, before it comes to IPAM; so a runtime goes on sending it.
    expect(await runtime.del(attach(a))).toMatchObject({ exitCode: 1 });
    expect(await listed(lab.path("data"))).toEqual([]);
    await ip(host, "link", "set", "up0", "name", "late0");
    await runtime.mustDel(attach(a));
    expect((await runtime.mustAdd(attach(b))).addresses).toEqual(["10.67.0.1/24"]);
  },
  TIMEOUT_MS,
);

testWith(
  network,
  "macvlan that cannot set a route: it takes its IPAM ADD back, and the runtime's DEL succeeds too",
  async () => {
    await using lab = openLaboratory();
    const host = await addHost(lab);
    const [a, b] = await addNamespaces(lab, "a", "b");
    const routes = [{ dst: "10.0.0.0/8", gw: "192.0.2.1" }];
    const main = { type: "macvlan", master: "up0" };
    const runtime = makeRuntime(lab, host, main, { routes });
    const failed = await runtime.add(attach(a));
    expect(failed).toMatchObject({ exitCode: 1 });
    expect(failed.message).toContain("failed to add route");
    expect(await listed(lab.path("data"))).toEqual([]);
    await runtime.mustDel(attach(a));

    await runtime.mustAdd(attach(b), { ipam: ipamOf(lab) });
    expect(await addressesOn(b, "net1")).toEqual(["10.67.0.1/24"]);
  },
  TIMEOUT_MS,
);

testWith(
  network,
  "a main plugin that fails and cleans nothing up: the runtime's DEL frees all families",
  async () => {
    await using lab = openLaboratory();
    const host = await addHost(lab);
    const [a] = await addNamespaces(lab, "a");
    const runtime = makeRuntime(
      lab,
      host,
      { type: "fwd", failing: true },
      { ipRanges: [{ range: "fd67::/64" }] },
    );
    expect(await runtime.add(attach(a))).toMatchObject({ exitCode: 1, code: 999 });
    expect(await listed(lab.path("data"))).toEqual([`10.67.0.1 ${a.name}`, `fd67::1 ${a.name}`]);
    await runtime.mustDel(attach(a));
    expect(await listed(lab.path("data"))).toEqual([]);
  },
  TIMEOUT_MS,
);

testWith(
  network,
  "the plugin's own network namespace is refused with code 8, however it is named, and nothing is held",
  async () => {
    await using lab = openLaboratory();
    const host = await addHost(lab);
    const [a] = await addNamespaces(lab, "a");
    const direct = makeRuntime(lab, host, { type: "whereabouts" });
    // The plugin runs in the namespace that plays the host.
    for (const netns of ["/proc/self/ns/net", "/proc/thread-self/ns/net", host.path]) {
      expect(await direct.add({ containerId: a.name, netns })).toMatchObject({
        exitCode: 1,
        code: 8,
      });
    }
    expect(await listed(lab.path("data"))).toEqual([]);
    // The machine's own is another one, and as good as any.
    await direct.mustAdd({ containerId: a.name, netns: `/proc/${process.pid}/ns/net` });
    expect(await listed(lab.path("data"))).toEqual([`10.67.0.1 ${a.name}`]);
  },
  TIMEOUT_MS,
);
