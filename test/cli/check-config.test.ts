/** `check-config`, `version`, `help`, and what is wrong in a call itself. */
import { beforeEach, describe, expect, test } from "bun:test";
import type { FakeNode } from "../plugin-call.ts";
import { callCli, checkConfig, lines, makeBusyNode } from "./cli-call.ts";

let node: FakeNode;
beforeEach(async () => {
  node = await makeBusyNode();
});

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

  test("refuses a kind of store that does not exist", async () => {
    const { exitCode, stderr } = await callCli(node, "ls --datastore redis");
    expect(exitCode).toBe(2);
    expect(stderr).toContain('"redis"');
  });
});

describe("check-config finds what ADD would refuse beyond the ipam object", () => {
  const ours = { type: "whereabouts", range: "10.0.0.0/24" };
  for (const [what, document, words] of [
    [
      "no address",
      { name: "n", type: "x", ipam: { type: "whereabouts" } },
      "no address would be given",
    ],
    ["the name", { name: "a/b", type: "x", ipam: ours }, "invalid characters"],
    ["the version", { name: "n", cniVersion: "9.9.9", type: "x", ipam: ours }, "9.9.9"],
    [
      "two addresses of a family for 0.2.0",
      {
        name: "n",
        cniVersion: "0.2.0",
        type: "x",
        ipam: { ...ours, ipRanges: [{ range: "10.1.0.0/24" }] },
      },
      "room for one IPv4 address",
    ],
    ["its size", { name: "n", type: "x", ipam: ours, more: "x".repeat(1_048_576) }, "larger than"],
  ] as const) {
    test(what, async () => {
      const { exitCode, stdout } = await checkConfig(document);
      expect(exitCode).toBe(1);
      expect(stdout).toContain(words);
    });
  }

  test("and still explains the ranges that can be read", async () => {
    const { stdout } = await checkConfig({
      name: "n",
      type: "x",
      ipam: { ...ours, routes: [{ dst: "x" }] },
    });
    expect(stdout).toContain("first       10.0.0.1");
  });
});

for (const command of ["ls foo bar", "pools x", "version zz", "gc x", "show", "check-config a b"]) {
  test(`exits with 2 for "${command}"`, async () => {
    expect((await callCli(node, command)).exitCode).toBe(2);
  });
}
