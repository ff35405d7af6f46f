/** `ls`, `show` and `pools`, over a store in memory. */
import { beforeEach, describe, expect, test } from "bun:test";
import type { FakeNode } from "../plugin-call.ts";
import { makeNode } from "../plugin-call.ts";
import { call } from "../ipam/calls.ts";
import { callCli, lines, makeBusyNode } from "./cli-call.ts";

let node: FakeNode;
beforeEach(async () => {
  node = await makeBusyNode();
});

describe("ls", () => {
  test("lists in the order of network and address", async () => {
    const { exitCode, stdout } = await callCli(node, "ls");
    expect(exitCode).toBe(0);
    expect(lines(stdout)).toEqual([
      "ADDRESS   HELD BY            INTERFACE  NETWORK  NODE       SINCE",
      "10.0.0.2  ns/p               eth0       default  this node  1m 5s",
      "10.0.0.3  (rests, 25s left)             default  this node",
      "10.0.0.4  b1                 net1       default  this node  1m 5s",
      "10.0.0.2  d1                 eth0       blue     this node  1m 5s",
      "fd00::1   d1                 eth0       blue     this node  1m 5s",
    ]);
  });

  for (const [option, addresses] of [
    ["--network blue", ["10.0.0.2", "fd00::1"]],
    ["--network default", ["10.0.0.2", "10.0.0.3", "10.0.0.4"]],
    ["--node self", ["10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.2", "fd00::1"]],
    ["--node other", []],
    ["--pod ns/p", ["10.0.0.2"]],
    ["--pod p", ["10.0.0.2"]],
    ["--pod u1", ["10.0.0.2"]],
    ["--pod b1", ["10.0.0.4"]],
  ] as const) {
    test(`${option} lists ${addresses.length} addresses, as text and as JSON`, async () => {
      const { stdout } = await callCli(node, `ls ${option} -o json`);
      const parsed: unknown = JSON.parse(stdout);
      expect(parsed).toEqual(addresses.map((address) => expect.objectContaining({ address })));
      const { stdout: table } = await callCli(node, `ls ${option}`);
      const rows = addresses.length === 0 ? ["No address is held."] : lines(table).slice(1);
      expect(rows.length).toBe(Math.max(1, addresses.length));
    });
  }

  test("tells everything in JSON", async () => {
    const { stdout } = await callCli(node, "ls --pod p -o json");
    expect(JSON.parse(stdout)).toEqual([
      {
        state: "held",
        address: "10.0.0.2",
        range: "10.0.0.0/29",
        overlappingRanges: true,
        owner: { network: "", node: "node-a", interfaceName: "eth0", pod: "u1" },
        containerId: "a1",
        attempt: "attempt-1",
        moment: { bootId: "boot-1", monotonicUs: 1_001_000 },
        netns: { path: "/run/netns/a1", namespace: "4:a1", seenFrom: "1:1" },
        name: "net",
        podNamespace: "ns",
        podName: "p",
        confirmedAt: "2026-01-02T03:04:05.001Z",
        reuseDelaySeconds: 90,
        sequence: 1,
      },
    ]);
  });

  test("of nothing says so", async () => {
    expect((await callCli(makeNode(), "ls")).stdout).toBe("No address is held.\n");
    expect(JSON.parse((await callCli(makeNode(), "ls -o json")).stdout)).toEqual([]);
  });

  test("aligns more than a page", async () => {
    for (let index = 0; index < 600; index++) {
      await call(
        node,
        "ADD",
        { datastore: "local", range: "10.8.0.0/16" },
        { containerId: `m${index}` },
      );
    }
    const { stdout } = await callCli(node, "ls --network default");
    expect(lines(stdout).length).toBe(604);
  });
});

