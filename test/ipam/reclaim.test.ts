/** What is taken back without a DEL, and what never is (design section 6, liveness). */
import { describe, expect, test } from "bun:test";
import { makeNode, pass, storeMethods, worldOf } from "../plugin-call.ts";
import type { FakeNode } from "../plugin-call.ts";
import { reclaim, sightSuspects } from "../../src/ipam/reclaim.ts";
import { addressesOf, call, pod } from "./calls.ts";

/** Two addresses. */
const ipam = { datastore: "local", range: "10.0.0.0/30" };

/** A node both of whose addresses are held, by c1 and c2 in namespaces of their own. */
async function fullNode(): Promise<FakeNode> {
  const node = makeNode();
  for (const id of ["c1", "c2"]) {
    node.namespaces.set(`/run/netns/${id}`, `4:${id}`);
    await call(node, "ADD", ipam, { containerId: id, netns: `/run/netns/${id}` });
  }
  node.namespaces.set("/run/netns/c3", "4:c3");
  return node;
}

async function addThird(node: FakeNode, more: object = {}): Promise<readonly string[]> {
  return addressesOf(
    await call(node, "ADD", { ...ipam, ...more }, { containerId: "c3", netns: "/run/netns/c3" }),
  );
}

const full = expect.stringContaining("No free address in range 10.0.0.0/30");

describe("before full is said", () => {
  test("nothing suspect: it is said at once", async () => {
    const node = await fullNode();
    const before = node.monotonicUs;
    expect(await addThird(node)).toEqual([full]);
    expect(node.monotonicUs - before).toBeLessThan(1_000_000);
  });

  test("a namespace that is gone is reclaimed, after three seconds", async () => {
    const node = await fullNode();
    node.namespaces.delete("/run/netns/c2");
    const before = node.monotonicUs;
    expect(await addThird(node)).toEqual(["10.0.0.2/30"]);
    expect(node.monotonicUs - before).toBeGreaterThanOrEqual(3_000_000);
    expect(node.logged.join("\n")).toContain(
      "Reclaimed 10.0.0.2 of container c2 (eth0): its network namespace is gone",
    );
  });

  test("a namespace in whose place another stands is reclaimed", async () => {
    const node = await fullNode();
    node.namespaces.set("/run/netns/c1", "4:other");
    expect(await addThird(node)).toEqual(["10.0.0.1/30"]);
  });

  test("what an earlier boot held is reclaimed", async () => {
    const node = await fullNode();
    node.bootId = "boot-2";
    node.monotonicUs = 1000;
    expect(await addThird(node)).toEqual(["10.0.0.1/30"]);
    expect(node.logged.join("\n")).toContain("the node has rebooted since");
  });

  test("a container after which another came with its path and interface is reclaimed", async () => {
    const node = makeNode();
    node.namespaces.set("/run/netns/x", "4:x");
    await call(node, "ADD", ipam, { containerId: "c1", netns: "/run/netns/x" });
    await call(node, "ADD", ipam, { containerId: "c2", netns: "/run/netns/x" });
    node.namespaces.set("/run/netns/c3", "4:c3");
    expect(await addThird(node)).toEqual(["10.0.0.1/30"]);
    expect(node.logged.join("\n")).toContain(
      "another container was given its network namespace path and interface since",
    );
  });

  test("a requested address is had back from the dead as well", async () => {
    const node = await fullNode();
    node.namespaces.delete("/run/netns/c2");
    const result = await call(node, "ADD", ipam, {
      containerId: "c3",
      netns: "/run/netns/c3",
      args: "IP=10.0.0.2",
    });
    expect(addressesOf(result)).toEqual(["10.0.0.2/30"]);
  });

  test("a whole range of the dead is had back, lowest first", async () => {
    const node = makeNode();
    const range = { datastore: "local", range: "10.1.0.0/26" };
    for (let index = 1; index <= 62; index++) {
      node.namespaces.set(`/run/netns/d${index}`, `4:${index}`);
      await call(node, "ADD", range, { containerId: `d${index}`, netns: `/run/netns/d${index}` });
    }
    node.namespaces.clear();
    for (let index = 1; index <= 62; index++) {
      node.namespaces.set(`/run/netns/e${index}`, `5:${index}`);
      const result = await call(node, "ADD", range, {
        containerId: `e${index}`,
        netns: `/run/netns/e${index}`,
      });
      expect(addressesOf(result)).toEqual([`10.1.0.${index}/26`]);
    }
  });
});

