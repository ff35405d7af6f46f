import { expect, test } from "bun:test";
import type { Requirement, Verdict } from "./skip.ts";
import { requirement, verdictOf } from "./skip.ts";

const met = requirement("bridge", () => undefined);
const noBridge = requirement("bridge", () => "no kernel module");
const noMultus = requirement("multus", () => "MULTUS names no binary");

const cases: readonly [string, readonly Requirement[], boolean, Verdict["kind"]][] = [
  ["runs what needs nothing", [], true, "run"],
  ["runs what is met", [met], true, "run"],
  ["skips what is unmet on a machine of a developer", [met, noBridge], false, "skip"],
  ["fails what is unmet in CI", [met, noBridge], true, "fail"],
  ["skips in CI what may be missing there", [met, noMultus], true, "skip"],
  ["skips in CI if one of two has an excuse", [noBridge, noMultus], true, "skip"],
];

test.each(cases)("verdictOf() %s", (_, requirements, strict, kind) => {
  expect(verdictOf(requirements, strict).kind).toBe(kind);
});

test("verdictOf() names every reason", () => {
  expect(verdictOf([noBridge, met, noMultus], false)).toEqual({
    kind: "skip",
    reason: "bridge: no kernel module; multus: MULTUS names no binary",
  });
});

test("requirement() probes once, and takes what is thrown for the reason", () => {
  let probes = 0;
  const broken = requirement("etcd", () => {
    probes++;
    throw new Error("etcd does not start");
  });
  expect([broken.unmet(), broken.unmet(), probes]).toEqual([
    "etcd does not start",
    "etcd does not start",
    1,
  ]);
});
