/** Malformed calls by the hundred, in the test's own process over a store in memory. */
import { describe, expect, test } from "bun:test";
import { callPlugin, makeNode } from "../plugin-call.ts";
import { answerFaults } from "./answer.ts";
import type { MalformedCall } from "./mutations.ts";
import { makeMalformedCall } from "./mutations.ts";
import { makeRandom } from "./random.ts";

const CALLS = 1800;

/** Longer than any of these may take on a busy machine; most take far less than a millisecond. */
const SLOW_MS = 2000;

describe("runPlugin()", () => {
  test(`answers ${CALLS} malformed calls in the forms of the specification`, async () => {
    const random = makeRandom("malformed calls in process");
    const node = makeNode();
    const seen = new Map<string, number>();
    const faults: string[] = [];
    for (let index = 0; index < CALLS; index++) {
      const call = makeMalformedCall(random, "/var/lib/whereabouts-process-test");
      const startedMs = performance.now();
      const found = await faultsOf(node, call, seen);
      const tookMs = performance.now() - startedMs;
      if (tookMs > SLOW_MS) found.push(`takes ${tookMs.toFixed(0)} ms`);
      for (const fault of found) faults.push(`${fault}: ${describeCall(call)}`);
    }
    process.stdout.write(
      `answers: ${[...seen].map(([code, count]) => `${count} of code ${code}`).join(", ")}\n`,
    );
    expect(faults.slice(0, 5)).toEqual([]);
    // Mutations that only ever met the first check would prove little.
    expect([...seen.keys()].toSorted()).toEqual(expect.arrayContaining(["0", "1", "4", "6", "7"]));
  }, 60_000);
});

async function faultsOf(
  node: ReturnType<typeof makeNode>,
  { environment, stdin }: MalformedCall,
  seen: Map<string, number>,
): Promise<string[]> {
  const command = environment["CNI_COMMAND"];
  node.logged.length = 0;
  try {
    const { exitCode, stdout } = await callPlugin(node, {
      command: "",
      stdin: Buffer.from(stdin).toString("utf8"),
      environment: { ...emptyVariables, ...environment },
    });
    const code = exitCode === 0 ? "0" : (/"code": (\d+)/.exec(stdout)?.[1] ?? "none");
    seen.set(code, (seen.get(code) ?? 0) + 1);
    // The log is for people, and no place for secrets either; a stack belongs to an internal error alone.
    const answer = { exitCode, stdout, stderr: node.logged.join("\n") };
    return [...answerFaults(command, answer)];
  } catch (error) {
    return [`throws ${String(error)}`];
  }
}

/** `callPlugin` has defaults for what is not there. */
const emptyVariables = {
  CNI_COMMAND: undefined,
  CNI_CONTAINERID: undefined,
  CNI_IFNAME: undefined,
  CNI_NETNS: undefined,
  CNI_ARGS: undefined,
};

function describeCall({ environment, stdin }: MalformedCall): string {
  return `${JSON.stringify(environment).slice(0, 600)} < ${JSON.stringify(Buffer.from(stdin).toString("latin1")).slice(0, 1200)}`;
}
