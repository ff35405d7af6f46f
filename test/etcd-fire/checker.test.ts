/** That the checker finds what it is there for. */
import { expect, test } from "bun:test";
import { contentsOf } from "./checker.ts";
import type { Entry } from "./layout.ts";
import { comparableAddress } from "./layout.ts";

const CIDR = "40a000000/024";

function address(domain: string, last: string, by: string, more: object = {}): Entry {
  const value = JSON.stringify({ v: 1, owner: by, cidr: CIDR, ...more });
  return { key: `/p/address/net,${domain},40a0000${last}`, value, isLeased: false };
}

function owner(name: string, last: readonly string[], overlapping = true): Entry {
  const holdings = last.map((two) => ({ address: `40a0000${two}`, cidr: CIDR, overlapping }));
  const value = JSON.stringify({ v: 1, confirmation: { containerId: "c" }, holdings });
  return { key: `/p/owner/${name}`, value, isLeased: false };
}

const [A, B] = ["n1,net,eth0,a", "n1,net,eth0,b"];
const REST = { rest: { since: 1, until: 2 } };

function restOf(entry: Entry, change: Partial<Entry> = {}): Entry {
  return { ...entry, key: entry.key.replace("/address/", "/rest/"), ...change };
}

const resting = address("", "01", A, REST);

const cases: readonly [name: string, entries: readonly Entry[], fault: string | undefined][] = [
  ["nothing", [], undefined],
  ["one that holds", [owner(A, ["01"]), address("", "01", A)], undefined],
  ["one that rests", [resting, restOf(resting)], undefined],
  ["an orphan", [address("", "01", A)], "orphaned"],
  ["an owner of another's address", [owner(A, ["01"]), address("", "01", B)], "lists"],
  ["an owner without the key", [owner(A, ["01"])], "no key"],
  ["an owner of nothing", [owner(A, [])], "holds nothing"],
  ["an owner of what rests", [owner(A, ["01"]), resting, restOf(resting)], "no key"],
  ["two that list one", [owner(A, ["01"]), owner(B, ["01"]), address("", "01", A)], "is listed"],
  [
    "both settings in one prefix",
    [owner(A, ["01"]), address("", "01", A), owner(B, ["01"], false), address(CIDR, "01", B)],
    "is of",
  ],
  ["a rest without its address", [restOf(resting)], "not as its address"],
  ["a rest of another value", [resting, restOf(resting, { value: "x" })], "not as its address"],
  ["an address without its rest", [resting], "missing"],
  ["a rest of a held address", [address("", "01", A), restOf(address("", "01", A))], "is there"],
  ["a value cut off", [{ ...resting, value: '{"v":1' }], "cannot be read"],
  ["another version", [{ ...resting, value: '{"v":2}' }], "cannot be read"],
  ["a foreign key", [{ key: "/p/thing", value: "", isLeased: false }], "no known kind"],
  ["a void key for ever", [{ key: "/p/void/a", value: "", isLeased: false }], "for ever"],
];

test.each(cases)("contentsOf() judges %s", (_, entries, fault) => {
  const { faults } = contentsOf(entries, "/p/");
  if (fault === undefined) expect(faults).toEqual([]);
  else expect(faults).toContainEqual(expect.stringContaining(fault));
});

test.each([
  ["10.0.0.1", "10.0.0.1"],
  ["fd00::1", "fd000000000000000000000000000001"],
  ["::1", "00000000000000000000000000000001"],
  ["1:2:3:4:5:6:7:8", "00010002000300040005000600070008"],
])("comparableAddress() spells %s out", (text, spelt) => {
  expect(comparableAddress(text)).toBe(spelt);
});
