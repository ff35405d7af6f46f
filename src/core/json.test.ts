import { describe, expect, test } from "bun:test";
import { isJsonObject, parseJson } from "./json.ts";

describe("parseJson()", () => {
  test("parses", () => {
    expect(parseJson('{"a":[1]}')).toEqual({ a: [1] });
  });

  for (const text of [
    '{"etcd_password":hunter2}',
    '{"etcd_password":"hunter2}',
    "{'hunter2'}",
    "hunter2",
    '{"a":"x" hunter2 }',
    '{"a": `hunter2`}',
    '{"a": 1hunter2}',
  ]) {
    test(`quotes nothing of ${text}`, () => {
      expect(() => parseJson(text)).toThrow(SyntaxError);
      try {
        parseJson(text);
      } catch (error) {
        expect(String(error)).not.toContain("hunter2");
      }
    });
  }

  test("says where something is missing", () => {
    expect(() => parseJson("{")).toThrow("Expected '}'");
    expect(() => parseJson(" ")).toThrow("unexpected end of JSON input");
  });
});

describe("isJsonObject()", () => {
  test("is true of objects alone", () => {
    expect([{}, [], null, "", 0, true].map(isJsonObject)).toEqual([
      true,
      false,
      false,
      false,
      false,
      false,
    ]);
  });
});
