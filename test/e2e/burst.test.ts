/** Many ADDs at once. */
import { expect } from "bun:test";
import { testWith } from "../skip.ts";
import { openLaboratory } from "./laboratory.ts";
import { addHost, addNamespaces, addressesOn } from "./network-namespace.ts";
import { makePluginFolder } from "./plugin-folder.ts";
import { network } from "./requirements.ts";
import { Runtime, attach, listed } from "./runtime.ts";

testWith(
  network,
  "two runtimes, 20 macvlan ADDs at once in overlapping ranges: the 20 lowest addresses, each once",
  async () => {
    await using lab = openLaboratory();
    const host = await addHost(lab);
    const labels = Array.from({ length: 20 }, (_, index) => `p${index}`);
    const pods = await addNamespaces(lab, ...labels);
    const plugins = makePluginFolder(lab);
    const [one, other] = ["10.68.0.0/24", "10.68.0.0/16"].map(
      (range) =>
        new Runtime({
          host,
          plugins,
          network: {
            name: `burst-${lab.id}`,
            type: "macvlan",
            master: "up0",
            ipam: { type: "whereabouts", data_dir: lab.path("data"), range },
          },
        }),
    );
    if (one === undefined || other === undefined) throw new Error("two runtimes");
    const answers = await Promise.all(
      pods.map(async (pod, index) => {
        const runtime = index % 2 === 0 ? one : other;
        return await runtime.mustAdd(attach(pod));
      }),
    );
    const addresses = answers.map(({ addresses: [address = ""] }) => address.replace(/\/.*/, ""));
    expect(addresses.toSorted()).toEqual(
      labels.map((_, index) => `10.68.0.${index + 1}`).toSorted(),
    );
    for (const [index, pod] of pods.entries()) {
      expect(await addressesOn(pod, "net1")).toEqual([...(answers[index]?.addresses ?? [])]);
    }
    await Promise.all(pods.map(async (pod) => await one.mustDel(attach(pod))));
    expect(await listed(lab.path("data"))).toEqual([]);
  },
  60_000,
);