describe("show", () => {
  test("tells who holds, and whether they live", async () => {
    const { exitCode, stdout } = await callCli(node, "show 10.0.0.2 --network default");
    expect(exitCode).toBe(0);
    expect(lines(stdout)).toEqual([
      "10.0.0.2 is held",
      "  pod        ns/p",
      "  pod UID    u1",
      "  container  a1",
      "  interface  eth0",
      "  network    default (CNI network net)",
      "  node       node-a (this node)",
      "  netns      /run/netns/a1",
      "  confirmed  2026-01-02T03:04:05.001Z (1m 5s ago)",
      "  alive      yes: its network namespace stands",
      "  range      10.0.0.0/29",
    ]);
    node.namespaces.clear();
    expect((await callCli(node, "show 10.0.0.2 --network default")).stdout).toContain(
      "no: its network namespace is gone",
    );
  });

  test("shows every network that holds it", async () => {
    const { stdout } = await callCli(node, "show 10.0.0.2");
    expect(stdout).toContain("container  a1");
    expect(stdout).toContain("holds in all  10.0.0.2, fd00::1");
    const found: unknown = JSON.parse((await callCli(node, "show 10.0.0.2 -o json")).stdout);
    expect(found).toEqual([
      expect.objectContaining({ containerId: "a1" }),
      expect.objectContaining({ containerId: "d1" }),
    ]);
  });

  for (const [address, words] of [
    ["10.0.0.3", "rests"],
    ["10.0.0.5", "free in 10.0.0.0/29"],
    ["10.0.0.1", "never given out in 10.0.0.0/29"],
    ["10.77.0.1", "lies in no range that was used so far"],
  ] as const) {
    test(`exits with 1 for ${address}, which nobody holds: ${words}`, async () => {
      const { exitCode, stdout } = await callCli(node, `show ${address}`);
      expect(stdout).toContain(words);
      expect(exitCode).toBe(1);
    });
  }
});

describe("pools", () => {
  test("draws how full each is", async () => {
    const { exitCode, stdout } = await callCli(node, "pools");
    expect(exitCode).toBe(0);
    expect(lines(stdout)).toEqual([
      "NETWORK  RANGE        USE",
      "default  10.0.0.0/29  ██████████░░░░░░░░░░░░░░   40 %  2 of 5, 1 resting, next 10.0.0.5",
      "blue     10.0.0.0/29  █████░░░░░░░░░░░░░░░░░░░   20 %  1 of 5, next 10.0.0.3",
      "blue     fd00::/64    █░░░░░░░░░░░░░░░░░░░░░░░   <1 %  1 of 1.8×10^19, next fd00::2",
    ]);
  });

  test("gives exact numbers in JSON", async () => {
    const { stdout } = await callCli(node, "pools --network default -o json");
    expect(JSON.parse(stdout)).toEqual([
      {
        network: "",
        range: "10.0.0.0/29",
        first: "10.0.0.2",
        last: "10.0.0.6",
        overlappingRanges: true,
        size: "5",
        held: "2",
        resting: "1",
        restsUntil: "2026-01-02T03:05:35.004Z",
        lowestFree: "10.0.0.5",
      },
    ]);
  });

  test("shows the ranges of a configuration, used or not", async () => {
    const files = {
      "x.conf": JSON.stringify({
        name: "n",
        type: "macvlan",
        ipam: { type: "whereabouts", range: "10.5.0.0/30" },
      }),
    };
    expect((await callCli(node, "pools --config x.conf", { files })).stdout).toContain(
      "0 of 2, next 10.5.0.1",
    );
  });

  test("is coloured by how full it is, only where colours are", async () => {
    expect((await callCli(node, "pools", { hasColour: true })).stdout).toContain("\u001b[32m");
    expect((await callCli(node, "pools")).stdout).not.toContain("\u001b");
  });
});

test("pools shows a range that was used by request only", async () => {
  const fresh = makeNode();
  await call(fresh, "ADD", { datastore: "local", range: "10.6.0.0/24" }, { args: "IP=10.6.0.9" });
  expect((await callCli(fresh, "pools")).stdout).toContain("10.6.0.0/24");
});

test("--config selects the network of a configuration", async () => {
  const files = { "blue.conf": JSON.stringify({ type: "whereabouts", network_name: "blue" }) };
  const { stdout } = await callCli(node, "ls --config blue.conf -o json", { files });
  expect(JSON.parse(stdout)).toHaveLength(2);
  const faulty = { "x.conf": JSON.stringify({ type: "whereabouts", range: "nonsense" }) };
  expect((await callCli(node, "pools --config x.conf", { files: faulty })).exitCode).toBe(1);
});

test('a network that is called "default" is told from the one without a name', async () => {
  await call(node, "ADD", { datastore: "local", range: "10.7.0.0/24", network_name: "default" });
  expect((await callCli(node, 'ls --network "default"')).stdout).toContain("10.7.0.1");
  expect((await callCli(node, "ls --network default")).stdout).not.toContain("10.7.0.1");
});

test("show -o json tells what stands at the network namespace's path", async () => {
  const shown = async (): Promise<unknown> => {
    const { stdout } = await callCli(node, "show 10.0.0.2 --network default -o json");
    return JSON.parse(stdout);
  };
  expect(await shown()).toEqual([expect.objectContaining({ netnsSight: "same" })]);
  node.namespaces.clear();
  expect(await shown()).toEqual([
    expect.objectContaining({ netnsSight: "missing", proofOfDeath: "netns-missing" }),
  ]);
});
