/** That the judge of a storm finds what it is there for. */
import { expect, test } from "bun:test";
import { contradictions } from "./verdict.ts";
import { duplicatesIn, historyOf } from "./history.ts";
import type { State } from "./history.ts";
import type { Answered, Pod } from "./pod.ts";
import { makePods } from "./pod.ts";

const [A, B] = [pod("a"), pod("b")];

function pod(uid: string, ipam: Pod["ipam"] = { range: "10.0.0.0/24" }): Pod {
  return { uid, node: "n1", ipam };
}

/** `ADD c1 10.0.0.1`, `ADD c1 !11`, `DEL c1`, one after the other from a time on, each 10 ms long. */
function calls(of: Pod, fromMs: number, ...lines: readonly string[]): readonly Answered[] {
  return lines.map((line, index) => {
    const [command, containerId = "", said = ""] = line.split(" ");
    const failure = said.startsWith("!") ? Number(said.slice(1)) : undefined;
    const result = { ips: said.split("+").map((address) => ({ address: `${address}/24` })) };
    const printed = failure === undefined ? result : { code: failure, msg: "why" };
    const isSilent = command === "DEL" && failure === undefined;
    return {
      pod: of,
      command: command === "ADD" ? "ADD" : "DEL",
      containerId,
      startedMs: fromMs + 20 * index,
      endedMs: fromMs + 20 * index + 10,
      outcome: {
        exitCode: failure === undefined ? 0 : 1,
        signal: null,
        stdout: isSilent ? "" : JSON.stringify(printed),
        stderr: "",
        elapsedMs: 10,
      },
    };
  });
}

const HOLDS_1: State = { kind: "holds", containerId: "c1", addresses: ["10.0.0.1"] };
const ADD_1 = "ADD c1 10.0.0.1";

const states: readonly (readonly [lines: readonly string[], state: State])[] = [
  [[], { kind: "nothing" }],
  [[ADD_1], HOLDS_1],
  [[ADD_1, "DEL c1"], { kind: "nothing" }],
  [[ADD_1, "DEL c1 !11"], { kind: "unknown", containerIds: new Set(["c1"]) }],
  [[ADD_1, "DEL c1 !11", "DEL c1"], { kind: "nothing" }],
  [[ADD_1, "ADD c1 !11"], HOLDS_1],
  [["ADD c1 !11"], { kind: "unknown", containerIds: new Set(["c1"]) }],
  [["ADD c1 !11", "DEL c1"], { kind: "nothing" }],
  [["ADD c1 !100"], { kind: "nothing" }],
  [[ADD_1, "ADD c2 10.0.0.1", "DEL c1"], { ...HOLDS_1, containerId: "c2" }],
  [[ADD_1, "ADD c2 !11"], { kind: "unknown", containerIds: new Set(["c1", "c2"]) }],
  [[ADD_1, "ADD c2 !11", "DEL c2"], { kind: "unknown", containerIds: new Set(["c1"]) }],
];

test.each(states)("historyOf() concludes from %j", (lines, state) => {
  expect(historyOf(calls(A, 0, ...lines)).state).toEqual(state);
});

test("historyOf() blames another address of the same pod", () => {
  expect(historyOf(calls(A, 0, ADD_1, "ADD c1 10.0.0.2")).faults).toHaveLength(1);
  expect(historyOf(calls(A, 0, ADD_1, "DEL c1", "ADD c2 10.0.0.2")).faults).toEqual([]);
});

const off = { range: "10.0.0.0/24", enable_overlapping_ranges: false };
const wide = { range: "10.0.0.0/16", enable_overlapping_ranges: false };

const pairs: readonly [
  name: string,
  a: readonly Answered[],
  b: readonly Answered[],
  count: number,
][] = [
  ["at the same time", calls(A, 0, ADD_1), calls(B, 5, ADD_1), 1],
  ["after the DEL began", calls(A, 0, ADD_1, "DEL c1"), calls(B, 15, ADD_1), 0],
  ["between an ADD and its DEL", calls(A, 0, ADD_1, "ADD c1 !11", "DEL c1"), calls(B, 9, ADD_1), 1],
  ["of another address", calls(A, 0, ADD_1), calls(B, 0, "ADD c1 10.0.0.2"), 0],
  ["one of two", calls(A, 0, ADD_1), calls(B, 0, "ADD c1 10.0.0.2+10.0.0.1"), 1],
  ["in one prefix of both settings", calls(A, 0, ADD_1), calls(pod("b", off), 0, ADD_1), 1],
  ["in two prefixes", calls(pod("a", off), 0, ADD_1), calls(pod("b", wide), 0, ADD_1), 0],
  ["after a failed DEL", calls(A, 0, ADD_1, "DEL c1 !11"), calls(B, 15, ADD_1), 0],
];

test.each(pairs)("duplicatesIn() judges an address held %s", (_, a, b, count) => {
  const sure = [...historyOf(a).sure, ...historyOf(b).sure];
  expect(duplicatesIn(sure)).toHaveLength(count);
});

const holdings = [{ address: "10.0.0.1", cidr: "", domain: "" }];
const entry = { owner: "n1,,eth0,a", network: "", containerId: "c1", holdings };

test.each([
  [[ADD_1], true, 0],
  [[ADD_1], false, 1],
  [["ADD c1 10.0.0.2"], true, 1],
  [[ADD_1, "DEL c1"], true, 1],
  [["ADD c1 !11"], true, 0],
  [["ADD c2 !11"], true, 1],
] as const)("contradictions() after %j, held: %p", (lines, isHeld, count) => {
  const owners = new Map(isHeld ? [[entry.owner, entry]] : []);
  const history = { pod: A, ...historyOf(calls(A, 0, ...lines)) };
  const contents = { owners, addresses: [], faults: [] };
  expect(contradictions([history], contents)).toHaveLength(count);
});

test("makePods() makes pods of every range on every node", () => {
  const pairsOf = makePods(28).map(({ node, ipam }) => `${node} ${JSON.stringify(ipam)}`);
  expect(new Set(pairsOf).size).toBe(28);
});
