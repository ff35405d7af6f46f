/** Addresses at rest after a release (`reuse_delay`). */
import { expect, test } from "bun:test";
import type { Store } from "../../src/store/store.ts";
import type { Subject } from "./subject.ts";
import { START_MS } from "./subject.ts";
import {
  claim,
  claimed,
  describeResult,
  exact,
  listingLines,
  lowest,
  owner,
  texts,
} from "./fixtures.ts";

const SMALL = "10.0.0.0/31";

async function putAtRest(store: Store, pod: string, prefix: string, restSeconds: number) {
  const { sequence } = await claimed(store, owner(pod), [lowest(prefix)]);
  await store.release(owner(pod), { expected: sequence, restSeconds });
}

/** Defines the tests of resting addresses. */
export function restContract(subject: Subject): void {
  test("others neither choose nor get what rests", async () => {
    const { store } = subject();
    await putAtRest(store, "p", "10.0.0.0/24", 60);
    expect(texts(await claimed(store, owner("q"), [lowest("10.0.0.0/24")]))).toEqual(["10.0.0.2"]);
    const result = await store.claim(claim(owner("r"), [exact("10.0.0.1", "10.0.0.0/24")]));
    expect(describeResult(result)).toBe(`taken 0: 10.0.0.1 rests until ${START_MS + 60_000}`);
  });

  test("the last owner has it back at once, as the lowest one or exactly", async () => {
    const { store } = subject();
    await putAtRest(store, "p", "10.0.0.0/24", 60);
    const back = await claimed(store, owner("p"), [lowest("10.0.0.0/24")]);
    expect(texts(back)).toEqual(["10.0.0.1"]);
    await store.release(owner("p"), { expected: back.sequence, restSeconds: 60 });
    await claimed(store, owner("p"), [exact("10.0.0.1", "10.0.0.0/24")]);
    expect(await listingLines(store)).toEqual(["blue 10.0.0.1 of 10.0.0.0/24 by p"]);
  });

  test("an owner that differs in one part is another", async () => {
    const { store } = subject();
    await putAtRest(store, "p", "10.0.0.0/32", 60);
    for (const parts of [{ node: "n2" }, { interfaceName: "eth1" }, { pod: "q" }]) {
      const other = { ...owner("p"), ...parts };
      expect((await store.claim(claim(other, [lowest("10.0.0.0/32")]))).kind).toBe("full");
    }
  });

  test("is over when its time is", async () => {
    const { store, setNow } = subject();
    await putAtRest(store, "p", "10.0.0.0/24", 60);
    setNow(START_MS + 59_999);
    expect(texts(await claimed(store, owner("q"), [lowest("10.0.0.0/24")]))).toEqual(["10.0.0.2"]);
    setNow(START_MS + 60_000);
    expect(texts(await claimed(store, owner("r"), [lowest("10.0.0.0/24")]))).toEqual(["10.0.0.1"]);
  });

  test("a full range says how many rest, and until when the first of them does", async () => {
    const { store, setNow } = subject();
    await putAtRest(store, "p", SMALL, 60);
    setNow(START_MS + 10_000);
    await putAtRest(store, "q", SMALL, 30);
    const result = await store.claim(claim(owner("r"), [lowest(SMALL)]));
    expect(describeResult(result)).toBe(`full 0: 0 held, 2 resting until ${START_MS + 40_000}`);
    await claimed(store, owner("p"), [lowest(SMALL)]);
    const later = await store.claim(claim(owner("r"), [lowest(SMALL)]));
    expect(describeResult(later)).toBe(`full 0: 1 held, 1 resting until ${START_MS + 40_000}`);
  });

  test("what an exchange releases rests for the delay of the new confirmation", async () => {
    const { store } = subject();
    const held = await claimed(store, owner("p"), [lowest("10.0.0.0/24")]);
    const wants = [exact("10.0.0.7", "10.0.0.0/24")];
    const after = await claimed(store, owner("p"), wants, held.sequence, { reuseDelaySeconds: 5 });
    expect(await listingLines(store)).toEqual([
      `blue 10.0.0.1 of 10.0.0.0/24 (p until ${START_MS + 5000})`,
      "blue 10.0.0.7 of 10.0.0.0/24 by p",
    ]);
    const back = await claimed(store, owner("p"), [lowest("10.0.0.0/24")], after.sequence);
    expect(texts(back)).toEqual(["10.0.0.1"]);
    expect(await listingLines(store)).toEqual(["blue 10.0.0.1 of 10.0.0.0/24 by p"]);
  });

  test("begins again with its full length after the clock went back, once", async () => {
    const { store, setNow } = subject();
    await putAtRest(store, "p", "10.0.0.0/32", 60);
    const past = START_MS - 86_400_000;
    setNow(past);
    const full = await store.claim(claim(owner("q"), [lowest("10.0.0.0/32")]));
    expect(describeResult(full)).toBe(`full 0: 0 held, 1 resting until ${past + 60_000}`);
    setNow(past + 30_000);
    expect((await store.claim(claim(owner("q"), [lowest("10.0.0.0/32")]))).kind).toBe("full");
    setNow(past + 60_000);
    expect((await store.claim(claim(owner("q"), [lowest("10.0.0.0/32")]))).kind).toBe("claimed");
  });

  test("is seen by readers as a claim would see it", async () => {
    const { store, setNow } = subject();
    await putAtRest(store, "p", "10.0.0.0/32", 60);
    setNow(START_MS - 1000);
    expect(await listingLines(store)).toEqual([
      `blue 10.0.0.0 of 10.0.0.0/32 (p until ${START_MS + 59_000})`,
    ]);
    setNow(START_MS + 60_000);
    expect(await listingLines(store)).toEqual([]);
    expect(await store.usage()).toMatchObject([{ held: 0n, resting: 0n }]);
    expect((await store.usage())[0]?.lowestFree).toEqual({ family: 4, value: 0x0a00_0000n });
  });

  test("a confirmation leaves the owner's other resting addresses at rest", async () => {
    const { store } = subject();
    await putAtRest(store, "p", "10.0.0.0/24", 60);
    await claimed(store, owner("p"), [exact("10.0.0.5", "10.0.0.0/24")]);
    expect(texts(await claimed(store, owner("q"), [lowest("10.0.0.0/24")]))).toEqual(["10.0.0.2"]);
  });

  test.each([0, -1, 0.0004, 1e300])("copes with a rest of %d s", async (restSeconds) => {
    const { store } = subject();
    await putAtRest(store, "p", "10.0.0.0/24", restSeconds);
    const next = restSeconds > 0 ? "10.0.0.2" : "10.0.0.1";
    expect(texts(await claimed(store, owner("q"), [lowest("10.0.0.0/24")]))).toEqual([next]);
  });
}
