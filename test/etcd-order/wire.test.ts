/** How many requests a call makes: an uncontended ADD two, three at the most; DEL two. */
import { afterAll, beforeAll, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { call, pod } from "../ipam/calls.ts";
import { openEtcdStore } from "../../src/store/etcd/etcd-store.ts";
import { makeNode } from "../plugin-call.ts";
import type { FakeNode } from "../plugin-call.ts";
import type { FaultProxy } from "../etcd/fault-proxy.ts";
import { startFaultProxy, stopProxies } from "../etcd/fault-proxy.ts";
import { removeServers } from "../etcd/member.ts";
import { etcd } from "../etcd/requirements.ts";
import { startEtcd } from "../etcd/server.ts";
import { describeWith } from "../skip.ts";

setDefaultTimeout(60_000);

describeWith(etcd("oldest"), "requests on the wire", () => {
  let proxy: FaultProxy | undefined;
  let node: FakeNode;
  let count = 0;

  beforeAll(async () => {
    const server = await startEtcd();
    proxy = await startFaultProxy({ targetPort: Number(server.hostPort.split(":")[1]) });
  });
  beforeEach(() => {
    const store = openEtcdStore({
      endpoints: [`http://${proxy?.hostPort}`],
      prefix: `/wire/${++count}/`,
      leftMs: () => 30_000,
    });
    node = makeNode({ store });
  });
  afterAll(async () => {
    await stopProxies();
    await removeServers();
  });

  /** How many requests a call makes that must succeed. */
  const requestsOf = async (
    command: string,
    containerId: string,
    ipam: object,
    more: Parameters<typeof call>[3] = {},
  ): Promise<number> => {
    const before = proxy?.requests.length ?? 0;
    const { msg } = await call(node, command, ipam, { containerId, ...more });
    expect(msg).toBeUndefined();
    return (proxy?.requests.length ?? 0) - before;
  };

  const plain = { range: "10.0.0.0/24", datastore: "local" };
  const dual = { ipRanges: [{ range: "10.0.0.0/24" }, { range: "fd00::/64" }] };
  const resting = { range: "10.0.0.0/24", reuse_delay: 60 };
  const many = {
    ipRanges: Array.from({ length: 32 }, (_, index) => ({ range: `10.${index}.0.0/24` })),
  };

  for (const [name, ipam] of [
    ["one range", plain],
    ["two families", dual],
    ["reuse_delay", resting],
  ] as const) {
    test(`of ${name}: ADD two, DEL two, again and again`, async () => {
      const counts: number[] = [];
      for (const id of ["a", "b", "c", "d"]) counts.push(await requestsOf("ADD", id, ipam));
      expect(counts).toEqual([2, 2, 2, 2]);
      expect(await requestsOf("DEL", "b", ipam)).toBe(2);
      // What rests may be the owner's own: that is looked at.
      expect(await requestsOf("ADD", "e", ipam)).toBeLessThanOrEqual(3);
      expect(await requestsOf("ADD", "f", ipam)).toBeLessThanOrEqual(3);
      expect(await requestsOf("DEL", "e", ipam)).toBe(2);
    });
  }

  test("of 32 ranges: ADD three at the most, DEL two", async () => {
    expect(await requestsOf("ADD", "a", many)).toBeLessThanOrEqual(3);
    expect(await requestsOf("ADD", "b", many)).toBeLessThanOrEqual(3);
    expect(await requestsOf("DEL", "a", many)).toBe(2);
  });

  test("of a repeated ADD, a sandbox made anew, a requested address, DEL of nobody: two", async () => {
    await requestsOf("ADD", "a", plain, pod("u1", "a"));
    expect(await requestsOf("ADD", "a", plain, pod("u1", "a"))).toBe(2);
    expect(await requestsOf("ADD", "b", plain, pod("u1", "b"))).toBe(2);
    const requested = { args: "IgnoreUnknown=1;IP=10.0.0.77" };
    expect(await requestsOf("ADD", "c", plain, requested)).toBe(2);
    expect(await requestsOf("DEL", "nobody", plain)).toBe(1);
    expect(await requestsOf("CHECK", "c", plain, { stdin: checkOf("10.0.0.77") })).toBe(1);
  });

  test("where every other address is held: three at the most", async () => {
    for (let index = 1; index <= 12; index++) await requestsOf("ADD", `p${index}`, plain);
    for (let index = 1; index <= 12; index += 2) await requestsOf("DEL", `p${index}`, plain);
    const counts: number[] = [];
    for (let index = 1; index <= 8; index++)
      counts.push(await requestsOf("ADD", `q${index}`, plain));
    expect(Math.max(...counts)).toBeLessThanOrEqual(3);
  });

  test("of a full range: four, one of which looks for the dead of the node", async () => {
    const tiny = { range: "10.7.0.0/30" };
    for (const id of ["a", "b"]) await requestsOf("ADD", id, tiny);
    const before = proxy?.requests.length ?? 0;
    const { code } = await call(node, "ADD", tiny, { containerId: "c" });
    expect(code).toBe(100);
    expect((proxy?.requests.length ?? 0) - before).toBeLessThanOrEqual(4);
  });
});

function checkOf(address: string): object {
  return {
    cniVersion: "1.0.0",
    name: "net",
    type: "macvlan",
    ipam: { type: "whereabouts", range: "10.0.0.0/24" },
    prevResult: { cniVersion: "1.0.0", ips: [{ address: `${address}/24` }] },
  };
}
