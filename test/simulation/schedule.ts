/** One schedule: choices and faults, then rest, and what must be true when everything has come to rest. */
import { randomOf } from "../process/random.ts";
import type { Decision } from "./decision.ts";
import { isFault } from "./decision.ts";
import { makeChooser } from "./choice.ts";
import { execute } from "./execution.ts";
import { makeSimulation } from "./new-simulation.ts";
import { dealScenario } from "./scenario.ts";
import type { Scenario } from "./scenario.ts";
import { settle } from "./settlement.ts";
import { BrokenPromise } from "./state.ts";

/** How many faults a schedule has, at least. */
export const FEWEST_FAULTS = 2;

/** What became of a schedule. */
export interface Played {
  readonly scenario: Scenario;
  /** What was chosen and could be done; the coming to rest is not chosen. */
  readonly decisions: readonly Decision[];
  readonly events: ReadonlyMap<string, number>;
  readonly broken: BrokenPromise | undefined;
}

/** Plays the schedule of a seed. */
export async function playSeed(seed: number): Promise<Played> {
  const random = randomOf(seed);
  const scenario = dealScenario(random);
  const chooser = makeChooser(random);
  const decisions: Decision[] = [];
  const simulation = makeSimulation(scenario);
  const broken = await guard(async () => {
    let faults = 0;
    while (decisions.length < scenario.choices || faults < FEWEST_FAULTS) {
      const isLate = scenario.choices - decisions.length <= FEWEST_FAULTS - faults;
      const decision = chooser.next(simulation, isLate);
      // Noted before: whatever breaks belongs to the history.
      decisions.push(decision);
      if (!(await execute(simulation, decision))) decisions.pop();
      else if (isFault(decision)) faults++;
    }
    await settle(simulation);
  });
  return { scenario, decisions, events: simulation.events, broken };
}

/** Plays decisions once more, as far as each is possible. */
export async function playDecisions(
  scenario: Scenario,
  decisions: readonly Decision[],
  trace?: (line: string) => void,
): Promise<Played> {
  const simulation = makeSimulation(scenario, trace);
  const done: Decision[] = [];
  const broken = await guard(async () => {
    for (const decision of decisions) {
      done.push(decision);
      if (!(await execute(simulation, decision))) done.pop();
    }
    await settle(simulation);
  });
  return { scenario, decisions: done, events: simulation.events, broken };
}

async function guard(play: () => Promise<void>): Promise<BrokenPromise | undefined> {
  try {
    await play();
    return undefined;
  } catch (error) {
    if (error instanceof BrokenPromise) return error;
    throw error;
  }
}
