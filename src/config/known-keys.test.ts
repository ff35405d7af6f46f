import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as keys from "./known-keys.ts";
import { findings, parse } from "./test-world.ts";

const documentation = readFileSync(
  join(import.meta.dir, "..", "..", "docs", "configuration.md"),
  "utf8",
);
const rows = documentation.split("\n").filter((line) => line.startsWith("|"));

test("docs/configuration.md has every key in a table", () => {
  const lists = [
    keys.ipamKeys,
    keys.rangeKeys,
    keys.staticAddressKeys,
    keys.routeKeys,
    keys.dnsKeys,
    keys.kubernetesKeys,
  ];
  const absent = lists.flat().filter((key) => !rows.some((row) => row.includes(`\`${key}\``)));
  expect(absent).toEqual([]);
});

test("docs/configuration.md begins with a configuration that works", () => {
  const [, json = ""] = /```json\n([\s\S]*?)```/.exec(documentation) ?? [];
  const document: unknown = JSON.parse(json);
  const ipam: unknown = Object.entries(Object(document)).find(([key]) => key === "ipam")?.[1];
  const parsed = parse(ipam);
  expect(findings(parsed)).toEqual([]);
  expect(parsed.configuration.ranges).toHaveLength(1);
});

test("docs/configuration.md has examples of the etcd store that are accepted", () => {
  const examples = [...documentation.matchAll(/```json\n([\s\S]*?)```/g)]
    .map(([, json = ""]) => json)
    .filter((json) => json.includes("etcd_host"));
  expect(examples.length).toBe(4);
  for (const json of examples) {
    const parsed = parse(JSON.parse(json));
    expect(findings(parsed)).toEqual([]);
    expect(parsed.configuration.store?.kind).toBe("etcd");
  }
});

test.each([
  ["ranges", "is a key of host-local; whereabouts uses `range` or `ipRanges`"],
  ["Subnet", "is a key of host-local; whereabouts uses `range`"],
  ["__proto__", undefined],
  ["range", undefined],
])("foreignKeyHint() of %s is %s", (key, expected) => {
  expect(keys.foreignKeyHint(key)).toBe(expected);
});
