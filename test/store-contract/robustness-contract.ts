/** Texts that users may write, and the ends of a store's life. */
import { expect, test } from "bun:test";
import type { Subject } from "./subject.ts";
import { claimed, listing, lowest, owner, texts } from "./fixtures.ts";

const HOSTILE = [
  "",
  "'; DROP TABLE owners; --",
  '"quoted" \\ and \\u0000',
  "nul \0 in the middle",
  "nul \0 in another middle",
  "\0",
  "line\nbreak\r\n\ttab",
  "\u{1f980} \u{1d11e}",
  "\ud800",
  "\udfff",
  "\ufffd",
  "a|b/c,d;e=f%g?h*i",
  "é",
  "e\u0301",
  "../../etc/passwd",
  "__proto__",
  "toString",
  " blank ",
  "x".repeat(5000),
] as const;

/** Defines the tests of hostile values, `register()` and `close()`. */
export function robustnessContract(subject: Subject): void {
  test("keeps hostile texts apart in every part of an owner, and gives them back", async () => {
    const { store } = subject();
    for (const text of HOSTILE) {
      for (const part of ["network", "node", "interfaceName", "pod"] as const) {
        const who = { ...owner("p"), [part]: text };
        if ((await store.find(who)) !== undefined)
          throw new Error(`Found before it was claimed: ${JSON.stringify(who)}`);
        const allocation = await claimed(store, who, [lowest("10.0.0.0/24")]);
        expect(await store.find(who)).toEqual(allocation);
        if (part === "network") {
          expect(texts(allocation)).toEqual(["10.0.0.1"]);
          expect(await listing(store, { network: text })).toHaveLength(1);
        } else if (part === "node") {
          const [line, ...more] = await listing(store, { node: text });
          expect(more).toEqual([]);
          expect(line).toMatchObject({ kind: "held", allocation });
        }
      }
    }
    expect(await store.usage()).toHaveLength(HOSTILE.length + 1);
  });

  test("keeps hostile texts in every part of a confirmation, and of a rest", async () => {
    const { store } = subject();
    for (const [index, text] of HOSTILE.entries()) {
      const who = owner(text, { node: text, interfaceName: text, network: `net${index}` });
      const allocation = await claimed(store, who, [lowest("10.0.0.0/24")], undefined, {
        containerId: text,
        attempt: text,
        moment: { bootId: text, monotonicUs: 5 },
        netns: { path: text, namespace: text, seenFrom: text },
        name: text,
        podNamespace: text,
        podName: text,
        confirmedAt: text,
      });
      expect(await store.find(who)).toEqual(allocation);
      expect(await listing(store, { name: text })).toHaveLength(1);
      const registration = { node: text, bootId: text };
      const condition = { expected: allocation.sequence, restSeconds: 9, registration };
      expect(await store.release(who, condition)).toBe("released");
      expect(await listing(store, { node: text })).toMatchObject([{ lastOwner: who }]);
      expect(texts(await claimed(store, who, [lowest("10.0.0.0/24")]))).toEqual(["10.0.0.1"]);
    }
  });

  test("register() writes and changes nothing", async () => {
    const { store } = subject();
    await store.register({ node: "n", bootId: "b" });
    await claimed(store, owner("p"), [lowest("10.0.0.0/24")]);
    await store.register({ node: "n", bootId: "b" });
    expect(await listing(store)).toHaveLength(1);
  });

  test("register() lets a release that hangs on the node's boot win or lose", async () => {
    const { store } = subject();
    const { sequence, owner: who } = await claimed(store, owner("p"), [lowest("10.0.0.0/24")]);
    const mine = { node: who.node, bootId: "mine" };
    const condition = { expected: sequence, restSeconds: 0, registration: mine };
    expect(await store.release(who, condition)).toBe("changed");
    await store.register({ ...mine, bootId: "another" });
    expect(await store.release(who, condition)).toBe("changed");
    await store.register(mine);
    expect(await store.release(who, condition)).toBe("released");
  });

  test("what was claimed is there after all handles are closed", async () => {
    const { store, another } = subject();
    const second = await another();
    const held = await claimed(second, owner("p"), [lowest("10.0.0.0/24")]);
    await second.close();
    await store.close();
    const third = await another();
    expect(await third.find(owner("p"))).toEqual(held);
  });

  test("a closed store refuses, and may be closed again", async () => {
    const { another } = subject();
    const second = await another();
    await second.close();
    await second.close();
    for (const call of [
      () => second.find(owner("p")),
      () => second.usage(),
      () => second.register({ node: "n", bootId: "b" }),
      () => listing(second),
      () => second.release(owner("p"), { expected: 1, restSeconds: 0 }),
    ]) {
      const failure = await call().then(
        () => undefined,
        (error: unknown) => error,
      );
      expect(failure).toMatchObject({ name: "WhereaboutsError", code: "store-unavailable" });
    }
  });
}
