/** How a simulation begins. */
import { emptyMemoryData } from "../../src/store/memory/memory-data.ts";
import type { Scenario } from "./scenario.ts";
import type { Machine, Simulation, Slot } from "./state.ts";

/** A simulation in which nothing has happened yet. */
export function makeSimulation(scenario: Scenario, trace?: (line: string) => void): Simulation {
  const machines = ["node-a", "node-b"].map((id, index): Machine => ({
    index,
    id,
    boot: 1,
    bootedUs: 0,
    skewMs: 0,
    isBlind: false,
    lastBlindUs: -1,
    lastLateUs: -1,
    namespaces: new Map(),
    freed: [],
  }));
  const slots = scenario.slots.flatMap((plan, index): Slot[] => {
    const machine = machines[plan.node];
    if (machine === undefined) return [];
    const { profiles, hasUid, sharesPath } = plan;
    const [profile] = profiles;
    if (profile === undefined) return [];
    return [
      {
        index,
        machine,
        profiles,
        profile,
        hasUid,
        sharesPath,
        container: undefined,
        containers: [],
        attached: undefined,
      },
    ];
  });
  return {
    scenario,
    data: emptyMemoryData(),
    machines,
    slots,
    containers: new Map(),
    processes: new Map(),
    ghosts: new Map(),
    holders: new Map(),
    rests: [],
    nowUs: 0,
    step: 0,
    ghostCount: 0,
    hasJumped: false,
    events: new Map(),
    trace,
  };
}
