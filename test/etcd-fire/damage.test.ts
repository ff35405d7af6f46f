/** Bad values in our own keys: who meets one is told which, all others go on, and nothing is given out. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { formatAddress } from "../../src/core/address.ts";
import { stopProxies } from "../etcd/fault-proxy.ts";
import type { EtcdMember } from "../etcd/member.ts";
import { removeServers } from "../etcd/member.ts";
import { etcd } from "../etcd/requirements.ts";
import { startEtcd } from "../etcd/server.ts";
import { describeWith } from "../skip.ts";
import {
  claim,
  describeResult,
  exact,
  lowest,
  owner,
  range,
  texts,
} from "../store-contract/fixtures.ts";
import type { Ward } from "./damage.ts";
import {
  RANGE,
  admit,
  damagesOf,
  errorOf,
  fillUp,
  keyLike,
  listed,
  openWard,
  putRaw,
  textAt,
} from "./damage.ts";

const ADDRESS_2 = "address/blue,,40a000002";
const VICTIM = "owner/n1,blue,eth0,victim";
const POOL = { network: "blue", overlapping: true, range: range(RANGE) };
const HOUR = 3600;

describeWith(etcd("oldest"), "a value that is", () => {
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
    for (const pod of ["first", "victim", "third"]) await admit(ward, pod);
  }, 60_000);

  async function usage(): Promise<string> {
    const [one] = await ward.store.usage([POOL]);
    const { held, resting, lowestFree } = one ?? {};
    return `${held} ${resting} ${lowestFree && formatAddress(lowestFree)}`;
  }

  /** Neighbours of the damage are found, added and released as ever, in few requests. */
  async function expectOthersGoOn(next = "10.0.0.4"): Promise<void> {
    const { store, proxy } = ward;
    const before = proxy.requests.length;
    const first = await store.find(owner("first"));
    expect(first && texts(first)).toEqual(["10.0.0.1"]);
    expect(texts(await admit(ward, "fourth"))).toEqual([next]);
    const third = await store.find(owner("third"));
    const release = { expected: third?.sequence ?? 0, restSeconds: 0 };
    expect(await store.release(owner("third"), release)).toBe("released");
    expect(texts(await admit(ward, "third"))).toEqual(["10.0.0.3"]);
    expect(proxy.requests.length - before).toBeLessThan(12);
  }

  /** All that is left is given, and no more; `count` pods fit. */
  async function expectFullAfter(count: number): Promise<void> {
    const before = ward.proxy.requests.length;
    const [came, why] = await fillUp(ward);
    expect(why).toStartWith("full 0");
    expect(came).toBe(count);
    expect(ward.proxy.requests.length - before).toBeLessThan(6 * count + 12);
  }

  async function wantOf2(): Promise<unknown> {
    return await ward.store.claim(claim(owner("thief"), [exact("10.0.0.2", RANGE)]));
  }

  const names = damagesOf("").map(([name]) => name);

  /** Damages a key in the way of that name. */
  async function damage(key: string, name: string): Promise<void> {
    const value = await textAt(ward, key);
    expect(value).toContain('"v":1');
    const bad = damagesOf(value).find(([one]) => one === name)?.[1] ?? "";
    await putRaw(ward, key, bad);
  }

  describe.each(names)("%s", (name) => {
    test("in an owner's record stops that owner alone", async () => {
      const { store, prefix } = ward;
      const sequence = (await store.find(owner("victim")))?.sequence ?? 0;
      await damage(VICTIM, name);
      await expectOthersGoOn();
      expect(await usage()).toBe("4 0 10.0.0.5");
      for (const call of [
        async () => await store.find(owner("victim")),
        async () => await store.claim(claim(owner("victim"), [lowest(RANGE)], sequence)),
        async () => await store.release(owner("victim"), { expected: sequence, restSeconds: 0 }),
        wantOf2,
      ]) {
        const error = await errorOf(call());
        expect(error).toStartWith("store-damaged ");
        expect(error).toContain(`${prefix}${VICTIM}`);
        expect(error).toContain("etcdctl");
      }
      for (const filter of [{}, { node: "n1" }, { network: "blue" }]) {
        const { pods, error } = await listed(ward, filter);
        expect(pods).toEqual(["first", "third", "fourth"]);
        expect(error).toContain(`${prefix}${VICTIM}`);
      }
      await expectFullAfter(10);
    }, 60_000);

    test("in an address's key keeps that address from everybody, and no other", async () => {
      const { store, prefix } = ward;
      await damage(ADDRESS_2, name);
      await expectOthersGoOn();
      expect(await usage()).toBe("4 0 10.0.0.5");
      const error = await errorOf(wantOf2());
      expect(error).toStartWith("store-damaged ");
      expect(error).toContain(`${prefix}${ADDRESS_2}`);
      expect(error).toContain("etcdctl");
      const all = await listed(ward);
      expect(all.pods).toEqual(["first", "third", "fourth"]);
      expect(all.error).toContain(`${prefix}${ADDRESS_2}`);
      await expectFullAfter(10);
      // Its owner's record vouches for it: the owner has it again, and its DEL mends everything.
      const victim = await store.find(owner("victim"));
      const again = claim(owner("victim"), [exact("10.0.0.2", RANGE)], victim?.sequence);
      expect(describeResult(await store.claim(again))).toBe("claimed 10.0.0.2");
      const expected = (await store.find(owner("victim")))?.sequence ?? 0;
      expect(await store.release(owner("victim"), { expected, restSeconds: 0 })).toBe("released");
      expect((await listed(ward)).error).toBeUndefined();
      expect(texts(await admit(ward, "victim"))).toEqual(["10.0.0.2"]);
    }, 60_000);

    test("in a rest's key costs nobody an address", async () => {
      const { store } = ward;
      const expected = (await store.find(owner("victim")))?.sequence ?? 0;
      await store.release(owner("victim"), { expected, restSeconds: HOUR });
      await damage("rest/blue,,40a000002", name);
      await expectOthersGoOn();
      await expectFullAfter(10);
      expect((await listed(ward)).pods).toHaveLength(14);
      expect((await listed(ward, { node: "n1" })).pods.length).toBeGreaterThanOrEqual(13);
      expect(texts(await admit(ward, "victim"))).toEqual(["10.0.0.2"]);
    }, 60_000);

    test("in a pool's key is mended by the next claim", async () => {
      const key = await keyLike(ward, "pool/");
      await damage(key, name);
      expect(await errorOf(ward.store.usage())).toContain(`${ward.prefix}${key}`);
      expect(await usage()).toBe("3 0 10.0.0.4");
      await expectOthersGoOn();
      expect(await ward.store.usage()).toHaveLength(1);
    }, 60_000);

    test("in a hint costs nothing but order, and is mended by the next claim", async () => {
      const key = await keyLike(ward, "hint/");
      await damage(key, name);
      await expectOthersGoOn();
      expect(await textAt(ward, key)).toStartWith('{"v":1,"free":["40a000005-');
      await expectFullAfter(10);
    }, 60_000);

    test("in a node's key is mended by the next claim, and proves nobody dead before", async () => {
      const { store } = ward;
      await store.register({ node: "n1", bootId: "b1" });
      await damage("node/n1", name);
      const expected = (await store.find(owner("victim")))?.sequence ?? 0;
      const registration = { node: "n1", bootId: "b1" };
      const result = await store.release(owner("victim"), {
        expected,
        restSeconds: 0,
        registration,
      });
      expect(result).toBe("changed");
      await expectOthersGoOn();
      const moment = { bootId: "b1", monotonicUs: 1 };
      await store.claim(claim(owner("fifth"), [lowest(RANGE)], undefined, { moment }));
      expect(await textAt(ward, "node/n1")).toContain('"boot":"b1"');
    }, 60_000);
  });
});
