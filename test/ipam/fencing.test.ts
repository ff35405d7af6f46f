/** What a late, repeated or rolled back call may still change (design section 6, fencing). */
import { describe, expect, test } from "bun:test";
import { allocate } from "../../src/ipam/allocate.ts";
import { release } from "../../src/ipam/release.ts";
import { rollBack } from "../../src/ipam/roll-back.ts";
import type { World } from "../../src/ipam/world.ts";
import { makeRange } from "../../src/core/range.ts";
import { tryParseInterface } from "../../src/core/cidr.ts";
import { formatHoldings } from "../../src/core/allocation.ts";
import type { FakeNode } from "../plugin-call.ts";
import { makeNode, pass, storeMethods, worldOf } from "../plugin-call.ts";
import { addressesOf, call, pod } from "./calls.ts";

const ipam = { datastore: "local", range: "10.0.0.0/24" };

async function held(node: FakeNode): Promise<readonly string[]> {
  const listed = await Array.fromAsync(node.store.list({}));
  return listed.flatMap((row) =>
    row.kind === "held" ? [`${formatHoldings([row.holding])} ${row.allocation.containerId}`] : [],
  );
}

/** A moment that many milliseconds ago. */
function ago(node: FakeNode, milliseconds: number): { bootId: string; monotonicUs: number } {
  return { bootId: node.bootId, monotonicUs: node.monotonicUs - milliseconds * 1000 };
}

describe("a late DEL", () => {
  test("received before the ADD that holds was, frees nothing", async () => {
    const node = makeNode();
    await call(node, "ADD", ipam);
    pass(node, 1000);
    const received = ago(node, 0);
    await call(node, "ADD", ipam);
    await call(node, "DEL", ipam, { received });
    expect(await held(node)).toEqual(["10.0.0.1 c1"]);
    await call(node, "DEL", ipam);
    expect(await held(node)).toEqual([]);
  });

  test("of an earlier boot frees nothing that the present boot confirmed", async () => {
    const node = makeNode();
    await call(node, "ADD", ipam);
    const received = { bootId: "boot-0", monotonicUs: node.monotonicUs + 1e9 };
    const world = worldOf(node);
    const owner = { network: "", node: "node-a", interfaceName: "eth0", pod: "c1" };
    const fence = { received, presentBootId: node.bootId };
    expect(
      await release(world, {
        owner,
        containerId: "c1",
        fence,
        reuseDelaySeconds: 0,
        ranges: [],
        previous: [],
      }),
    ).toBe("confirmed-later");
    expect(await held(node)).toEqual(["10.0.0.1 c1"]);
  });

  test("frees what an earlier boot confirmed", async () => {
    const node = makeNode();
    await call(node, "ADD", ipam);
    node.bootId = "boot-2";
    node.monotonicUs = 5;
    await call(node, "DEL", ipam);
    expect(await held(node)).toEqual([]);
  });

  test("does not hang on the wall clock", async () => {
    const node = makeNode();
    await call(node, "ADD", ipam);
    node.wallMs -= 86_400_000;
    await call(node, "DEL", ipam);
    expect(await held(node)).toEqual([]);
  });

  test("frees exactly one interface of one network", async () => {
    const node = makeNode();
    await call(node, "ADD", ipam);
    await call(node, "ADD", ipam, { interfaceName: "net1" });
    await call(node, "ADD", { ...ipam, network_name: "blue" });
    await call(node, "DEL", ipam);
    expect(await held(node)).toEqual(["10.0.0.2 c1", "10.0.0.1 c1"]);
  });

  test("works with a configuration whose ranges are faulty, and without any", async () => {
    const node = makeNode();
    await call(node, "ADD", ipam);
    expect(
      await call(node, "DEL", {
        datastore: "local",
        range: "10.0.0.0/99",
        exclude: 7,
        gateway: {},
      }),
    ).toEqual({});
    expect(await held(node)).toEqual([]);
    await call(node, "ADD", ipam);
    expect(await call(node, "DEL", { datastore: "local" })).toEqual({});
    expect(await held(node)).toEqual([]);
  });
});

describe("a stale ADD", () => {
  test("changes nothing and is told to try again", async () => {
    const node = makeNode();
    pass(node, 60_000);
    const received = ago(node, 5);
    await call(node, "ADD", ipam);
    const before = await Array.fromAsync(node.store.list({}));
    const stale = await call(node, "ADD", ipam, { received });
    expect(stale.code).toBe(11);
    expect(await Array.fromAsync(node.store.list({}))).toEqual(before);
  });

  test("does not take a sandbox made anew back", async () => {
    const node = makeNode();
    pass(node, 60_000);
    const received = ago(node, 5);
    await call(node, "ADD", ipam, pod("u1", "a2"));
    expect((await call(node, "ADD", ipam, { ...pod("u1", "a1"), received })).code).toBe(11);
    expect(await held(node)).toEqual(["10.0.0.1 a2"]);
  });
});

