import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { ipamKeys, routeKeys } from "./known-keys.ts";
import { editDistance, nearestKey } from "./nearest-key.ts";

describe("nearestKey()", () => {
  test.each([
    ["rangeStart", "range_start"],
    ["range-end", "range_end"],
    ["iprange", "ipRanges"],
    ["ip_ranges", "ipRanges"],
    ["excludes", "exclude"],
    ["omitRanges", undefined],
    ["gatewway", "gateway"],
    ["loglevel", "log_level"],
    ["dataDir", "data_dir"],
    ["enable_overlapping_range", "enable_overlapping_ranges"],
    ["typ", "type"],
    ["x", undefined],
    ["", undefined],
    ["completely_different", undefined],
    ["r".repeat(100_000), undefined],
  ])("of %j is %j", (unknown, expected) => {
    expect(nearestKey(unknown, ipamKeys)).toBe(expected);
  });

  test("takes the nearest of several", () => {
    expect(nearestKey("gww", routeKeys)).toBe("gw");
    expect(nearestKey("range_stat", ipamKeys)).toBe("range_start");
  });
});

describe("editDistance()", () => {
  const word = fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 8 });

  test.each([
    ["", "", 0],
    ["abc", "", 3],
    ["kitten", "sitting", 3],
    ["flaw", "lawn", 2],
  ])("from %j to %j is %d", (a, b, expected) => {
    expect(editDistance(a, b)).toBe(expected);
  });

  test("is a metric", () => {
    fc.assert(
      fc.property(word, word, word, (a, b, c) => {
        expect(editDistance(a, b)).toBe(editDistance(b, a));
        expect(editDistance(a, b) === 0).toBe(a === b);
        expect(editDistance(a, c)).toBeLessThanOrEqual(editDistance(a, b) + editDistance(b, c));
      }),
    );
  });
});
