/** `release` and `gc`, over a store in memory. */
import { beforeEach, describe, expect, test } from "bun:test";
import type { FakeNode } from "../plugin-call.ts";
import { makeNode } from "../plugin-call.ts";
import { call } from "../ipam/calls.ts";
import { callCli, ipam, makeBusyNode } from "./cli-call.ts";

let node: FakeNode;
beforeEach(async () => {
  node = await makeBusyNode();
});

describe("release", () => {
  test("asks, and frees all that the holder has", async () => {
    const kept = await callCli(node, "release fd00::1", { answer: false });
    expect(kept.exitCode).toBe(1);
    expect(kept.stdout).toContain("Release 10.0.0.2, fd00::1 of container d1 (eth0)");
    expect(kept.stdout).toContain("Nothing was freed");
    const freed = await callCli(node, "release fd00::1", { answer: true });
    expect(freed.exitCode).toBe(0);
    expect(freed.stdout).toContain("Released 10.0.0.2, fd00::1");
    expect((await callCli(node, "show fd00::1")).exitCode).toBe(1);
  });

  test("refuses to guess among networks", async () => {
    const { exitCode, stderr } = await callCli(node, "release 10.0.0.2 --yes");
    expect(exitCode).toBe(2);
    expect(stderr).toContain("held 2 times");
    expect((await callCli(node, "release 10.0.0.2 --yes --network blue")).exitCode).toBe(0);
  });

  test("warns of a holder that lives, and only looks with --dry-run", async () => {
    const { exitCode, stdout } = await callCli(
      node,
      "release 10.0.0.2 --network default --dry-run",
    );
    expect(exitCode).toBe(0);
    expect(stdout).toContain("Its network namespace still stands");
    expect((await callCli(node, "show 10.0.0.2 --network default")).exitCode).toBe(0);
  });

  test("does not go on without a terminal or --yes", async () => {
    const { exitCode, stderr } = await callCli(node, "release fd00::1");
    expect(exitCode).toBe(2);
    expect(stderr).toContain("--yes");
  });

  test("of an address that nobody holds fails", async () => {
    expect((await callCli(node, "release 10.0.0.5 --yes")).exitCode).toBe(1);
  });

  test("keeps JSON alone on standard output", async () => {
    const { stdout, stderr } = await callCli(node, "release fd00::1 --yes -o json");
    expect(JSON.parse(stdout)).toEqual([
      expect.objectContaining({ addresses: ["10.0.0.2", "fd00::1"], containerId: "d1" }),
    ]);
    expect(stderr).toContain("Release 10.0.0.2, fd00::1");
  });
});

describe("gc", () => {
  test("frees what is proven dead, and says why", async () => {
    expect((await callCli(node, "gc --yes")).stdout).toBe("Nothing on this node is to be freed.\n");
    node.namespaces.clear();
    const dry = await callCli(node, "gc --dry-run");
    expect(dry.exitCode).toBe(0);
    expect(dry.stdout).toContain("10.0.0.2  ns/p  eth0  default  its network namespace is gone");
    const before = node.monotonicUs;
    const { exitCode, stdout } = await callCli(node, "gc --yes");
    expect(exitCode).toBe(0);
    expect(stdout).toContain("Freed 1 of 1 holders");
    expect(node.monotonicUs - before).toBeGreaterThanOrEqual(3_000_000);
    expect((await callCli(node, "show 10.0.0.2 --network default")).exitCode).toBe(1);
  });

  test("frees what a node held that will not come back", async () => {
    const gone = makeNode({ store: node.store, node: "node-gone" });
    await call(gone, "ADD", ipam, { containerId: "z1" });
    expect((await callCli(node, "gc --node node-gone", { answer: false })).exitCode).toBe(1);
    const { exitCode, stdout } = await callCli(node, "gc --node node-gone --yes -o json");
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toEqual([
      expect.objectContaining({ addresses: ["10.0.0.5"], containerId: "z1" }),
    ]);
    expect((await callCli(node, "gc --node node-a --yes")).exitCode).toBe(2);
  });
});

test("release -o json prints a document, whatever becomes of it", async () => {
  const dry = await callCli(node, "release fd00::1 --dry-run -o json");
  expect(dry.exitCode).toBe(0);
  expect(JSON.parse(dry.stdout)).toEqual([expect.objectContaining({ containerId: "d1" })]);
  const declined = await callCli(node, "release fd00::1 -o json", { answer: false });
  expect(declined.exitCode).toBe(1);
  expect(JSON.parse(declined.stdout)).toEqual([]);
  expect((await callCli(node, "show fd00::1")).exitCode).toBe(0);
});

test("release --range tells apart what is held twice in one network", async () => {
  const off = { datastore: "local", enable_overlapping_ranges: false, network_name: "off" };
  await call(node, "ADD", { ...off, range: "10.3.0.0/24" }, { containerId: "narrow" });
  await call(node, "ADD", { ...off, range: "10.3.0.0/16" }, { containerId: "wide" });
  const twice = await callCli(node, "release 10.3.0.1 --yes");
  expect(twice.exitCode).toBe(2);
  expect(twice.stderr).toContain("--range");
  expect((await callCli(node, "release 10.3.0.1 --range 10.3.0.0/16 --yes")).exitCode).toBe(0);
  expect((await callCli(node, "show 10.3.0.1")).stdout).toContain("container  narrow");
});

test("gc frees what an earlier boot held, though nothing was added since", async () => {
  node.bootId = "boot-2";
  node.monotonicUs = 1000;
  expect((await callCli(node, "gc --yes")).stdout).toContain("Freed 3 of 3 holders");
});

test("gc frees nothing of a node where another host claims under its id", async () => {
  const clone = makeNode({ store: node.store });
  clone.bootId = "boot-of-the-clone";
  await callCli(clone, "gc --dry-run");
  await call(node, "ADD", ipam, { containerId: "b1", interfaceName: "net1" });
  const listed = await callCli(node, "ls --node self -o json");
  expect(JSON.parse(listed.stdout)).toHaveLength(5);
});