describe("an ADD that nobody reads", () => {
  test("keeps nothing that it took", async () => {
    const node = makeNode();
    await call(node, "ADD", ipam, { isUnread: true });
    expect(await held(node)).toEqual([]);
  });

  test("keeps what an earlier ADD of the same incarnation may have answered with", async () => {
    const node = makeNode();
    await call(node, "ADD", ipam);
    await call(node, "ADD", ipam, { isUnread: true });
    expect(await held(node)).toEqual(["10.0.0.1 c1"]);
  });

  test("releases what it took over from another incarnation", async () => {
    const node = makeNode();
    await call(node, "ADD", ipam, pod("u1", "a1"));
    await call(node, "ADD", ipam, { ...pod("u1", "a2"), isUnread: true });
    expect(await held(node)).toEqual([]);
  });

  test("lets rest what its owner had back from rest", async () => {
    const node = makeNode();
    const resting = { ...ipam, reuse_delay: 60 };
    await call(node, "ADD", resting, pod("u1", "a1"));
    await call(node, "DEL", resting, pod("u1", "a1"));
    await call(node, "ADD", resting, { ...pod("u1", "a2"), isUnread: true });
    expect(await held(node)).toEqual([]);
    expect(addressesOf(await call(node, "ADD", resting, pod("u2", "b1")))).toEqual(["10.0.0.2/24"]);
    expect(addressesOf(await call(node, "ADD", resting, pod("u1", "a3")))).toEqual(["10.0.0.1/24"]);
  });

  test("confirms nothing if its caller is known to be gone", async () => {
    const node = makeNode();
    node.isCallerGone = true;
    expect((await call(node, "ADD", ipam)).code).toBe(11);
    expect(await held(node)).toEqual([]);
  });

  test("does not free what a retry confirmed meanwhile", async () => {
    const node = makeNode();
    const first = await allocateOn(node, worldOf(node));
    await call(node, "ADD", ipam);
    await rollBack(worldOf(node), first.allocation, first.revocation ?? { restSeconds: 0 });
    expect(await held(node)).toEqual(["10.0.0.1 c1"]);
  });
});

describe("a store that fails in the claim", () => {
  test("before the commit: nothing is kept, and the error is told", async () => {
    const node = makeNode();
    const store = {
      ...storeMethods(node.store),
      claim: async () => await Promise.reject(new Error("disk on fire")),
    };
    await expect(allocateOn(node, { ...worldOf(node), store })).rejects.toThrow("disk on fire");
    expect(await held(node)).toEqual([]);
  });

  test("after the commit: what was taken is rolled back", async () => {
    const node = makeNode();
    const store = losingReplies(node);
    await expect(allocateOn(node, { ...worldOf(node), store })).rejects.toThrow("reply lost");
    expect(await held(node)).toEqual([]);
  });

  test("after a commit that only confirmed: the addresses stay", async () => {
    const node = makeNode();
    await call(node, "ADD", ipam);
    const store = losingReplies(node);
    await expect(allocateOn(node, { ...worldOf(node), store })).rejects.toThrow("reply lost");
    expect(await held(node)).toEqual(["10.0.0.1 c1"]);
  });
});

test("an ADD whose allocation another call changes between read and claim reads again", async () => {
  const node = makeNode();
  let intruded = false;
  const store = {
    ...storeMethods(node.store),
    claim: async (...args: Parameters<typeof node.store.claim>) => {
      if (!intruded) {
        intruded = true;
        await call(node, "ADD", ipam, { received: ago(node, 5) });
      }
      return await node.store.claim(...args);
    },
  };
  const world = { ...worldOf(node), store };
  pass(node, 10);
  await allocateOn(node, world);
  expect(await held(node)).toEqual(["10.0.0.1 c1"]);
  expect(addressesOf(await call(node, "ADD", ipam))).toEqual(["10.0.0.1/24"]);
});

async function allocateOn(node: FakeNode, world: World): ReturnType<typeof allocate> {
  const cidr = tryParseInterface("10.0.0.0/24")?.cidr;
  const range = cidr && makeRange({ cidr });
  if (range === undefined) throw new Error("no range");
  return await allocate(world, {
    owner: { network: "", node: node.node, interfaceName: "eth0", pod: "c1" },
    containerId: "c1",
    received: { bootId: node.bootId, monotonicUs: node.monotonicUs },
    netnsPath: "",
    name: "net",
    ranges: [range],
    overlapping: true,
    requested: [],
    reuseDelaySeconds: 0,
    deadlineUs: node.monotonicUs + 10_000_000,
  });
}

/** A store that commits claims, and whose replies are lost. */
function losingReplies({ store }: FakeNode): typeof store {
  return {
    ...storeMethods(store),
    claim: async (...args: Parameters<typeof store.claim>) => {
      await store.claim(...args);
      throw new Error("reply lost");
    },
  };
}
