/** Hints are only hints: whatever is wrong with one costs order for a while, and never an address. */
import { afterAll, beforeAll, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import type { Owner } from "../../src/core/allocation.ts";
import { formatAddress } from "../../src/core/address.ts";
import type { Store } from "../../src/store/store.ts";
import { parseHint } from "../../src/store/etcd/hint.ts";
import { openEtcdStore } from "../../src/store/etcd/etcd-store.ts";
import type { EtcdMember } from "../etcd/member.ts";
import { removeServers } from "../etcd/member.ts";
import { etcd } from "../etcd/requirements.ts";
import { startEtcd } from "../etcd/server.ts";
import { describeWith } from "../skip.ts";
import {
  claim,
  claimed,
  describeResult,
  exact,
  lowest,
  owner,
  range,
  texts,
} from "../store-contract/fixtures.ts";

setDefaultTimeout(60_000);

const RANGE = "10.0.0.0/16";
const MINUTES_MS = 60_000;

describeWith(etcd("oldest"), "the order of addresses", () => {
  let server: EtcdMember | undefined;
  let store: Store;
  let prefix = "";
  let nowMs = 1_800_000_000_000;
  let count = 0;

  const open = (): Store =>
    openEtcdStore({
      endpoints: [server?.endpoint ?? ""],
      prefix,
      leftMs: () => 30_000,
      now: () => nowMs,
    });
  const etcdctl = async (...args: string[]): Promise<string> =>
    (await server?.etcdctl(...args)) ?? "";
  const hints = async (): Promise<readonly string[]> =>
    (await etcdctl("get", "--prefix", "--keys-only", `${prefix}hint/`)).split("\n").filter(Boolean);
  const next = async (pod: string, of = RANGE): Promise<string> =>
    texts(await claimed(store, owner(pod), [lowest(of)])).join();
  const release = async (who: Owner, restSeconds = 0): Promise<void> => {
    const { sequence = 0 } = (await store.find(who)) ?? {};
    expect(await store.release(who, { expected: sequence, restSeconds })).toBe("released");
  };
  /** Gives the lowest addresses to `p1` to `pN`. */
  const fill = async (size: number): Promise<void> => {
    for (let index = 1; index <= size; index++) await next(`p${index}`);
  };

  beforeAll(async () => {
    server = await startEtcd();
  });
  beforeEach(() => {
    prefix = `/order/${++count}/`;
    nowMs = 1_800_000_000_000;
    store = open();
  });
  afterAll(removeServers);

  test("a release of a low address is had again, and then what was next before, without a walk", async () => {
    await fill(30);
    await release(owner("p3"));
    await release(owner("p17"));
    expect([await next("a"), await next("b"), await next("c")]).toEqual([
      "10.0.0.3",
      "10.0.0.17",
      "10.0.0.31",
    ]);
  });

  test("a release between the read and the claim of another is not forgotten", async () => {
    await fill(10);
    const other = open();
    // The claim of `late` has read its hint when the release comes.
    await other.find(owner("late"));
    await release(owner("p4"));
    const result = await other.claim(claim(owner("late"), [lowest(RANGE)]));
    expect(describeResult(result)).toBe("claimed 10.0.0.11");
    expect(await next("a")).toBe("10.0.0.4");
    expect(await next("b")).toBe("10.0.0.12");
  });

  test("a claim between the read and the release of another does not hide what is released", async () => {
    await fill(10);
    const other = open();
    const { sequence = 0 } = (await other.find(owner("p4"))) ?? {};
    expect(await next("a")).toBe("10.0.0.11");
    expect(await other.release(owner("p4"), { expected: sequence, restSeconds: 0 })).toBe(
      "released",
    );
    expect(await next("b")).toBe("10.0.0.4");
  });

  test("a rest that is over is had at once, and those that are not are passed over", async () => {
    await fill(10);
    await release(owner("p2"), 60);
    await release(owner("p5"), 10);
    expect(await next("a")).toBe("10.0.0.11");
    nowMs += 10_000;
    expect(await next("b")).toBe("10.0.0.5");
    expect(await next("c")).toBe("10.0.0.12");
    nowMs += 50_000;
    expect(await next("d")).toBe("10.0.0.2");
    expect(await next("e")).toBe("10.0.0.13");
  });

  test("a release tells every one of 100 ranges of its network", async () => {
    const ranges = Array.from({ length: 100 }, (_, index) =>
      range(RANGE, { start: "10.0.0.1", end: `10.0.200.${index + 1}` }),
    );
    for (const [index, of] of ranges.entries())
      await claimed(store, owner(`p${index + 1}`), [lowest(of)]);
    expect((await hints()).length).toBe(100);
    await release(owner("p50"));
    // Whichever is asked, it knows: no hint says that the address is held.
    const values = await etcdctl("get", "--prefix", "--print-value-only", `${prefix}hint/`);
    const told = values.split("\n").filter((value) => {
      const { runs } = parseHint(value, { first: 0n, last: 0n });
      return runs.some(({ first, last }) => first <= 0x0a00_0032n && last >= 0x0a00_0032n);
    });
    expect(told).toHaveLength(100);
    const got = await claimed(store, owner("a"), [lowest(ranges[77] ?? RANGE)]);
    expect(formatAddress(got.holdings[0]?.address ?? { family: 4, value: 0n })).toBe("10.0.0.50");
  });

  test("a hint that was deleted costs a walk", async () => {
    await fill(40);
    await release(owner("p20"));
    await etcdctl("del", "--prefix", `${prefix}hint/`);
    expect([await next("a"), await next("b")]).toEqual(["10.0.0.20", "10.0.0.41"]);
  });

  const corruptions: readonly (readonly [string, string])[] = [
    ["nothing", ""],
    ["no JSON", "{"],
    ["another version", '{"v":2,"free":[],"verified":1}'],
    ["that all is held", '{"v":1,"free":[],"verified":1800000000000}'],
  ];
  test.each(corruptions)("a hint that says %s is put right at once", async (_, value) => {
    await fill(20);
    await release(owner("p7"));
    const [key = ""] = await hints();
    await etcdctl("put", key, value);
    expect([await next("a"), await next("b")]).toEqual(["10.0.0.7", "10.0.0.21"]);
  });

  test("a hint that hides low addresses is verified after ten minutes, piece by piece", async () => {
    await fill(20);
    await release(owner("p7"));
    const [key = ""] = await hints();
    const wrong = `{"v":1,"free":["40a000015-40a00fffe"],"verified":${nowMs}}`;
    await etcdctl("put", key, wrong);
    expect(await next("a")).toBe("10.0.0.21");
    nowMs += 10 * MINUTES_MS;
    // This call verifies, and the next one knows.
    expect(await next("b")).toBe("10.0.0.22");
    expect([await next("c"), await next("d")]).toEqual(["10.0.0.7", "10.0.0.23"]);
  });

  test("takes as many calls to verify as there are pieces", async () => {
    await next("first");
    const [key = ""] = await hints();
    // All but the last addresses are said to be held, which none of them is.
    const wrong = `{"v":1,"free":["40a00ff00-40a00fffe"],"verified":${nowMs - 11 * MINUTES_MS}}`;
    await etcdctl("put", key, wrong);
    const got: string[] = [];
    for (let index = 0; index < 3; index++) got.push(await next(`p${index}`));
    expect(got).toEqual(["10.0.255.0", "10.0.0.2", "10.0.0.3"]);
  });

  test("never says full where a hint says so and the range is not", async () => {
    const small = "10.9.0.0/29";
    for (const pod of ["a", "b", "c", "d", "e"]) await next(pod, small);
    const [key = ""] = await hints();
    await etcdctl("put", key, `{"v":1,"free":[],"verified":${nowMs}}`);
    expect(await next("f", small)).toBe("10.9.0.6");
    const full = await store.claim(claim(owner("g"), [lowest(small)]));
    expect(describeResult(full)).toBe("full 0: 6 held, 0 resting until undefined");
  });

  test("overlapping and nested ranges of one network are one domain, and each knows what the other frees", async () => {
    expect(await next("a", "10.1.0.0/16")).toBe("10.1.0.1");
    expect(await next("b", "10.1.0.0/24")).toBe("10.1.0.2");
    expect(await next("c", "10.1.0.0/28")).toBe("10.1.0.3");
    await claimed(store, owner("d"), [exact("10.1.0.4", "10.1.0.0/20")]);
    await release(owner("b"));
    expect(await next("e", "10.1.0.0/28")).toBe("10.1.0.2");
    expect(await next("f", "10.1.0.0/16")).toBe("10.1.0.5");
    await release(owner("d"));
    expect(await next("g", "10.1.0.0/24")).toBe("10.1.0.4");
  });
});
