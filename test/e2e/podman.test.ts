/** Containers of podman 4 on networks of ours: a real runtime's life cycle, without Kubernetes. */
import { expect } from "bun:test";
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { testWith } from "../skip.ts";
import type { NetworkList } from "./cnitool.ts";
import type { Laboratory } from "./laboratory.ts";
import { openLaboratory } from "./laboratory.ts";
import { addHost } from "./network-namespace.ts";
import { EXECUTABLE, makePluginFolder } from "./plugin-folder.ts";
import { Podman } from "./podman.ts";
import { succeed, waitFor } from "./program.ts";
import * as needs from "./requirements.ts";
import { Runtime, listed } from "./runtime.ts";

const TIMEOUT_MS = 120_000;

/** A bridge with two families, and a macvlan with one. */
interface Scene {
  readonly podman: Podman;
  readonly lab: string;
  readonly mv: string;
  /** A runtime for the bridge that sends what podman does not. */
  readonly byHand: Runtime;
}

async function makeScene(laboratory: Laboratory, more: object = {}): Promise<Scene> {
  const { id } = laboratory;
  const host = await addHost(laboratory);
  const [lab, mv] = [`lab-${id}`, `mv-${id}`];
  const ipam = { type: "whereabouts", data_dir: laboratory.path("data"), ...more };
  const bridge = {
    type: "bridge",
    bridge: "lab0",
    isGateway: true,
    capabilities: { ips: true },
    ipam: {
      ...ipam,
      ipRanges: [{ range: "10.77.0.0/24" }, { range: "fd77::/64" }],
      routes: [{ dst: "0.0.0.0/0" }],
    },
  };
  const macvlan = { type: "macvlan", master: "up0", ipam: { ...ipam, range: "10.78.0.0/24" } };
  const networks: readonly NetworkList[] = [
    { cniVersion: "1.0.0", name: lab, plugins: [bridge] },
    { cniVersion: "1.0.0", name: mv, plugins: [macvlan] },
  ];
  const plugins = makePluginFolder(laboratory);
  return {
    podman: new Podman({ lab: laboratory, host, plugins, networks }),
    lab,
    mv,
    byHand: new Runtime({ host, plugins, network: { name: lab, ...bridge } }),
  };
}

/** The global addresses that `ip addr` printed, sorted: which network podman gives which interface is left to chance. */
function globalAddresses(text: string): readonly string[] {
  const found = text.matchAll(/^ +inet6? (\S+) .*scope global/gm);
  return [...found].map(([, address = ""]) => address).toSorted();
}

testWith(
  needs.podman,
  "podman run --rm on one network, on two at once, and with requested addresses; all is free afterwards",
  async () => {
    await using laboratory = openLaboratory();
    const { podman, lab, mv } = await makeScene(laboratory);
    const show = ["/bin/ip", "addr"];
    expect(globalAddresses(await podman.runOnce([lab], ...show))).toEqual([
      "10.77.0.2/24",
      "fd77::2/64",
    ]);
    expect(globalAddresses(await podman.runOnce([lab, mv], ...show))).toEqual([
      "10.77.0.2/24",
      "10.78.0.1/24",
      "fd77::2/64",
    ]);
    const asking = [`${lab}:ip=10.77.0.60,ip6=fd77::99`, `${mv}:ip=10.78.0.50`];
    expect(globalAddresses(await podman.runOnce(asking, ...show))).toEqual([
      "10.77.0.60/24",
      "10.78.0.50/24",
      "fd77::99/64",
    ]);
    expect(await listed(laboratory.path("data"))).toEqual([]);
  },
  TIMEOUT_MS,
);

testWith(
  needs.podman,
  "podman stop and start: a container gives its addresses back, and gets the lowest again",
  async () => {
    await using laboratory = openLaboratory();
    const { podman, lab } = await makeScene(laboratory);
    const data = laboratory.path("data");
    const one = await podman.start("one", [lab]);
    expect(await listed(data)).toEqual([`10.77.0.2 ${one}`, `fd77::2 ${one}`]);
    await podman.must("stop", "--time", "0", "one");
    expect(await listed(data)).toEqual([]);
    await podman.must("start", "one");
    expect(await listed(data)).toEqual([`10.77.0.2 ${one}`, `fd77::2 ${one}`]);
    const shown = await podman.must("exec", "one", "/bin/ip", "addr");
    expect(globalAddresses(shown)).toEqual(["10.77.0.2/24", "fd77::2/64"]);
    await podman.must("rm", "--force", "--time", "0", "one");
    expect(await listed(data)).toEqual([]);
  },
  TIMEOUT_MS,
);

testWith(
  needs.podman,
  "podman stop and start with reuse_delay: nobody else gets the addresses meanwhile, and their owner has them back at once",
  async () => {
    await using laboratory = openLaboratory();
    const { podman, lab } = await makeScene(laboratory, { reuse_delay: 600 });
    const data = laboratory.path("data");
    const one = await podman.start("one", [lab]);
    await podman.must("stop", "--time", "0", "one");
    expect(await listed(data)).toEqual(["10.77.0.2 rests", "fd77::2 rests"]);
    const two = await podman.start("two", [lab]);
    await podman.must("start", "one");
    expect(await listed(data)).toEqual([
      `10.77.0.2 ${one}`,
      `10.77.0.3 ${two}`,
      `fd77::2 ${one}`,
      `fd77::3 ${two}`,
    ]);
  },
  TIMEOUT_MS,
);

testWith(
  needs.podman,
  "podman stop while the store cannot be used: DEL fails loudly and loses nothing; a later DEL, or gc, frees it",
  async () => {
    await using laboratory = openLaboratory();
    const log = laboratory.path("log");
    const { podman, lab, byHand } = await makeScene(laboratory, { log_file: log });
    const [data, away] = [laboratory.path("data"), laboratory.path("away")];
    const one = await podman.start("one", [lab]);
    const two = await podman.start("two", [lab]);
    renameSync(data, away);
    writeFileSync(data, "no folder");
    // Podman logs what DEL says, and goes on; or a process of conmon does, that nobody hears.
    for (const name of ["one", "two"]) await podman.run("rm", "--force", "--time", "0", name);
    for (const id of [one, two]) {
      const failed = new RegExp(`DEL failed: Cannot use ${data}: .*containerId=${id} `);
      await waitFor(`the failed DEL of ${id}`, () => failed.test(readFileSync(log, "utf8")));
    }
    const gone = { containerId: one, netns: "", interfaceName: "eth0" };
    expect(await byHand.del(gone)).toMatchObject({ exitCode: 1 });
    rmSync(data);
    renameSync(away, data);

    expect(await listed(data)).toHaveLength(4);
    await byHand.mustDel(gone);
    expect(await listed(data)).toEqual([`10.77.0.3 ${two}`, `fd77::3 ${two}`]);
    await succeed([EXECUTABLE, "gc", "--yes", "--data-dir", data]);
    expect(await listed(data)).toEqual([]);
  },
  TIMEOUT_MS,
);
