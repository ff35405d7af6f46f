/** The simulation finds bugs: defects that are put into a copy of the product are found, and shown in a short history. */
import { afterAll, expect, test } from "bun:test";
import type { Mutant } from "./mutant.ts";
import { makeMutant } from "./mutant.ts";
import { mutations } from "./mutations.ts";

/** Within how many schedules a defect must be found. */
const SCHEDULES = 10_000;

/** What a loaded machine may take for that many. */
const TIMEOUT_MS = 120_000;

const mutants: Mutant[] = [];

afterAll(() => {
  for (const mutant of mutants) mutant.remove();
});

function make(...args: Parameters<typeof makeMutant>): Mutant {
  const mutant = makeMutant(...args);
  mutants.push(mutant);
  return mutant;
}

/** The seeds are those of the test that plays the product itself, so that only the defect makes the difference. */
async function search(mutant: Mutant, schedules = SCHEDULES): ReturnType<Mutant["simulate"]> {
  return await mutant.simulate("--first", "1", "--schedules", `${schedules}`, "--jobs", "1");
}

test.each(mutations.map((mutation) => [mutation.name, mutation] as const))(
  "%s: found",
  async (name, mutation) => {
    const { code, output } = await search(make(mutation));
    const found = /^Seed (\d+) broke a promise: ([^:]+): /m.exec(output);
    expect({ code, found: found?.[0] ?? output }).toEqual({ code: 1, found: expect.any(String) });
    expect(found).not.toBeNull();
    process.stdout.write(`${name}: found in schedule ${found?.[1]}, as "${found?.[2]}"\n`);
  },
  TIMEOUT_MS,
);

test(
  "a copy without a defect keeps every promise",
  async () => {
    const { code, output } = await search(make(undefined), 500);
    expect(output).toContain("500 schedules of ");
    expect(code).toBe(0);
  },
  TIMEOUT_MS,
);

test(
  "a failing seed plays again exactly, and prints its shortened history",
  async () => {
    const [mutation] = mutations;
    const mutant = make(mutation);
    const { output } = await search(mutant);
    const seed = /--seed (\d+)/.exec(output)?.[1] ?? "none";
    const first = await mutant.simulate("--seed", seed);
    expect(first.code).toBe(1);
    expect(await mutant.simulate("--seed", seed)).toEqual(first);
    // What the search printed is that history, after its coverage.
    expect(output.endsWith(first.output)).toBe(true);
    const sizes = /^Above are (\d+) of its (\d+) choices\./m.exec(first.output);
    const [shown, all] = [Number(sizes?.[1]), Number(sizes?.[2])];
    expect(shown).toBeGreaterThan(0);
    expect(shown).toBeLessThan(all / 2);
    expect(first.output).toMatch(/^1\. /m);
    expect(first.output).toMatch(/^BROKEN yours only: DEL of /m);
    // The product itself keeps its promises with that seed.
    expect((await make(undefined).simulate("--seed", seed)).code).toBe(0);
  },
  TIMEOUT_MS,
);

test("makeMutant() refuses a text that does not stand there exactly once", () => {
  const file = "ipam/release.ts";
  for (const text of ["there is no such text", "const"]) {
    expect(() => make({ name: "none", replacements: [{ file, text, by: "" }] })).toThrow("times");
  }
});
