import { describe, expect, test } from "bun:test";
import { formatKey, formatValue } from "./value-text.ts";

describe("formatValue()", () => {
  test.each<[unknown, string, string]>([
    [undefined, "range", ""],
    [null, "range", "null"],
    ['a"b', "range", String.raw`"a\"b"`],
    [1.5, "range", "1.5"],
    [[1, "a", null], "exclude", '[1,"a",null]'],
    [{ a: { b: { c: 1 } } }, "dns", "{a:{b:{…}}}"],
    [[[[1]]], "dns", "[[[…]]]"],
    [[1, 2, 3, 4, 5, 6, 7, 8, 9], "dns", "[1,2,3,4,5,6,7,8,…]"],
    ["secret", "etcd_password", "(hidden)"],
    ["secret", "etcd_username", "(hidden)"],
    ["secret", "my_password_2", "(hidden)"],
    ["secret", "Token", "(hidden)"],
    ["http://u:secret@e", "range", "(hidden)"],
    [["http://e", "u:secret@e"], "etcd_host", '["http://e",(hidden)]'],
    ["secret@e", "ETCD_HOST", "(hidden)"],
    ["a@b", "network_name", '"a@b"'],
    [["secret"], "etcd_password", "(hidden)"],
    [{ token: "secret", a: 1 }, "kubernetes", "{token:(hidden),a:1}"],
  ])("shows %j at %s as %s", (value, key, expected) => {
    expect(formatValue(value, key)).toBe(expected);
  });

  test("cuts long texts, never within a character", () => {
    for (const text of [
      "x".repeat(1 << 20),
      "\u{1F600}".repeat(100),
      `a${"\u{1F600}".repeat(100)}`,
    ]) {
      const shown = formatValue(text, "range");
      expect(shown.length).toBeLessThanOrEqual(80);
      expect(shown).toEndWith("…");
      expect(shown.isWellFormed()).toBe(true);
    }
  });
});

describe("formatKey()", () => {
  test.each([
    ["range_start", "range_start"],
    ["", '""'],
    ["a b", '"a b"'],
    ["a\n", String.raw`"a\n"`],
  ])("shows %j as %s", (key, expected) => {
    expect(formatKey(key)).toBe(expected);
  });

  test("cuts long keys", () => {
    expect(formatKey("x".repeat(1 << 20)).length).toBeLessThanOrEqual(80);
  });
});
