/** The command line, over a store in memory. */
import { beforeEach, describe, expect, test } from "bun:test";
import type { FakeNode } from "../plugin-call.ts";
import { makeNode, pass } from "../plugin-call.ts";
import { call, pod } from "../ipam/calls.ts";
import { callCli } from "./cli-call.ts";

const ipam = { datastore: "local", range: "10.0.0.0/29", gateway: "10.0.0.1", reuse_delay: 90 };

let node: FakeNode;

/** A pod and a container that hold, one that rests, and one in another network. */
beforeEach(async () => {
  node = makeNode();
  node.namespaces.set("/run/netns/a1", "4:a1");
  await call(node, "ADD", ipam, { ...pod("u1", "a1"), netns: "/run/netns/a1" });
  await call(node, "ADD", ipam, { containerId: "resting" });
  await call(node, "ADD", ipam, { containerId: "b1", interfaceName: "net1" });
  await call(node, "DEL", ipam, { containerId: "resting" });
  await call(
    node,
    "ADD",
    { ...ipam, network_name: "blue", ipRanges: [{ range: "fd00::/64" }] },
    { containerId: "d1" },
  );
  pass(node, 65_000);
});

function lines(text: string): readonly string[] {
  return text
    .trimEnd()
    .split("\n")
    .map((line) => line.trimEnd());
}

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
        first: "10.0.0.1",
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
    expect(stdout).toContain("Freed 1 of 1");
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

async function checkConfig(
  document: object,
  option = "",
): Promise<{ exitCode: number; stdout: string; stderr: string }> {
  return await callCli(makeNode(), `check-config x.conf${option}`, {
    files: { "x.conf": JSON.stringify(document) },
  });
}

describe("check-config", () => {
  test("explains a configuration", async () => {
    const document = {
      cniVersion: "1.0.0",
      name: "net",
      type: "bridge",
      ipam: {
        type: "whereabouts",
        range: "10.0.0.0/24",
        exclude: ["10.0.0.16/30", "10.0.0.1"],
        gateway: "10.0.0.254",
      },
    };
    const { exitCode, stdout } = await checkConfig(document);
    expect(exitCode).toBe(0);
    expect(lines(stdout)).toEqual([
      'x.conf: network "net", main plugin "bridge"',
      "  store         SQLite in /var/lib/cni/whereabouts",
      "  flat file     none",
      "  network       default",
      "  range 1       10.0.0.0/24",
      "    first       10.0.0.2",
      "    last        10.0.0.253",
      "    addresses   248",
      "    gateway     10.0.0.254, never given out",
      "    left out    10.0.0.1, 10.0.0.16-10.0.0.19, 10.0.0.254",
      "Usable",
    ]);
  });

  test("takes conflists and bare ipam objects", async () => {
    const ours = { type: "macvlan", ipam: { type: "whereabouts", range: "10.0.0.0/24" } };
    const list = await checkConfig({
      cniVersion: "1.0.0",
      name: "list",
      plugins: [{ type: "tuning" }, ours, ours],
    });
    expect(list.stdout.match(/network "list", main plugin "macvlan"/g)?.length).toBe(2);
    expect((await checkConfig(ours.ipam)).stdout).toContain("bare ipam object");
  });

  test("lists every fault and warning, and exits with 1 for faults", async () => {
    const { exitCode, stdout } = await checkConfig({
      name: "net",
      type: "x",
      ipam: { type: "whereabouts", range: "nonsense", gateway: "1", rangeStart: "10.0.0.1" },
    });
    expect(exitCode).toBe(1);
    expect(stdout).toContain('ipam.range: "nonsense"');
    expect(stdout).toContain('ipam.gateway: "1"');
    expect(stdout).toContain("range_start");
    expect(stdout).toContain("ADD would be refused: 2 faults");
    const json = await checkConfig(
      { name: "net", type: "x", ipam: { type: "whereabouts", range: "nonsense" } },
      " -o json",
    );
    expect(JSON.parse(json.stdout)).toEqual([
      expect.objectContaining({ faults: [expect.objectContaining({ path: "ipam.range" })] }),
    ]);
  });

  test("says what is wrong with the file", async () => {
    expect((await callCli(node, "check-config missing")).stderr).toContain("Cannot read missing");
    expect((await callCli(node, "check-config x", { files: { x: "{" } })).stderr).toContain(
      "not JSON",
    );
    expect(
      (await checkConfig({ name: "n", cniVersion: "1.0.0", plugins: [{ type: "x" }] })).stderr,
    ).toContain("whereabouts");
    expect((await callCli(node, "check-config")).exitCode).toBe(2);
  });
});

describe("the command line", () => {
  test("shows help without a command", async () => {
    for (const command of ["", "help", "--help", "-h"]) {
      const { exitCode, stdout } = await callCli(node, command);
      expect(exitCode).toBe(0);
      for (const name of ["ls", "show", "pools", "release", "gc", "check-config", "version"])
        expect(stdout).toContain(`  ${name}`);
    }
  });

  test("explains each command", async () => {
    for (const name of ["ls", "show", "pools", "release", "gc", "check-config", "version"]) {
      const { exitCode, stdout } = await callCli(node, `${name} --help`);
      expect(exitCode).toBe(0);
      expect(stdout).toStartWith(`whereabouts ${name}`);
      expect(stdout).toContain("--output FORMAT");
      expect((await callCli(node, `help ${name}`)).stdout).toBe(stdout);
    }
  });

  for (const command of [
    "nonsense",
    "ls --nonsense",
    "ls -o yaml",
    "show",
    "show x",
    "show 10.0.0.1 10.0.0.2",
    "gc x",
    "help nonsense",
  ]) {
    test(`exits with 2 for "${command}"`, async () => {
      const { exitCode, stdout, stderr } = await callCli(node, command);
      expect(exitCode).toBe(2);
      expect(stdout).toBe("");
      expect(stderr).toStartWith("whereabouts: ");
    });
  }

  test("tells its version", async () => {
    expect((await callCli(node, "version")).stdout).toBe("whereabouts 1.2.3\n");
    expect((await callCli(node, "--version")).stdout).toBe("whereabouts 1.2.3\n");
    expect(JSON.parse((await callCli(node, "version -o json")).stdout)).toEqual({
      version: "1.2.3",
    });
  });

  test("refuses a store that does not exist", async () => {
    const { exitCode, stderr } = await callCli(node, "ls --datastore redis");
    expect(exitCode).toBe(1);
    expect(stderr).toContain('"redis"');
  });
});
