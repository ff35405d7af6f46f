/** Requested addresses: exactly these, or an error that says why not. */
import { describe, expect, test } from "bun:test";
import { callPlugin, makeNode } from "../plugin-call.ts";
import { addressesOf, call, pod } from "./calls.ts";

const dual = {
  datastore: "local",
  ipRanges: [
    { range: "10.0.0.0/24", gateway: "10.0.0.1", exclude: ["10.0.0.20"] },
    { range: "fd00::/64" },
  ],
};

describe("a requested address", () => {
  test("takes the place of the lowest one in its range; the other range gives its lowest", async () => {
    expect(addressesOf(await call(makeNode(), "ADD", dual, { args: "IP=10.0.0.9" }))).toEqual([
      "10.0.0.9/24",
      "fd00::1/64",
    ]);
  });

  test("of each range", async () => {
    expect(
      addressesOf(await call(makeNode(), "ADD", dual, { args: "IP=fd00::9,10.0.0.9" })),
    ).toEqual(["10.0.0.9/24", "fd00::9/64"]);
  });

  test("beyond the first of a range is added", async () => {
    const result = await call(makeNode(), "ADD", dual, { args: "IP=10.0.0.9,10.0.0.10" });
    expect(addressesOf(result)).toEqual(["10.0.0.9/24", "fd00::1/64", "10.0.0.10/24"]);
    expect(result.ips?.map(({ gateway }) => gateway)).toEqual(["10.0.0.1", undefined, "10.0.0.1"]);
  });

  for (const [address, reason] of [
    ["10.0.0.1", "gateway"],
    ["10.0.0.0", "network, broadcast or anycast"],
    ["10.0.0.255", "network, broadcast or anycast"],
    ["fd00::", "network, broadcast or anycast"],
    ["10.0.0.20", "excluded"],
    ["10.9.0.1", "in no range"],
  ] as const) {
    test(`that is never given out is refused: ${address}, ${reason}`, async () => {
      const node = makeNode();
      const result = await call(node, "ADD", dual, { args: `IP=${address}` });
      expect(result.code).toBe(102);
      expect(result.msg).toContain(address);
      expect(result.msg).toContain(reason);
      expect(await Array.fromAsync(node.store.list({}))).toEqual([]);
    });
  }

  test("that another holds is refused, says who holds it, and takes nothing of the other range", async () => {
    const node = makeNode();
    await call(node, "ADD", dual, {
      ...pod("u1", "a1"),
      args: `${pod("u1", "a1").args};IP=10.0.0.9`,
    });
    const result = await call(node, "ADD", dual, { containerId: "b1", args: "IP=10.0.0.9" });
    expect(result.code).toBe(101);
    expect(result.msg).toBe(
      'Cannot reserve 10.0.0.9 in the default network: held by pod "ns/p" (eth0)',
    );
    expect(addressesOf(await call(node, "ADD", dual, { containerId: "b2" }))).toEqual([
      "10.0.0.2/24",
      "fd00::2/64",
    ]);
  });

  test("that rests for another owner is refused until then", async () => {
    const node = makeNode();
    const resting = { ...dual, reuse_delay: 30 };
    await call(node, "ADD", resting);
    await call(node, "DEL", resting);
    const result = await call(node, "ADD", resting, { containerId: "b1", args: "IP=10.0.0.2" });
    expect(result.code).toBe(101);
    expect(result.msg).toContain("rests until 2026-01-02T03:04:35");
    expect(addressesOf(await call(node, "ADD", resting, { args: "IP=10.0.0.2" }))).toEqual([
      "10.0.0.2/24",
      "fd00::1/64",
    ]);
  });

  test("outside of every range, with a prefix length in CNI_ARGS, is appended and not reserved", async () => {
    const node = makeNode();
    for (const containerId of ["a", "b"]) {
      const result = await call(
        node,
        "ADD",
        { range: "10.0.0.0/24" },
        { containerId, args: "IP=172.16.0.5/16;GATEWAY=172.16.0.1" },
      );
      expect(addressesOf(result).slice(1)).toEqual(["172.16.0.5/16"]);
      expect(result.ips?.[1]?.gateway).toBe("172.16.0.1");
    }
  });
});

test("what is requested where no range is configured is refused", async () => {
  const ipam = { addresses: [{ address: "192.0.2.7/24" }] };
  const result = await call(makeNode(), "ADD", ipam, { args: "IP=10.9.9.9" });
  expect(result.code).toBe(102);
  expect(result.msg).toContain("none is configured");
});

test("as many ranges as possible give a requested address", async () => {
  const ipRanges = [{ range: "10.0.0.0/16" }, { range: "10.0.1.0/24" }];
  const result = await call(makeNode(), "ADD", { ipRanges }, { args: "IP=10.0.1.5,10.0.2.5" });
  expect(addressesOf(result)).toEqual(["10.0.2.5/16", "10.0.1.5/24"]);
});

test("0.2.0 refuses to leave out what a container holds", async () => {
  const node = makeNode();
  const ipam = { type: "whereabouts", range: "10.0.0.0/24" };
  const main = { name: "net", type: "x", ipam };
  const args = "IP=10.0.0.5,10.0.0.6";
  await callPlugin(node, { command: "ADD", stdin: { ...main, cniVersion: "1.0.0" }, args });
  const again = await callPlugin(node, { command: "ADD", stdin: { ...main, cniVersion: "0.2.0" } });
  expect(again).toEqual({ exitCode: 1, stdout: expect.stringContaining("room for one IPv4") });
  expect(await Array.fromAsync(node.store.list({}))).toHaveLength(2);
});

test("keys of the main plugin's configuration match whatever their case", async () => {
  const stdin = {
    CNIVersion: "1.0.0",
    Name: "net",
    IPAM: { TYPE: "whereabouts", RANGE: "10.0.0.0/24" },
  };
  const { stdout } = await callPlugin(makeNode(), { command: "ADD", stdin });
  expect(stdout).toContain("10.0.0.1/24");
});

test("addresses alone, without a range, are given to everybody", async () => {
  const node = makeNode();
  const ipam = { addresses: [{ address: "10.5.0.9/24", gateway: "10.5.0.1" }] };
  for (const containerId of ["a", "b"]) {
    expect(addressesOf(await call(node, "ADD", ipam, { containerId }))).toEqual(["10.5.0.9/24"]);
  }
  expect(await call(node, "DEL", ipam, { containerId: "a" })).toEqual({});
});

test("the first address is kept for a main plugin that is the gateway and was not given one", async () => {
  const stdin = {
    cniVersion: "1.0.0",
    name: "net",
    type: "bridge",
    isGateway: true,
    ipam: { type: "whereabouts", range: "10.0.0.0/24" },
  };
  const { stdout } = await callPlugin(makeNode(), { command: "ADD", stdin });
  expect(stdout).toContain("10.0.0.2/24");
});
