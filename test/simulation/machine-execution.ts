/** Carries out what happens on a machine: housekeeping, clocks, reboots. */
import { begin, killContainer } from "./beginning.ts";
import type { Decision } from "./decision.ts";
import { crash } from "./process-execution.ts";
import type { Machine, Simulation } from "./state.ts";

type OnMachine = Extract<Decision, { node: number }>;

/** Carries out a decision about a machine; false if it is not possible now. */
export async function carryOnMachine(
  simulation: Simulation,
  machine: Machine,
  decision: OnMachine,
): Promise<boolean> {
  switch (decision.kind) {
    case "gc":
    case "reclaim": {
      const { kind } = decision;
      if (simulation.processes.has(decision.process)) return false;
      const isBlind = machine.isBlind || machine.lastBlindUs >= simulation.nowUs;
      if (decision.kind === "gc" && decision.foreign && isBlind) return false;
      const valid = decision.kind === "gc" ? listed(simulation, machine, decision.foreign) : [];
      await begin(simulation, decision.process, kind, machine, { valid: new Set(valid) });
      return true;
    }
    case "jump":
      simulation.hasJumped = true;
      machine.skewMs += decision.ms;
      return true;
    case "reboot":
      reboot(simulation, machine, decision.keep);
      return true;
    case "blind":
      if (machine.isBlind || isForeignGcOn(simulation, machine)) return false;
      machine.isBlind = true;
      return true;
    case "see":
      if (!machine.isBlind) return false;
      machine.isBlind = false;
      machine.lastBlindUs = Math.max(machine.lastBlindUs, simulation.nowUs);
      return true;
  }
}

/** What a runtime lists: all that lives. Another one's list lacks what it cannot know; that must protect itself. */
function listed(
  { slots, holders, processes }: Simulation,
  machine: Machine,
  foreign: boolean,
): readonly string[] {
  return slots.flatMap(({ container, machine: home }) => {
    if (home !== machine || container?.isAlive !== true) return [];
    const holder = holders.get(container.owner);
    const isBusy = [...processes.values()].some((each) => each.container === container);
    const isRecorded = holder?.container === container && holder.allocation.netns !== undefined;
    return foreign && isRecorded && !isBusy ? [] : [container.id];
  });
}

/** Whether a GC runs whose list lacks what lives here: nobody may be kept from seeing it then. */
export function isForeignGcOn({ processes, slots }: Simulation, machine: Machine): boolean {
  return [...processes.values()].some(
    ({ kind, machine: home, valid }) =>
      kind === "gc" &&
      home === machine &&
      slots.some(({ container }) => container?.isAlive === true && !valid.has(container.id)),
  );
}

function reboot(simulation: Simulation, machine: Machine, keep: boolean): void {
  for (const process of simulation.processes.values()) {
    if (process.machine === machine) crash(simulation, process, keep);
  }
  for (const { container, machine: home } of simulation.slots) {
    if (home === machine && container !== undefined) killContainer(simulation, container);
  }
  machine.namespaces.clear();
  machine.boot++;
  machine.bootedUs = simulation.nowUs;
}
