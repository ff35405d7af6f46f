/** Keys of others below our prefix, however like ours they look: nothing hangs, and nobody loses an address of ours. */
import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { stopProxies } from "../etcd/fault-proxy.ts";
import type { EtcdMember } from "../etcd/member.ts";
import { removeServers } from "../etcd/member.ts";
import { etcd } from "../etcd/requirements.ts";
import { startEtcd } from "../etcd/server.ts";
import { describeWith } from "../skip.ts";
import { owner, texts } from "../store-contract/fixtures.ts";
import type { Raw, Ward } from "./damage.ts";
import { admit, errorOf, fillUp, listed, openWard, putRaw, textAt } from "./damage.ts";

/** Bytes that are no UTF-8, and letters whose bytes sort elsewhere than they do. */
const BINARY = Uint8Array.of(0xff, 0xfe, 0);
const LETTERS = ["\u0085", "©", "é", "漢"];

function after(start: string, end: Raw): Raw {
  return Buffer.concat([Buffer.from(start), Buffer.from(end)]);
}

const COUNTED = "address/blue,,40a000003,";

/** Each with whether a listing of all, and of the node, is to speak of it. */
const foreign: readonly (readonly [key: Raw, inAll: boolean, inNode: boolean])[] = [
  ["thing", false, false],
  ["addresses/blue,,40a000003", false, false],
  ["address", false, false],
  ["address/", true, false],
  ["address/blue", true, false],
  ["address/blue,,", true, false],
  ["address/blue,,40a00000", true, false],
  ["address/blue,,40A000003", true, false],
  ["address/blue,,5", true, false],
  [COUNTED, true, false],
  ["address/blue,off,40a000003", true, false],
  ["address/blue,,zzz", true, false],
  [after("address/blue,,", BINARY), true, false],
  [after("address/", BINARY), true, false],
  ...LETTERS.map((letter) => [`address/${letter}`, true, false] as const),
  ...LETTERS.map((letter) => [`address/blue,,4${letter}`, true, false] as const),
  ["owner/n1,blue", false, true],
  ["owner/n1,blue,eth0,p,extra", false, true],
  [after("owner/n1,", BINARY), false, true],
  ...LETTERS.map((letter) => [`owner/n1,${letter}`, false, true] as const),
  ["rest/blue,,40a000003", false, false],
  ["rest/blue,,40a000003.bak", false, false],
  [after("rest/blue,,40a00000", BINARY), false, false],
  ["hint/blue", false, false],
  ["hint/blue,", false, false],
  [after("hint/blue,", BINARY), false, false],
  ["hint/blue,40a000000/028,40a000001,40a00000e,on,bak", false, false],
  ["hint/blue,40a000000/028,40a000001,40a00000e,on,漢", false, false],
  ["node/", false, false],
  ["void/", false, false],
];

const keys = foreign.map(
  ([key, ...more]) => [Buffer.from(key).toString("latin1"), key, ...more] as const,
);

describeWith(etcd("oldest"), "a foreign key", () => {
  let server: EtcdMember;
  let ward: Ward;
  beforeAll(async () => {
    server = await startEtcd();
  }, 60_000);
  afterAll(async () => {
    stopProxies();
    await removeServers();
  }, 60_000);
  beforeEach(async () => {
    ward = await openWard(server);
  }, 60_000);

  async function admitSome(): Promise<void> {
    for (const pod of ["first", "second"]) await admit(ward, pod);
  }

  test.each(keys)(
    "%j leaves everything else as it is",
    async (_, key, inAll, inNode) => {
      const { store, proxy } = ward;
      await admitSome();
      await putRaw(ward, key, "theirs");
      const before = proxy.requests.length;
      const second = await store.find(owner("second"));
      expect(second && texts(second)).toEqual(["10.0.0.2"]);
      const release = { expected: second?.sequence ?? 0, restSeconds: 0 };
      expect(await store.release(owner("second"), release)).toBe("released");
      expect(texts(await admit(ward, "second"))).toEqual(["10.0.0.2"]);
      expect(texts(await admit(ward, "third"))).toEqual(["10.0.0.3"]);
      for (const [filter, isMet] of [
        [{}, inAll],
        [
          { network: "blue" },
          inAll && Buffer.from(key).toString("latin1").startsWith("address/blue,"),
        ],
        [{ node: "n1" }, inNode],
      ] as const) {
        const { pods, error } = await listed(ward, filter);
        expect(pods).toEqual(["first", "second", "third"]);
        if (isMet) expect(error).toMatch(/^store-damaged .*key .*(?:address|owner)\//);
        else expect(error).toBeUndefined();
      }
      // Counts see no difference between an address's key and one that goes on after it.
      expect(await store.usage()).toMatchObject([{ held: key === COUNTED ? 4n : 3n }]);
      const held = key === COUNTED ? 15 : 14;
      expect(await fillUp(ward)).toEqual([11, expect.stringContaining(`full 0: ${held} held`)]);
      expect(proxy.requests.length - before).toBeLessThan(80);
      const left = await server.etcdctl("get", "--prefix", "--print-value-only", ward.prefix);
      if (typeof key === "string" && !key.startsWith("hint/")) expect(left).toContain("theirs");
    },
    60_000,
  );

  test.each([
    "pool/",
    "pool/blue",
    "pool/blue,40a000000/028,40a000001,40a00000e,on,more",
    "pool/漢",
  ])(
    "%j is named by usage() of all pools, and by nothing else",
    async (key) => {
      await admitSome();
      await putRaw(ward, key, '{"v":1,"allowed":[]}');
      expect(texts(await admit(ward, "third"))).toEqual(["10.0.0.3"]);
      const error = await errorOf(ward.store.usage());
      expect(error).toStartWith("store-damaged ");
      expect(error).toContain(`${ward.prefix}pool/`);
      expect(error).toContain("etcdctl");
    },
    60_000,
  );

  test("of an owner who is not there any more is an orphan that is given to nobody, and named", async () => {
    await admitSome();
    const { prefix } = ward;
    await server.etcdctl("del", `${prefix}owner/n1,blue,eth0,second`);
    expect(texts(await admit(ward, "third"))).toEqual(["10.0.0.3"]);
    const { pods, error } = await listed(ward);
    expect(pods).toEqual(["first", "third"]);
    expect(error).toContain(`${prefix}address/blue,,40a000002`);
    expect(await fillUp(ward)).toEqual([11, expect.stringContaining("full 0: 14 held")]);
    // As the error says.
    await server.etcdctl("del", `${prefix}address/blue,,40a000002`);
    expect(texts(await admit(ward, "fourth"))).toEqual(["10.0.0.2"]);
    expect(await textAt(ward, "address/blue,,40a000002")).toContain("fourth");
  }, 60_000);
});