describe("never reclaimed", () => {
  test("a namespace that could not be looked at when its ADD came", async () => {
    const node = makeNode();
    for (const id of ["c1", "c2"])
      await call(node, "ADD", ipam, { containerId: id, netns: "/nowhere" });
    expect(await addThird(node)).toEqual([full]);
  });

  test("what another node holds", async () => {
    const node = await fullNode();
    node.namespaces.clear();
    const other = makeNode({ store: node.store, node: "node-b" });
    other.bootId = "boot-9";
    expect(await addThird(other)).toEqual([full]);
  });

  test("what came back between the two sightings", async () => {
    const node = await fullNode();
    node.namespaces.delete("/run/netns/c2");
    const world = worldOf(node);
    const suspects = await sightSuspects(world, () => true);
    expect(suspects.map(({ proof }) => proof)).toEqual(["netns-missing"]);
    node.namespaces.set("/run/netns/c2", "4:c2");
    pass(node, 3000);
    expect(
      await Promise.all(suspects.map(async (suspect) => await reclaim(world, suspect))),
    ).toEqual([false]);
  });

  test("what was confirmed between the two sightings", async () => {
    const node = await fullNode();
    node.namespaces.delete("/run/netns/c2");
    const world = worldOf(node);
    const suspects = await sightSuspects(world, () => true);
    await call(node, "ADD", ipam, { containerId: "c2", netns: "/run/netns/c2" });
    expect(
      await Promise.all(suspects.map(async (suspect) => await reclaim(world, suspect))),
    ).toEqual([false]);
    expect(await addThird(node)).toEqual([full]);
  });

  test("what is held where two hosts claim under one node id", async () => {
    const node = await fullNode();
    const clone = makeNode({ store: node.store });
    clone.bootId = "boot-of-the-clone";
    const sleeping = worldOf(clone);
    // While the clone waits for its second sighting, the first host claims again.
    const world = {
      ...sleeping,
      sleep: async (milliseconds: number) => {
        await sleeping.sleep(milliseconds);
        await call(node, "ADD", ipam, { containerId: "c1", netns: "/run/netns/c1" });
      },
    };
    const suspects = await sightSuspects(world, () => true);
    expect(suspects.map(({ proof }) => proof)).toEqual(["other-boot", "other-boot"]);
    await world.sleep(3000);
    expect(
      await Promise.all(suspects.map(async (suspect) => await reclaim(world, suspect))),
    ).toEqual([false, false]);
  });

  test("on a listing that fails", async () => {
    const node = await fullNode();
    node.namespaces.clear();
    const failing = {
      ...storeMethods(node.store),
      list: async function* () {
        yield* node.store.list({ node: "none" });
        throw new Error("listing broke off");
      },
    };
    await expect(sightSuspects({ ...worldOf(node), store: failing }, () => true)).rejects.toThrow(
      "broke off",
    );
  });
});

test("an ADD without the time for two sightings says so instead of full", async () => {
  const node = await fullNode();
  node.namespaces.delete("/run/netns/c2");
  const result = await call(
    node,
    "ADD",
    { ...ipam, add_timeout: 2 },
    { containerId: "c3", netns: "/run/netns/c3" },
  );
  expect(result.code).toBe(11);
  expect(result.msg).toContain("add_timeout");
});

test("resting addresses are not given to others, and full says until when", async () => {
  const node = makeNode();
  const resting = { ...ipam, reuse_delay: 60 };
  await call(node, "ADD", resting, pod("u1", "a1"));
  await call(node, "ADD", resting, pod("u2", "b1"));
  await call(node, "DEL", resting, pod("u1", "a1"));
  const result = await call(node, "ADD", resting, pod("u3", "c1"));
  expect(result.code).toBe(100);
  expect(result.msg).toContain("resting 1 (the first until 2026-01-02T03:05:05");
  expect(addressesOf(await call(node, "ADD", resting, pod("u1", "a2")))).toEqual(["10.0.0.1/30"]);
  await call(node, "DEL", resting, pod("u1", "a2"));
  pass(node, 61_000);
  expect(addressesOf(await call(node, "ADD", resting, pod("u3", "c1")))).toEqual(["10.0.0.1/30"]);
});
