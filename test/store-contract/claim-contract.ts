/** Claims: uniqueness, all or nothing, conditions, choice of the lowest. */
import { expect, test } from "bun:test";
import { formatAddress } from "../../src/core/address.ts";
import type { Subject } from "./subject.ts";
import {
  claim,
  claimed,
  describeResult,
  exact,
  holding,
  listingLines,
  lowest,
  owner,
  range,
  texts,
} from "./fixtures.ts";

/** Defines the tests of `claim()` and `find()`. */
export function claimContract(subject: Subject): void {
  test("gives as many concurrent claims as a range has addresses, through several handles, one each", async () => {
    const { store, another } = subject();
    const handles = [store, await another(), await another()];
    const results = await Promise.all(
      Array.from({ length: 62 }, (_, index) =>
        (handles[index % 3] ?? store).claim(claim(owner(`p${index}`), [lowest("10.0.0.0/26")])),
      ),
    );
    const addresses = results.flatMap((result) =>
      result.kind === "claimed" ? texts(result.allocation) : [describeResult(result)],
    );
    const wanted = Array.from({ length: 62 }, (_, index) => `10.0.0.${index + 1}`);
    expect(addresses.toSorted()).toEqual(wanted.toSorted());
  });

  test("lets one of many concurrent claims for one owner through", async () => {
    const { store, another } = subject();
    const second = await another();
    const results = await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        (index % 2 === 0 ? store : second).claim(claim(owner("p"), [lowest("10.0.0.0/24")])),
      ),
    );
    expect(results.filter(({ kind }) => kind === "claimed")).toHaveLength(1);
    expect(results.filter(({ kind }) => kind === "changed")).toHaveLength(9);
    expect(await listingLines(store)).toEqual(["blue 10.0.0.1 of 10.0.0.0/24 by p"]);
  });

  test("find() gives what claim() gave, in the order of the wants, to every handle", async () => {
    const { store, another } = subject();
    const allocation = await claimed(
      store,
      owner("p"),
      [lowest("fd00::/64"), exact("10.0.0.9", "10.0.0.0/24"), lowest("10.0.0.0/24")],
      undefined,
      {
        moment: { bootId: "b1", monotonicUs: 4_503_599_627_370_497 },
        netns: { path: "/run/netns/a", namespace: "4:4026532200", seenFrom: "24:1" },
        name: "net",
        podNamespace: "ns",
        podName: "web-0",
        reuseDelaySeconds: 7,
      },
    );
    expect(texts(allocation)).toEqual(["fd00::1", "10.0.0.9", "10.0.0.1"]);
    expect(await store.find(owner("p"))).toEqual(allocation);
    expect(await (await another()).find(owner("p"))).toEqual(allocation);
  });

  test("find() tells owners apart that differ in one part", async () => {
    const { store } = subject();
    await claimed(store, owner("p"), [lowest("10.0.0.0/24")]);
    for (const parts of [
      { network: "red" },
      { node: "n2" },
      { interfaceName: "eth1" },
      { pod: "q" },
    ])
      expect(await store.find({ ...owner("p"), ...parts })).toBeUndefined();
  });

  test("confirming what is held keeps the addresses and gives a higher sequence", async () => {
    const { store } = subject();
    const before = await claimed(store, owner("p"), [lowest("10.0.0.0/24")]);
    const wants = [exact("10.0.0.1", "10.0.0.0/24")];
    const after = await claimed(store, owner("p"), wants, before.sequence, { attempt: "a2" });
    expect(texts(after)).toEqual(["10.0.0.1"]);
    expect(after.sequence).toBeGreaterThan(before.sequence);
    expect((await store.find(owner("p")))?.attempt).toBe("a2");
  });

  test("changes nothing if the allocation is not the expected one", async () => {
    const { store } = subject();
    const held = await claimed(store, owner("p"), [lowest("10.0.0.0/24")]);
    for (const expected of [undefined, held.sequence - 1, held.sequence + 1]) {
      const result = await store.claim(claim(owner("p"), [lowest("10.1.0.0/24")], expected));
      expect(result.kind).toBe("changed");
    }
    expect((await store.claim(claim(owner("q"), [lowest("10.0.0.0/24")], 1))).kind).toBe("changed");
    expect(await store.find(owner("p"))).toEqual(held);
    expect(await store.find(owner("q"))).toBeUndefined();
  });

  test("never gives a sequence twice, not after a release either", async () => {
    const { store } = subject();
    const seen: number[] = [];
    for (const pod of ["p", "q", "p"]) {
      const { sequence } = await claimed(store, owner(pod), [lowest("10.0.0.0/24")]);
      seen.push(sequence);
      await store.release(owner(pod), { expected: sequence, restSeconds: 0 });
    }
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
    expect(new Set(seen).size).toBe(3);
  });

  test("says who holds a wanted address, and keeps nothing", async () => {
    const { store } = subject();
    const holder = await claimed(store, owner("p"), [exact("10.0.0.5", "10.0.0.0/24")]);
    const wants = [lowest("10.0.0.0/24"), exact("10.0.0.5", "10.0.0.0/24")];
    const result = await store.claim(claim(owner("q"), wants));
    expect(result).toMatchObject({ kind: "taken", want: 1, conflict: { holder } });
    expect(await store.find(owner("q"))).toBeUndefined();
    expect(await listingLines(store)).toEqual(["blue 10.0.0.5 of 10.0.0.0/24 by p"]);
  });

  test("takes none of several addresses if a later range is full", async () => {
    const { store } = subject();
    await claimed(store, owner("p"), [lowest("10.1.0.0/32")]);
    const wants = [lowest("10.0.0.0/24"), exact("10.0.0.9", "10.0.0.0/24"), lowest("10.1.0.0/32")];
    const result = await store.claim(claim(owner("q"), wants));
    expect(describeResult(result)).toBe("full 2: 1 held, 0 resting until undefined");
    expect(await listingLines(store)).toEqual(["blue 10.1.0.0 of 10.1.0.0/32 by p"]);
    expect(texts(await claimed(store, owner("r"), [lowest("10.0.0.0/24")]))).toEqual(["10.0.0.1"]);
  });

  test("leaves what the owner holds alone if an exchange fails", async () => {
    const { store } = subject();
    const held = await claimed(store, owner("p"), [lowest("10.0.0.0/24")]);
    await claimed(store, owner("q"), [lowest("10.1.0.0/32")]);
    const full = await store.claim(claim(owner("p"), [lowest("10.1.0.0/32")], held.sequence));
    expect(full.kind).toBe("full");
    const taken = await store.claim(
      claim(owner("p"), [exact("10.1.0.0", "10.1.0.0/32")], held.sequence),
    );
    expect(taken.kind).toBe("taken");
    expect(await store.find(owner("p"))).toEqual(held);
  });

  test("exchanges addresses in one step: keeps, releases and adds", async () => {
    const { store } = subject();
    const held = await claimed(store, owner("p"), [lowest("10.0.0.0/24"), lowest("10.1.0.0/24")]);
    const wants = [exact("10.1.0.1", "10.1.0.0/24"), lowest("10.2.0.0/24")];
    const after = await claimed(store, owner("p"), wants, held.sequence);
    expect(texts(after)).toEqual(["10.1.0.1", "10.2.0.1"]);
    expect(texts(await claimed(store, owner("q"), [lowest("10.0.0.0/24")]))).toEqual(["10.0.0.1"]);
  });

  test("lets an owner exchange its address in a full range for the same one", async () => {
    const { store } = subject();
    const held = await claimed(store, owner("p"), [lowest("10.0.0.0/32")]);
    const after = await claimed(store, owner("p"), [lowest("10.0.0.0/32")], held.sequence);
    expect(texts(after)).toEqual(["10.0.0.0"]);
  });

  test("lets an owner have its address under another prefix or setting", async () => {
    const { store } = subject();
    let { sequence } = await claimed(store, owner("p"), [exact("10.0.0.5", "10.0.0.0/24")]);
    for (const want of [
      exact("10.0.0.5", "10.0.0.0/16"),
      exact("10.0.0.5", "10.0.0.0/16", false),
      exact("10.0.0.5", "10.0.0.0/24"),
    ]) {
      const after = await claimed(store, owner("p"), [want], sequence, { reuseDelaySeconds: 60 });
      sequence = after.sequence;
    }
    expect((await store.find(owner("p")))?.holdings).toEqual([holding("10.0.0.5", "10.0.0.0/24")]);
  });

  test("gives two wants of one claim different addresses where their ranges overlap", async () => {
    const { store } = subject();
    const wants = [
      lowest("10.0.0.0/24"),
      exact("10.0.0.2", "10.0.0.0/24"),
      lowest("10.0.0.0/16"),
      lowest("10.0.0.0/24"),
    ];
    const allocation = await claimed(store, owner("p"), wants);
    expect(texts(allocation)).toEqual(["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"]);
  });

  test("reports two wants of one claim for one address as taken, without a holder", async () => {
    const { store } = subject();
    const wants = [exact("10.0.0.2", "10.0.0.0/24"), exact("10.0.0.2", "10.0.0.0/16")];
    const result = await store.claim(claim(owner("p"), wants));
    expect(result).toMatchObject({ kind: "taken", want: 1 });
    if (result.kind === "taken") expect(result.conflict.holder).toBeUndefined();
  });

  test("takes the lowest where holdings are fragmented", async () => {
    const { store } = subject();
    for (const last of [1, 2, 3, 5, 6, 9, 10, 12])
      await claimed(store, owner(`h${last}`), [exact(`10.0.0.${last}`, "10.0.0.0/24")]);
    const got: string[] = [];
    for (const pod of ["a", "b", "c", "d", "e", "f"])
      got.push(...texts(await claimed(store, owner(pod), [lowest("10.0.0.0/24")])));
    expect(got).toEqual(["4", "7", "8", "11", "13", "14"].map((last) => `10.0.0.${last}`));
    const middle = await store.find(owner("h9"));
    await store.release(owner("h9"), { expected: middle?.sequence ?? 0, restSeconds: 0 });
    expect(texts(await claimed(store, owner("g"), [lowest("10.0.0.0/24")]))).toEqual(["10.0.0.9"]);
  });

  test("gives out neither exclusions nor what is out of bounds, and the rest in full", async () => {
    const { store } = subject();
    const small = range("10.0.0.0/24", {
      start: "10.0.0.2",
      end: "10.0.0.9",
      exclude: ["10.0.0.3-10.0.0.4", "10.0.0.7"],
      gateway: "10.0.0.9",
    });
    const got: string[] = [];
    for (const pod of ["a", "b", "c", "d"])
      got.push(...texts(await claimed(store, owner(pod), [lowest(small)])));
    expect(got).toEqual(["10.0.0.2", "10.0.0.5", "10.0.0.6", "10.0.0.8"]);
    const full = await store.claim(claim(owner("e"), [lowest(small)]));
    expect(describeResult(full)).toBe("full 0: 4 held, 0 resting until undefined");
  });

  const whole: readonly [string, readonly string[]][] = [
    ["10.0.0.4/31", ["10.0.0.4", "10.0.0.5"]],
    ["10.0.0.4/32", ["10.0.0.4"]],
    ["255.255.255.254/31", ["255.255.255.254", "255.255.255.255"]],
    ["0.0.0.0/31", ["0.0.0.0", "0.0.0.1"]],
    ["10.0.0.4/30", ["10.0.0.5", "10.0.0.6"]],
    ["fd00::/127", ["fd00::", "fd00::1"]],
    ["fd00::8/126", ["fd00::9", "fd00::a", "fd00::b"]],
    ["::/127", ["::", "::1"]],
    [
      "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe/127",
      ["ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"],
    ],
  ];
  test.each(whole)("uses %s in full, and frees it again", async (prefix, addresses) => {
    const { store } = subject();
    for (const round of [1, 2]) {
      for (const expected of addresses)
        expect(texts(await claimed(store, owner(expected), [lowest(prefix)]))).toEqual([expected]);
      const full = await store.claim(claim(owner("late"), [lowest(prefix)]));
      expect(full.kind).toBe("full");
      for (const pod of round === 1 ? addresses : addresses.toReversed()) {
        const expected = (await store.find(owner(pod)))?.sequence ?? 0;
        expect(await store.release(owner(pod), { expected, restSeconds: 0 })).toBe("released");
      }
    }
    expect(await listingLines(store)).toEqual([]);
  });

  test("finds the lowest free address of an IPv6 /64 and of 10.0.0.0/8 at once", async () => {
    const { store } = subject();
    for (const index of [1, 2, 3]) {
      const allocation = await claimed(store, owner(`p${index}`), [
        lowest("fd00::/64"),
        lowest("10.0.0.0/8"),
      ]);
      expect(texts(allocation)).toEqual([`fd00::${index}`, `10.0.0.${index}`]);
    }
    const high = await claimed(store, owner("h"), [
      exact("fd00::ffff:ffff:ffff:ffff", "fd00::/64"),
    ]);
    expect(high.holdings.map((held) => formatAddress(held.address))).toEqual([
      "fd00::ffff:ffff:ffff:ffff",
    ]);
  });

  test("an owner may hold no address at all", async () => {
    const { store } = subject();
    const held = await claimed(store, owner("p"), []);
    expect(await store.find(owner("p"))).toEqual(held);
    expect(await store.release(owner("p"), { expected: held.sequence, restSeconds: 0 })).toBe(
      "released",
    );
  });
}
