import { describe, expect, test } from "bun:test";
import type { Allocation, Moment } from "./allocation.ts";
import { confirmedBefore, isStale } from "./fence.ts";

function at(bootId: string, monotonicUs: number): Moment {
  return { bootId, monotonicUs };
}

function allocation(moment: Moment | undefined): Allocation {
  return {
    owner: { network: "", node: "n", interfaceName: "eth0", pod: "p" },
    holdings: [],
    containerId: "c",
    attempt: "a",
    ...(moment !== undefined && { moment }),
    confirmedAt: "",
    reuseDelaySeconds: 0,
    sequence: 1,
  };
}

describe("confirmedBefore()", () => {
  const [earlier, present, other] = ["boot-1", "boot-2", "boot-3"];
  for (const [what, confirmed, received, expected] of [
    ["an imported record", undefined, at(present, 5), true],
    ["this boot, before", at(present, 4), at(present, 5), true],
    ["this boot, at the very moment", at(present, 5), at(present, 5), false],
    ["this boot, after", at(present, 6), at(present, 5), false],
    ["an earlier boot, whatever its clock", at(earlier, 900), at(present, 5), true],
    ["this boot, by an entry of an earlier one", at(present, 1), at(earlier, 900), false],
    ["an earlier boot, by an entry of the same", at(earlier, 1), at(earlier, 900), true],
    ["a boot of which nothing tells the order", at(other, 1), at(earlier, 900), false],
  ] as const) {
    test(`${what}: ${expected}`, () => {
      expect(confirmedBefore(allocation(confirmed), { received, presentBootId: present })).toBe(
        expected,
      );
    });
  }
});

describe("isStale()", () => {
  for (const [confirmed, received, expected] of [
    [undefined, at("b", 5), false],
    [at("b", 4), at("b", 5), false],
    [at("b", 5), at("b", 5), false],
    [at("b", 6), at("b", 5), true],
    [at("other", 900), at("b", 5), false],
  ] as const) {
    test(`${JSON.stringify(confirmed)} against ${JSON.stringify(received)}: ${expected}`, () => {
      expect(isStale(allocation(confirmed), received)).toBe(expected);
    });
  }
});
