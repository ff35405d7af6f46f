/** Carries out decisions, as far as they are possible: a shortened schedule may have lost what they hang on. */
import { applyAndJudge } from "./changes.ts";
import type { Decision } from "./decision.ts";
import { isFault } from "./decision.ts";
import { carryOnMachine } from "./machine-execution.ts";
import { processText } from "./model.ts";
import { carryInProcess } from "./process-execution.ts";
import { judgeStep } from "./promises.ts";
import { carryInSlot } from "./slot-execution.ts";
import type { Simulation } from "./state.ts";
import { note, presentOf } from "./state.ts";

/** How long every step takes. */
const STEP_US = 1000;

/** Carries a decision out and judges what came of it. False if it is not possible now. Throws `BrokenPromise`. */
export async function execute(simulation: Simulation, decision: Decision): Promise<boolean> {
  simulation.step++;
  simulation.nowUs += STEP_US;
  simulation.trace?.(describe(simulation, decision));
  if (!(await carry(simulation, decision))) {
    // It leaves no trace, so that the decisions that were possible play alike without it.
    simulation.trace?.("    (not possible)");
    simulation.step--;
    simulation.nowUs -= STEP_US;
    return false;
  }
  if (isFault(decision)) note(simulation, `fault ${decision.kind}`);
  judgeStep(simulation);
  return true;
}

function describe(simulation: Simulation, decision: Decision): string {
  const { step, processes, ghosts } = simulation;
  const { kind, ...more } = decision;
  const process = "process" in decision ? processes.get(decision.process) : undefined;
  const ghost = kind === "late" ? ghosts.get(decision.ghost) : undefined;
  const waiting = ghost?.waiting ?? process?.waiting;
  const caller = ghost?.process ?? process;
  const request = waiting === undefined ? "" : `${waiting.name} of `;
  const words = Object.entries(more)
    .filter(([name]) => caller === undefined || name !== "process")
    .map(([name, value]) => `${name} ${value}`);
  const subject = caller === undefined ? [] : [`${request}${processText(caller)}`];
  return `${step}. ${kind}: ${[...subject, ...words].join(", ")}`;
}

async function carry(simulation: Simulation, decision: Decision): Promise<boolean> {
  const { slots, machines, processes } = simulation;
  if ("slot" in decision) {
    const slot = slots[decision.slot];
    return slot !== undefined && (await carryInSlot(simulation, slot, decision));
  }
  if ("node" in decision) {
    const machine = machines[decision.node];
    return machine !== undefined && (await carryOnMachine(simulation, machine, decision));
  }
  if (decision.kind === "pass") {
    simulation.nowUs += decision.ms * 1000;
    return true;
  }
  if (decision.kind === "late") {
    const ghost = simulation.ghosts.get(decision.ghost);
    if (ghost === undefined) return false;
    simulation.ghosts.delete(decision.ghost);
    const { machine, received } = ghost.process;
    if (received.bootId !== presentOf(simulation, machine).bootId)
      machine.lastLateUs = simulation.nowUs;
    applyAndJudge(simulation, ghost.process, ghost.waiting);
    return true;
  }
  const process = processes.get(decision.process);
  return process !== undefined && (await carryInProcess(simulation, process, decision));
}
