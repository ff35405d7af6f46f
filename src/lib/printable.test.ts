import { expect, test } from "bun:test";
import { printable } from "./printable.ts";

test.each([
  ["plain ä 漢", "plain ä 漢"],
  ["a\nb\r\t", String.raw`a\nb\r\t`],
  ["\u001b[31m", String.raw`\u001b[31m`],
  ["\u007f\u009b", String.raw`\u007f\u009b`],
  ["\u2028\u202e\u2066", String.raw`\u2028\u202e\u2066`],
  ["\u0000", String.raw`\u0000`],
])("printable(%j) is %j", (text, expected) => {
  expect(printable(text)).toBe(expected);
});
