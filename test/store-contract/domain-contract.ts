/** What excludes what: networks, overlapping ranges on and off, prefixes (design section 3, domain). */
import { expect, test } from "bun:test";
import type { Subject } from "./subject.ts";
import { claim, claimed, exact, listingLines, lowest, owner, texts } from "./fixtures.ts";

/** One address, asked for twice: by which prefix and setting, first and second, and whether that may be. */
const pairs: readonly [string, boolean, string, boolean, boolean][] = [
  ["10.0.0.0/24", true, "10.0.0.0/24", true, false],
  ["10.0.0.0/24", true, "10.0.0.0/16", true, false],
  ["10.0.0.0/24", true, "10.0.0.0/24", false, false],
  ["10.0.0.0/24", true, "10.0.0.0/16", false, true],
  ["10.0.0.0/24", false, "10.0.0.0/24", true, false],
  ["10.0.0.0/24", false, "10.0.0.0/16", true, true],
  ["10.0.0.0/24", false, "10.0.0.0/24", false, false],
  ["10.0.0.0/24", false, "10.0.0.0/16", false, true],
];

const setting = (overlapping: boolean) => (overlapping ? "on" : "off");

/** Defines the tests of domains. */
export function domainContract(subject: Subject): void {
  for (const [firstPrefix, firstOn, secondPrefix, secondOn, both] of pairs) {
    const title = `${firstPrefix} ${setting(firstOn)}, then ${secondPrefix} ${setting(secondOn)}`;

    test(`exact: ${title}`, async () => {
      const { store } = subject();
      await claimed(store, owner("p"), [exact("10.0.0.1", firstPrefix, firstOn)]);
      const wants = [exact("10.0.0.1", secondPrefix, secondOn)];
      const result = await store.claim(claim(owner("q"), wants));
      expect(result.kind).toBe(both ? "claimed" : "taken");
    });

    test(`lowest: ${title}`, async () => {
      const { store } = subject();
      await claimed(store, owner("p"), [lowest(firstPrefix, firstOn)]);
      const second = await claimed(store, owner("q"), [lowest(secondPrefix, secondOn)]);
      expect(texts(second)).toEqual([both ? "10.0.0.1" : "10.0.0.2"]);
    });

    test(`in one claim, which has no use for one address twice: ${title}`, async () => {
      const { store } = subject();
      const allocation = await claimed(store, owner("p"), [
        lowest(firstPrefix, firstOn),
        lowest(secondPrefix, secondOn),
      ]);
      expect(texts(allocation)).toEqual(["10.0.0.1", "10.0.0.2"]);
    });

    test(`at once: ${title}`, async () => {
      const { store, another } = subject();
      const other = await another();
      const results = await Promise.all([
        store.claim(claim(owner("p"), [exact("10.0.0.1", firstPrefix, firstOn)])),
        other.claim(claim(owner("q"), [exact("10.0.0.1", secondPrefix, secondOn)])),
      ]);
      expect(results.filter(({ kind }) => kind === "claimed")).toHaveLength(both ? 2 : 1);
    });

    test(`at rest: ${title}`, async () => {
      const { store } = subject();
      const { sequence } = await claimed(store, owner("p"), [lowest(firstPrefix, firstOn)]);
      await store.release(owner("p"), { expected: sequence, restSeconds: 60 });
      const second = await claimed(store, owner("q"), [lowest(secondPrefix, secondOn)]);
      expect(texts(second)).toEqual([both ? "10.0.0.1" : "10.0.0.2"]);
    });
  }

  test("with overlapping ranges off, each prefix gives out the same address, and frees its own only", async () => {
    const { store } = subject();
    const sequences: number[] = [];
    for (const [pod, prefix] of [
      ["a", "10.0.0.0/8"],
      ["b", "10.0.0.0/16"],
      ["c", "10.0.0.0/24"],
    ] as const) {
      const allocation = await claimed(store, owner(pod), [lowest(prefix, false)]);
      expect(texts(allocation)).toEqual(["10.0.0.1"]);
      sequences.push(allocation.sequence);
    }
    await store.release(owner("b"), { expected: sequences[1] ?? 0, restSeconds: 0 });
    expect(await listingLines(store)).toEqual([
      "blue 10.0.0.1 of 10.0.0.0/8 off by a",
      "blue 10.0.0.1 of 10.0.0.0/24 off by c",
    ]);
  });

  test("with both settings on one prefix, the lowest free one is free in both", async () => {
    const { store } = subject();
    const got: string[] = [];
    for (let index = 0; index < 6; index++) {
      const wants = [lowest("10.0.0.0/24", index % 2 === 0)];
      got.push(...texts(await claimed(store, owner(`p${index}`), wants)));
    }
    expect(got).toEqual([1, 2, 3, 4, 5, 6].map((last) => `10.0.0.${last}`));
  });

  test("nested ranges of one network never give out one address twice", async () => {
    const { store } = subject();
    const got: string[] = [];
    for (let index = 0; index < 12; index++) {
      const prefix = ["10.0.0.0/28", "10.0.0.0/24", "10.0.0.0/16"][index % 3] ?? "";
      got.push(...texts(await claimed(store, owner(`p${index}`), [lowest(prefix)])));
    }
    expect(new Set(got).size).toBe(12);
    expect(got.at(-1)).toBe("10.0.0.12");
  });

  test("networks have nothing to do with one another", async () => {
    const { store } = subject();
    for (const network of ["", "blue", "red"]) {
      const wants = [lowest("10.0.0.0/24"), exact("10.0.0.9", "10.0.0.0/24")];
      const allocation = await claimed(store, owner("p", { network }), wants);
      expect(texts(allocation)).toEqual(["10.0.0.1", "10.0.0.9"]);
    }
  });
}
