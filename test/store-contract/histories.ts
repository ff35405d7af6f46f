/** Random histories of claims, releases and clocks, and what a store answers to them. */
import * as fc from "fast-check";
import type { Owner } from "../../src/core/allocation.ts";
import type { Pool, Store, Want } from "../../src/store/store.ts";
import { claim, exact, lowest, owner, range } from "./fixtures.ts";

const ranges = [
  range("10.0.0.0/29"),
  range("10.0.0.0/28", { exclude: ["10.0.0.3", "10.0.0.6-10.0.0.7"] }),
  range("10.0.0.0/28", { start: "10.0.0.4", end: "10.0.0.20" }),
  range("10.0.0.4/31"),
  range("fd00::/125"),
];
const prefixes = ["10.0.0.0/29", "10.0.0.0/28", "10.0.0.4/31"];

const owners: readonly Owner[] = ["a", "b", "c", "d", "e"].flatMap((pod) =>
  ["", "blue"].map((network) => owner(pod, { network, node: pod < "c" ? "n1" : "n2" })),
);
/** All pools that histories are about. */
export const pools: readonly Pool[] = ["", "blue"].flatMap((network) =>
  ranges.flatMap((of) => [true, false].map((overlapping) => ({ network, overlapping, range: of }))),
);

/** Mostly on, as in practice; off often enough to meet it. */
const overlappings = fc.constantFrom(true, true, false);
const wants: fc.Arbitrary<Want> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.tuple(fc.constantFrom(...ranges), overlappings).map(([of, on]) => lowest(of, on)),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.integer({ min: 0, max: 9 }), fc.constantFrom(...prefixes), overlappings)
      .map(([last, prefix, on]) => exact(`10.0.0.${last}`, prefix, on)),
  },
);

/** One thing that happens to a store. */
export type Step =
  | {
      readonly kind: "claim";
      readonly owner: Owner;
      readonly wants: readonly Want[];
      readonly keep: boolean;
      readonly stale: boolean;
      readonly bootId: string | undefined;
      readonly restSeconds: number;
    }
  | {
      readonly kind: "release";
      readonly owner: Owner;
      readonly stale: boolean;
      readonly bootId: string | undefined;
      readonly restSeconds: number;
    }
  | { readonly kind: "wait"; readonly ms: number };

const common = {
  owner: fc.constantFrom(...owners),
  stale: fc.constantFrom(false, false, false, false, true),
  bootId: fc.constantFrom(undefined, undefined, "b1", "b2"),
  restSeconds: fc.constantFrom(0, 0, 2, 10),
};
/** Any step. */
export const steps: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant("claim" as const),
      wants: fc.array(wants, { maxLength: 4 }),
      keep: fc.boolean(),
      ...common,
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("release" as const), ...common }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("wait" as const),
      ms: fc.constantFrom(1, 1000, 2000, 5000, -1, -3000, -100_000),
    }),
  },
);

/** Carries out a step, and tells all that it brought about in the answer. */
export async function runStep(
  store: Store,
  step: Exclude<Step, { kind: "wait" }>,
): Promise<unknown> {
  const current = await store.find(step.owner);
  const expected = step.stale ? (current?.sequence ?? 0) + 1 : current?.sequence;
  const { restSeconds, bootId } = step;
  if (step.kind === "release") {
    const registration =
      bootId === undefined ? {} : { registration: { node: step.owner.node, bootId } };
    return store.release(step.owner, { expected: expected ?? 0, restSeconds, ...registration });
  }
  const kept: readonly Want[] = step.keep
    ? (current?.holdings ?? []).map((held) => ({ kind: "exact", holding: held }))
    : [];
  return store.claim(
    claim(step.owner, [...kept, ...step.wants], expected, {
      reuseDelaySeconds: restSeconds,
      ...(bootId !== undefined && { moment: { bootId, monotonicUs: 1 } }),
    }),
  );
}
