/** How full pools are said to be. */
import { expect, test } from "bun:test";
import type { Pool } from "../../src/store/store.ts";
import type { Subject } from "./subject.ts";
import { START_MS } from "./subject.ts";
import { address, claim, claimed, exact, lowest, owner, range } from "./fixtures.ts";

const pool = (prefix: string, overlapping = true, network = "blue"): Pool => ({
  network,
  overlapping,
  range: range(prefix),
});

/** Defines the tests of `usage()`. */
export function usageContract(subject: Subject): void {
  test("counts what is held and what rests among the addresses that the range allows", async () => {
    const { store } = subject();
    const narrow = range("10.0.0.0/24", {
      start: "10.0.0.2",
      end: "10.0.0.9",
      exclude: ["10.0.0.5-10.0.0.6"],
    });
    for (const last of [1, 2, 3, 5, 9, 10])
      await claimed(store, owner(`h${last}`), [exact(`10.0.0.${last}`, "10.0.0.0/24")]);
    const { sequence } = await claimed(store, owner("r"), [exact("10.0.0.4", "10.0.0.0/24")]);
    await store.release(owner("r"), { expected: sequence, restSeconds: 60 });
    const asked = { network: "blue", overlapping: true, range: narrow };
    expect(await store.usage([asked])).toEqual([
      {
        pool: asked,
        held: 3n,
        resting: 1n,
        restsUntilMs: START_MS + 60_000,
        lowestFree: address("10.0.0.7"),
      },
    ]);
  });

  test("of an untouched pool is nothing, and lists it only if asked", async () => {
    const { store } = subject();
    const untouched = pool("fd00::/64");
    expect(await store.usage()).toEqual([]);
    expect(await store.usage([untouched])).toEqual([
      { pool: untouched, held: 0n, resting: 0n, lowestFree: address("fd00::1") },
    ]);
    expect(await store.usage([])).toEqual([]);
  });

  test("of a full pool has no lowest free address", async () => {
    const { store } = subject();
    await claimed(store, owner("p"), [lowest("10.0.0.0/32")]);
    expect(await store.usage()).toEqual([{ pool: pool("10.0.0.0/32"), held: 1n, resting: 0n }]);
  });

  test("counts by the rule of the domain", async () => {
    const { store } = subject();
    await claimed(store, owner("a"), [exact("10.0.0.1", "10.0.0.0/24")]);
    await claimed(store, owner("b"), [exact("10.0.0.2", "10.0.0.0/16")]);
    await claimed(store, owner("c"), [exact("10.0.0.3", "10.0.0.0/24", false)]);
    await claimed(store, owner("d"), [exact("10.0.0.4", "10.0.0.0/16", false)]);
    // Held by an overlapping range of /16 and, at once, by one of /24 that does not overlap: one address.
    await claimed(store, owner("e"), [exact("10.0.0.2", "10.0.0.0/24", false)]);
    const pools = [
      pool("10.0.0.0/24"),
      pool("10.0.0.0/16"),
      pool("10.0.0.0/24", false),
      pool("10.0.0.0/16", false),
      pool("10.0.0.0/8", false),
      pool("10.0.0.0/8"),
      pool("10.0.0.0/24", true, "red"),
    ];
    const held = (await store.usage(pools)).map((usage) => Number(usage.held));
    expect(held).toEqual([3, 3, 3, 2, 0, 2, 0]);
  });

  test("counts an address that is held and, by another record, rests as held", async () => {
    const { store } = subject();
    await claimed(store, owner("a"), [exact("10.0.0.1", "10.0.0.0/16")]);
    const { sequence } = await claimed(store, owner("b"), [
      exact("10.0.0.1", "10.0.0.0/24", false),
    ]);
    await store.release(owner("b"), { expected: sequence, restSeconds: 60 });
    const asked = pool("10.0.0.0/24");
    expect(await store.usage([asked])).toEqual([
      { pool: asked, held: 1n, resting: 0n, lowestFree: address("10.0.0.2") },
    ]);
  });

  test("knows all pools that were claimed from, in order, as they were claimed last", async () => {
    const { store, another } = subject();
    const excluding = range("10.0.0.0/24", { exclude: ["10.0.0.7"], gateway: "10.0.0.254" });
    await claimed(store, owner("p", { network: "red" }), [lowest("10.0.0.0/24")]);
    await claimed(store, owner("p"), [lowest("fd00::/64"), lowest("10.0.0.0/24")]);
    await claimed(store, owner("q"), [lowest(excluding), lowest("10.0.0.0/16", false)]);
    await claimed(store, owner("r"), [exact("10.9.0.1", "10.9.0.0/24")]);
    await store.claim(claim(owner("p"), [lowest("10.8.0.0/24")]));
    const { sequence } = await claimed(store, owner("s"), [lowest("10.7.0.0/24")]);
    await store.release(owner("s"), { expected: sequence, restSeconds: 0 });
    const usages = await (await another()).usage();
    expect(usages.map((usage) => usage.pool)).toEqual([
      pool("10.0.0.0/16", false),
      { ...pool("10.0.0.0/24"), range: excluding },
      pool("10.7.0.0/24"),
      pool("fd00::/64"),
      pool("10.0.0.0/24", true, "red"),
    ]);
    expect(usages.map((usage) => Number(usage.held))).toEqual([1, 2, 0, 1, 1]);
  });

  test("of a whole IPv4 and IPv6 address space is no matter of size", async () => {
    const { store } = subject();
    await claimed(store, owner("p"), [lowest("0.0.0.0/0"), lowest("::/0")]);
    expect(await store.usage()).toMatchObject([
      { held: 1n, lowestFree: address("0.0.0.2") },
      { held: 1n, lowestFree: address("::2") },
    ]);
  });
}
