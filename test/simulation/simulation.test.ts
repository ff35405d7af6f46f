/** The promises of the product under chance: interleavings, lost messages, crashes, clocks, reboots. */
import { expect, test } from "bun:test";
import { formatCoverage } from "./coverage.ts";
import { faultKinds } from "./decision.ts";
import type { Slice } from "./run.ts";
import { playInParallel } from "./run.ts";
import { playDecisions, playSeed } from "./schedule.ts";
import { historyOf, shrink } from "./shrink.ts";

/** As many as every run of the tests plays. */
const SCHEDULES = 100_000;

/** Far more than a loaded machine takes. */
const TIMEOUT_MS = 900_000;

/** Plays schedules, prints what they covered, and fails with the shortened history of one that broke a promise. */
async function play(slice: Slice): ReturnType<typeof playInParallel> {
  process.stdout.write(`simulation: ${slice.count} schedules, seeds from ${slice.first}\n`);
  const ran = await playInParallel(slice, navigator.hardwareConcurrency);
  for (const line of formatCoverage(ran.coverage)) process.stdout.write(`  ${line}\n`);
  if (ran.failing === undefined) return ran;
  const history = await historyOf(await shrink(await playSeed(ran.failing)));
  throw new Error(
    `${history.join("\n")}\nTo play it again: make simulate ARGS="--seed ${ran.failing}"`,
  );
}

test(
  `${SCHEDULES} schedules keep every promise`,
  async () => {
    const { coverage } = await play({ first: 1, count: SCHEDULES });
    expect(coverage.schedules).toBe(SCHEDULES);
    expect(coverage.interleavings.size).toBeGreaterThan(SCHEDULES * 0.99);
    for (const kind of faultKinds)
      expect(coverage.events.get(`fault ${kind}`)).toBeGreaterThan(SCHEDULES / 20);
    // Processes were killed wherever they wait: for each request, before and after it was carried out.
    for (const request of ["find", "claim", "release", "list", "usage", "register"]) {
      expect(coverage.events.get(`crash in ${request}`)).toBeGreaterThan(0);
      expect(coverage.events.get(`crash in ${request}, carried out`)).toBeGreaterThan(0);
    }
    expect(coverage.events.get("crash in sleep")).toBeGreaterThan(0);
    const proofs = [...coverage.events.keys()].filter((event) => event.startsWith("dead: "));
    expect(proofs).toHaveLength(4);
    // What may end an allocation, and what an ADD may end with, came about: else nothing was put to the test.
    for (const event of [
      "add succeeded",
      "add code 100",
      "add code 101",
      "add code 11",
      "taken over",
      "rolled back",
      "freed by DEL",
      "freed by GC",
      "reclaimed",
      "filled",
    ])
      expect(coverage.events.get(event)).toBeGreaterThan(SCHEDULES / 50);
    expect(coverage.events.get("exchanged")).toBeGreaterThan(SCHEDULES / 1000);
  },
  TIMEOUT_MS,
);

test(
  "schedules that were never played before keep every promise",
  async () => {
    await play({ first: Math.floor(Math.random() * 2 ** 31), count: SCHEDULES / 50 });
  },
  TIMEOUT_MS,
);

test(
  "playSeed() plays a seed in the same way each time, and playDecisions() its decisions",
  async () => {
    for (let seed = 1; seed <= 200; seed++) {
      const { scenario, decisions, events } = await playSeed(seed);
      expect(await playSeed(seed)).toEqual({ scenario, decisions, events, broken: undefined });
      const again = await playDecisions(scenario, decisions);
      expect(again.decisions).toEqual(decisions);
      expect(again.events).toEqual(events);
    }
  },
  TIMEOUT_MS,
);
