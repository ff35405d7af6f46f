/** What an owner keeps when it comes again: the same incarnation, or a sandbox made anew. */
import { describe, expect, test } from "bun:test";
import { makeNode } from "../plugin-call.ts";
import { addressesOf, call, pod } from "./calls.ts";

const local = { datastore: "local" };

describe("the same incarnation", () => {
  test("is answered with what it holds, whatever start, end and exclusions say now", async () => {
    const node = makeNode();
    await call(node, "ADD", { range: "10.0.0.0/24" });
    const again = await call(node, "ADD", {
      range: "10.0.0.0/24",
      range_start: "10.0.0.100",
      exclude: ["10.0.0.1"],
    });
    expect(addressesOf(again)).toEqual(["10.0.0.1/24"]);
  });

  test("gets its addresses in the order of the ranges", async () => {
    const node = makeNode();
    const ipRanges = [{ range: "10.0.0.0/24" }, { range: "fd00::/64" }];
    await call(node, "ADD", { ipRanges });
    const again = await call(node, "ADD", { ipRanges: ipRanges.toReversed() });
    expect(addressesOf(again)).toEqual(["fd00::1/64", "10.0.0.1/24"]);
  });

  test("is refused a range that is not among what it holds, and keeps what it holds", async () => {
    const node = makeNode();
    await call(node, "ADD", { range: "10.0.0.0/24" });
    const other = await call(node, "ADD", {
      ipRanges: [{ range: "10.0.0.0/24" }, { range: "10.1.0.0/24" }],
    });
    expect(other.code).toBe(7);
    expect(other.msg).toContain("holds 10.0.0.1");
    expect(other.msg).toContain("10.1.0.0/24");
    expect(addressesOf(await call(node, "ADD", { range: "10.0.0.0/24" }))).toEqual(["10.0.0.1/24"]);
  });

  test("is refused a requested address that is not among what it holds", async () => {
    const node = makeNode();
    await call(node, "ADD", { range: "10.0.0.0/24" });
    const other = await call(node, "ADD", { range: "10.0.0.0/24" }, { args: "IP=10.0.0.9" });
    expect(other.code).toBe(7);
    expect(other.msg).toContain("holds 10.0.0.1");
    expect(other.msg).toContain("10.0.0.9");
  });

  test("keeps what its ADD asked for when the overlap setting changes", async () => {
    const node = makeNode();
    await call(node, "ADD", { range: "10.0.0.0/24" });
    const again = await call(node, "ADD", {
      range: "10.0.0.0/24",
      enable_overlapping_ranges: false,
    });
    expect(addressesOf(again)).toEqual(["10.0.0.1/24"]);
  });
});

describe("a sandbox made anew", () => {
  test("keeps its address, in a full range as well", async () => {
    const node = makeNode();
    const range = { ...local, range: "10.0.0.0/30" };
    await call(node, "ADD", range, pod("u1", "a1"));
    await call(node, "ADD", range, pod("u2", "b1"));
    expect((await call(node, "ADD", range, pod("u3", "c1"))).code).toBe(100);
    expect(addressesOf(await call(node, "ADD", range, pod("u1", "a2")))).toEqual(["10.0.0.1/30"]);
  });

  test("is not touched by the late DEL of the sandbox before it", async () => {
    const node = makeNode();
    const range = { ...local, range: "10.0.0.0/24" };
    await call(node, "ADD", range, pod("u1", "a1"));
    await call(node, "ADD", range, pod("u1", "a2"));
    await call(node, "DEL", range, pod("u1", "a1"));
    expect(addressesOf(await call(node, "ADD", range, pod("u2", "b1")))).toEqual(["10.0.0.2/24"]);
    await call(node, "DEL", range, pod("u1", "a2"));
    expect(addressesOf(await call(node, "ADD", range, pod("u3", "c1")))).toEqual(["10.0.0.1/24"]);
  });

  test("keeps what fits and exchanges the rest in the same step", async () => {
    const node = makeNode();
    await call(
      node,
      "ADD",
      { ...local, ipRanges: [{ range: "10.0.0.0/24" }, { range: "10.1.0.0/24" }] },
      pod("u1", "a1"),
    );
    const anew = { ...local, ipRanges: [{ range: "10.2.0.0/24" }, { range: "10.1.0.0/24" }] };
    expect(addressesOf(await call(node, "ADD", anew, pod("u1", "a2")))).toEqual([
      "10.2.0.1/24",
      "10.1.0.1/24",
    ]);
    expect(
      addressesOf(await call(node, "ADD", { ...local, range: "10.0.0.0/24" }, pod("u2", "b1"))),
    ).toEqual(["10.0.0.1/24"]);
  });

  test("gets a requested address in place of what it held", async () => {
    const node = makeNode();
    const range = { ...local, range: "10.0.0.0/24" };
    await call(node, "ADD", range, pod("u1", "a1"));
    const again = pod("u1", "a2");
    expect(
      addressesOf(await call(node, "ADD", range, { ...again, args: `${again.args};IP=10.0.0.7` })),
    ).toEqual(["10.0.0.7/24"]);
    expect(addressesOf(await call(node, "ADD", range, pod("u2", "b1")))).toEqual(["10.0.0.1/24"]);
  });

  test("keeps its address when the prefix or the overlap setting of its range changed", async () => {
    const node = makeNode();
    await call(node, "ADD", { ...local, range: "10.0.0.0/24" }, pod("u1", "a1"));
    await call(node, "ADD", { ...local, range: "10.0.0.0/24" }, pod("u2", "b1"));
    const wider = { ...local, range: "10.0.0.0/16", enable_overlapping_ranges: false };
    expect(addressesOf(await call(node, "ADD", wider, pod("u2", "b2")))).toEqual(["10.0.0.2/16"]);
  });

  test("gets another address where that one is another owner's under the new setting", async () => {
    const node = makeNode();
    await call(node, "ADD", { ...local, range: "10.0.0.0/24" }, pod("u1", "a1"));
    const off = { ...local, range: "10.0.0.0/16", enable_overlapping_ranges: false };
    expect(addressesOf(await call(node, "ADD", off, pod("u2", "b1")))).toEqual(["10.0.0.1/16"]);
    expect(addressesOf(await call(node, "ADD", off, pod("u1", "a2")))).toEqual(["10.0.0.2/16"]);
  });

  test("on another node is another owner", async () => {
    const one = makeNode();
    const two = makeNode({ store: one.store, node: "node-b" });
    const range = { ...local, range: "10.0.0.0/24" };
    expect(addressesOf(await call(one, "ADD", range, pod("u1", "a1")))).toEqual(["10.0.0.1/24"]);
    expect(addressesOf(await call(two, "ADD", range, pod("u1", "a2")))).toEqual(["10.0.0.2/24"]);
  });
});

