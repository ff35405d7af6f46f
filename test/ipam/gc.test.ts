/** GC: https://www.cni.dev/docs/spec/#gc-clean-up-any-stale-resources, and design section 6. */
import { describe, expect, test } from "bun:test";
import type { FakeNode, PluginCall } from "../plugin-call.ts";
import { callPlugin, makeNode, pass, storeMethods, worldOf } from "../plugin-call.ts";
import { sightSuspects } from "../../src/ipam/reclaim.ts";
import type { ListFilter } from "../../src/store/store.ts";

const ipam = { type: "whereabouts", range: "10.0.0.0/24" };

async function run(
  node: FakeNode,
  command: string,
  name: string,
  more: Partial<PluginCall> = {},
  extra: object = {},
): Promise<number> {
  const stdin = { cniVersion: "1.1.0", name, type: "bridge", ipam, ...extra };
  const { exitCode } = await callPlugin(node, { command, stdin, ...more });
  return exitCode;
}

async function held(node: FakeNode): Promise<readonly string[]> {
  const listed = await Array.fromAsync(node.store.list({}));
  return listed.flatMap((row) => (row.kind === "held" ? [row.allocation.containerId] : []));
}

async function nodeWith(...ids: readonly string[]): Promise<FakeNode> {
  const node = makeNode();
  for (const containerId of ids) await run(node, "ADD", "net", { containerId });
  return node;
}

function valid(...ids: readonly string[]): object {
  return {
    "cni.dev/valid-attachments": ids.map((containerID) => ({ containerID, ifname: "eth0" })),
  };
}

describe("GC", () => {
  test("frees what is not listed", async () => {
    const node = await nodeWith("a", "b", "c");
    expect(await run(node, "GC", "net", {}, valid("b"))).toBe(0);
    expect(await held(node)).toEqual(["b"]);
  });

  test("takes the key of libcni as well, and what either lists as valid", async () => {
    const node = await nodeWith("a", "b", "c");
    const both = { ...valid("a"), "cni.dev/attachments": [{ containerID: "b", ifname: "eth0" }] };
    expect(await run(node, "GC", "net", {}, both)).toBe(0);
    expect(await held(node)).toEqual(["a", "b"]);
  });

  test("takes null for nothing valid, and frees nothing where there is no list", async () => {
    const node = await nodeWith("a");
    expect(await run(node, "GC", "net")).toBe(0);
    expect(await held(node)).toEqual(["a"]);
    expect(await run(node, "GC", "net", {}, { "cni.dev/valid-attachments": null })).toBe(0);
    expect(await held(node)).toEqual([]);
  });

  test("refuses a malformed list and frees nothing", async () => {
    const node = await nodeWith("a");
    for (const list of [{}, "a", [{ containerID: "b" }], [null]]) {
      expect(await run(node, "GC", "net", {}, { "cni.dev/valid-attachments": list })).toBe(1);
    }
    expect(await held(node)).toEqual(["a"]);
  });

  test("touches neither the other conflist on one default network nor another node's", async () => {
    const node = await nodeWith("a");
    await run(node, "ADD", "other", { containerId: "b" });
    const second = makeNode({ store: node.store, node: "node-b" });
    await run(second, "ADD", "net", { containerId: "c" });
    expect(await run(node, "GC", "net", {}, valid())).toBe(0);
    expect(await held(node)).toEqual(["b", "c"]);
  });

  test("leaves what was confirmed after it was received", async () => {
    const node = await nodeWith("a");
    const received = { bootId: node.bootId, monotonicUs: node.monotonicUs };
    await run(node, "ADD", "net", { containerId: "b" });
    expect(
      await run(
        node,
        "GC",
        "net",
        { received: { ...received, monotonicUs: received.monotonicUs + 1 } },
        valid(),
      ),
    ).toBe(0);
    expect(await held(node)).toEqual(["b"]);
  });

  test("leaves what has its network namespace standing: another runtime's", async () => {
    const node = makeNode();
    node.namespaces.set("/run/netns/a", "4:a");
    await run(node, "ADD", "net", { containerId: "a", netns: "/run/netns/a" });
    expect(await run(node, "GC", "net", {}, valid())).toBe(0);
    expect(await held(node)).toEqual(["a"]);
    node.namespaces.delete("/run/netns/a");
    expect(await run(node, "GC", "net", {}, valid())).toBe(0);
    expect(await held(node)).toEqual([]);
  });

  test("says in time that there is too much to look at, and STATUS as well", async () => {
    const node = await nodeWith("a", "b");
    for (const id of ["a", "b"]) node.namespaces.set(`/run/netns/${id}`, `4:${id}`);
    const slow = {
      ...storeMethods(node.store),
      list: async function* (filter: ListFilter) {
        for await (const row of node.store.list(filter)) {
          pass(node, 5000);
          yield row;
        }
      },
    };
    const world = { ...worldOf(node), store: slow };
    const deadlineUs = node.monotonicUs + 2_000_000;
    await expect(sightSuspects(world, () => true, deadlineUs)).rejects.toThrow("time of this call");
  });

  test("tells interfaces of one container apart", async () => {
    const node = await nodeWith("a");
    await run(node, "ADD", "net", { containerId: "a", interfaceName: "net1" });
    expect(await run(node, "GC", "net", {}, valid("a"))).toBe(0);
    expect(await held(node)).toEqual(["a"]);
  });

  test("works with faulty ranges", async () => {
    const node = await nodeWith("a");
    expect(
      await run(node, "GC", "net", {}, { ipam: { ...ipam, range: "nonsense" }, ...valid() }),
    ).toBe(0);
    expect(await held(node)).toEqual([]);
  });
});
