import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import type { Interval } from "./interval-set.ts";
import { intervalSet, setContains, setSize, subtractIntervals } from "./interval-set.ts";

const limit = 40;
const point = fc.bigInt(0n, BigInt(limit));
/** Also empty ones: `last` before `first`. */
const interval: fc.Arbitrary<Interval> = fc.record({ first: point, last: point });
const intervals = fc.array(interval, { maxLength: 12 });
const points = Array.from({ length: limit + 1 }, (_, index) => BigInt(index));

function model(all: readonly Interval[]): Set<bigint> {
  return new Set(
    points.filter((value) => all.some(({ first, last }) => first <= value && value <= last)),
  );
}

function expectCanonical(set: readonly Interval[]): void {
  for (const [index, { first, last }] of set.entries()) {
    expect(first <= last).toBe(true);
    const next = set[index + 1];
    if (next !== undefined) expect(next.first > last + 1n).toBe(true);
  }
}

describe("intervalSet()", () => {
  test("holds what any interval holds, in canonical form", () => {
    fc.assert(
      fc.property(intervals, (all) => {
        const set = intervalSet(all);
        expectCanonical(set);
        expect(model(set)).toEqual(model(all));
        expect(intervalSet(set)).toEqual(set);
        expect(intervalSet(all.toReversed())).toEqual(set);
      }),
    );
  });

  test("joins neighbours, and leaves its input as it was", () => {
    const input = Object.freeze([
      Object.freeze({ first: 5n, last: 9n }),
      Object.freeze({ first: 1n, last: 4n }),
    ]);
    expect(intervalSet(input)).toEqual([{ first: 1n, last: 9n }]);
  });
});

describe("setContains() and setSize()", () => {
  test("agree with a plain set", () => {
    fc.assert(
      fc.property(intervals, (all) => {
        const set = intervalSet(all);
        const expected = model(all);
        expect(points.filter((value) => setContains(set, value))).toEqual([...expected]);
        expect(setSize(set)).toBe(BigInt(expected.size));
      }),
    );
  });

  test("of nothing", () => {
    expect(setContains([], 0n)).toBe(false);
    expect(setSize([])).toBe(0n);
  });

  test("of all IPv6 addresses", () => {
    expect(setSize([{ first: 0n, last: (1n << 128n) - 1n }])).toBe(1n << 128n);
  });
});

describe("subtractIntervals()", () => {
  test("leaves what a plain set leaves, in canonical form", () => {
    fc.assert(
      fc.property(interval, intervals, (whole, all) => {
        const left = subtractIntervals(whole, intervalSet(all));
        expectCanonical(left);
        const removed = model(all);
        expect([...model(left)]).toEqual(
          [...model([whole])].filter((value) => !removed.has(value)),
        );
      }),
    );
  });
});