test("a sandbox made anew keeps all that fits, in whatever ranges it fits", async () => {
  const node = makeNode();
  const before = { ...local, ipRanges: [{ range: "10.0.1.0/25" }, { range: "10.0.2.0/25" }] };
  await call(node, "ADD", before, pod("u1", "a1"));
  const after = { ...local, ipRanges: [{ range: "10.0.0.0/16" }, { range: "10.0.1.0/24" }] };
  expect(addressesOf(await call(node, "ADD", after, pod("u1", "a1")))).toEqual([
    "10.0.2.1/16",
    "10.0.1.1/24",
  ]);
  expect(addressesOf(await call(node, "ADD", after, pod("u1", "a2")))).toEqual([
    "10.0.2.1/16",
    "10.0.1.1/24",
  ]);
});

describe("one interface", () => {
  test("with two entries that overlap gets two different addresses", async () => {
    const node = makeNode();
    for (const overlap of [true, false]) {
      const ipam = {
        enable_overlapping_ranges: overlap,
        ipRanges: [
          { range: "10.0.0.0/24" },
          { range: "10.0.0.0/24" },
          { range: "10.0.0.0/24", range_end: "10.0.0.50" },
        ],
      };
      const addresses = addressesOf(await call(node, "ADD", ipam, { containerId: `c-${overlap}` }));
      expect(new Set(addresses).size).toBe(3);
    }
  });

  test("with two ranges that overlap gets two different addresses where overlapping ranges are off", async () => {
    const ipRanges = [{ range: "10.1.0.0/24" }, { range: "10.1.0.0/16" }];
    const result = await call(makeNode(), "ADD", { enable_overlapping_ranges: false, ipRanges });
    expect(addressesOf(result)).toEqual(["10.1.0.1/24", "10.1.0.2/16"]);
  });

  test("of two interfaces on overlapping ranges holds its own address, and DEL frees only that", async () => {
    const node = makeNode();
    const [wide, narrow] = [{ range: "10.0.0.0/16" }, { range: "10.0.0.0/24" }];
    expect(addressesOf(await call(node, "ADD", wide, { interfaceName: "net1" }))).toEqual([
      "10.0.0.1/16",
    ]);
    expect(addressesOf(await call(node, "ADD", narrow, { interfaceName: "net2" }))).toEqual([
      "10.0.0.2/24",
    ]);
    await call(node, "DEL", narrow, { interfaceName: "net2" });
    expect(addressesOf(await call(node, "ADD", wide, { interfaceName: "net1" }))).toEqual([
      "10.0.0.1/16",
    ]);
    expect(addressesOf(await call(node, "ADD", narrow, { interfaceName: "net2" }))).toEqual([
      "10.0.0.2/24",
    ]);
  });
});
