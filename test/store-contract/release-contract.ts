/** Releases and their conditions. */
import { expect, test } from "bun:test";
import type { Subject } from "./subject.ts";
import { claim, claimed, exact, listingLines, lowest, owner, texts } from "./fixtures.ts";

const inBoot = (bootId: string) => ({ moment: { bootId, monotonicUs: 1 } });

/** Defines the tests of `release()`. */
export function releaseContract(subject: Subject): void {
  test("frees all addresses of the owner, and nobody else's", async () => {
    const { store } = subject();
    const wants = [lowest("10.0.0.0/24"), lowest("fd00::/64")];
    const { sequence } = await claimed(store, owner("p"), wants);
    await claimed(store, owner("p", { interfaceName: "eth1" }), wants);
    expect(await store.release(owner("p"), { expected: sequence, restSeconds: 0 })).toBe(
      "released",
    );
    expect(await store.find(owner("p"))).toBeUndefined();
    expect(await listingLines(store)).toEqual([
      "blue 10.0.0.2 of 10.0.0.0/24 by p",
      "blue fd00::2 of fd00::/64 by p",
    ]);
    expect(texts(await claimed(store, owner("q"), wants))).toEqual(["10.0.0.1", "fd00::1"]);
  });

  test("of an owner without an allocation is `changed`", async () => {
    const { store } = subject();
    expect(await store.release(owner("p"), { expected: 1, restSeconds: 0 })).toBe("changed");
  });

  test("with another sequence changes nothing", async () => {
    const { store } = subject();
    const held = await claimed(store, owner("p"), [lowest("10.0.0.0/24")]);
    for (const expected of [held.sequence - 1, held.sequence + 1])
      expect(await store.release(owner("p"), { expected, restSeconds: 0 })).toBe("changed");
    expect(await store.find(owner("p"))).toEqual(held);
  });

  test("that comes late does not free what was claimed again (ABA)", async () => {
    const { store } = subject();
    const first = await claimed(store, owner("p"), [lowest("10.0.0.0/24")]);
    await store.release(owner("p"), { expected: first.sequence, restSeconds: 0 });
    const again = await claimed(store, owner("p"), [lowest("10.0.0.0/24")]);
    const late = { expected: first.sequence, restSeconds: 0 };
    expect(await store.release(owner("p"), late)).toBe("changed");
    expect(await store.find(owner("p"))).toEqual(again);
    const stale = claim(owner("p"), [exact("10.0.0.1", "10.0.0.0/24")], first.sequence);
    expect((await store.claim(stale)).kind).toBe("changed");
  });

  test("lets one of many concurrent ones through", async () => {
    const { store, another } = subject();
    const second = await another();
    const { sequence } = await claimed(store, owner("p"), [lowest("10.0.0.0/24")]);
    const results = await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        (index % 2 === 0 ? store : second).release(owner("p"), {
          expected: sequence,
          restSeconds: 0,
        }),
      ),
    );
    expect(results.filter((result) => result === "released")).toHaveLength(1);
  });

  test("holds to the node's registration, which the last claim with a moment wrote", async () => {
    const { store } = subject();
    const prefix = "10.0.0.0/24";
    const { sequence } = await claimed(
      store,
      owner("p"),
      [lowest(prefix)],
      undefined,
      inBoot("b1"),
    );
    const releaseAs = (bootId: string, node = "n1") =>
      store.release(owner("p"), {
        expected: sequence,
        restSeconds: 0,
        registration: { node, bootId },
      });
    expect(await releaseAs("b2")).toBe("changed");
    expect(await releaseAs("b1", "n2")).toBe("changed");
    await claimed(store, owner("q"), [lowest(prefix)], undefined, inBoot("b2"));
    expect(await releaseAs("b1")).toBe("changed");
    await claimed(store, owner("r"), [lowest(prefix)]);
    await claimed(store, owner("s", { node: "n2" }), [lowest(prefix)], undefined, inBoot("b3"));
    expect(await releaseAs("b2")).toBe("released");
  });

  const failing = [
    ["changed", claim(owner("p"), [], 999, inBoot("b2"))],
    ["taken", claim(owner("q"), [exact("10.0.0.1", "10.0.0.0/24")], undefined, inBoot("b2"))],
    ["full", claim(owner("q"), [lowest("10.0.0.1/32")], undefined, inBoot("b2"))],
  ] as const;
  test.each(failing)("sees the registration of a claim that ended as %s", async (kind, failed) => {
    const { store } = subject();
    const { sequence } = await claimed(
      store,
      owner("p"),
      [exact("10.0.0.1", "10.0.0.0/24")],
      undefined,
      inBoot("b1"),
    );
    expect((await store.claim(failed)).kind).toBe(kind);
    const condition = { expected: sequence, restSeconds: 0 };
    const registered = (bootId: string) => ({ ...condition, registration: { node: "n1", bootId } });
    expect(await store.release(owner("p"), registered("b1"))).toBe("changed");
    expect(await store.release(owner("p"), registered("b2"))).toBe("released");
  });
}
