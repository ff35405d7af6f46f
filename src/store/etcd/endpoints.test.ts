import { expect, test } from "bun:test";
import type { EndpointMemory } from "./endpoints.ts";
import { Endpoints } from "./endpoints.ts";

const [a, b, c] = ["http://a:1", "http://b:1", "https://c:1"] as const;

function memoryOf(text: string | undefined): EndpointMemory & { text: string | undefined } {
  return {
    text,
    load() {
      return this.text;
    },
    save(saved) {
      this.text = saved;
    },
  };
}

test("Endpoints asks the last good one first, and for 30 s one that failed last", () => {
  let nowMs = 1_000_000;
  const endpoints = new Endpoints([a, b, c], undefined, () => nowMs);
  expect(endpoints.inOrder()).toEqual([a, b, c]);
  endpoints.failed(a);
  expect(endpoints.inOrder()).toEqual([b, c, a]);
  endpoints.succeeded(c);
  expect(endpoints.inOrder()).toEqual([c, b, a]);
  nowMs += 30_001;
  expect(endpoints.inOrder()).toEqual([c, a, b]);
});

test("Endpoints remembers, and leaves what is known of other clusters", () => {
  const nowMs = 1_000_000;
  const other = `http://x:1 good\nhttp://y:1 ${nowMs + 1000}\nhttp://z:1 ${nowMs - 1}\n`;
  const memory = memoryOf(other);
  const first = new Endpoints([a, b, c], memory, () => nowMs);
  expect(memory.text).toBe(other);
  first.failed(a);
  first.succeeded(b);
  expect(memory.text).toBe(
    `http://x:1 good\nhttp://y:1 ${nowMs + 1000}\n${a} ${nowMs + 30_000}\n${b} good\n`,
  );
  const ordered = (now: number) => new Endpoints([a, b, c], memory, () => now).inOrder();
  expect(ordered(nowMs)).toEqual([b, c, a]);
  // A clock that jumped, to either side, condemns nobody.
  for (const now of [nowMs + 31_000, nowMs - 31_000]) expect(ordered(now)).toEqual([b, a, c]);
});

test("Endpoints writes nothing while the first is good, nor for a single one", () => {
  const memory = memoryOf(undefined);
  new Endpoints([a, b], memory, () => 1).succeeded(a);
  const single = new Endpoints([a], memory, () => 1);
  single.failed(a);
  single.succeeded(a);
  expect(memory.text).toBeUndefined();
});

test.each(["", "\0", "good", "http://a:1", "http://a:1 -1", "http://a:1 1e99", "http://a:1 x y"])(
  "Endpoints passes over %j in its memory",
  (text) => {
    const endpoints = new Endpoints([a, b], memoryOf(text), () => 1000);
    expect(endpoints.inOrder()).toEqual([a, b]);
  },
);
