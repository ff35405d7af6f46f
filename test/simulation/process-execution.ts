/** Carries out what happens to a process and its requests. */
import { WhereaboutsError } from "../../src/core/error.ts";
import { begin, overtake, remove, resume } from "./beginning.ts";
import { applyAndJudge } from "./changes.ts";
import type { Decision } from "./decision.ts";
import type { Process, Simulation } from "./state.ts";
import { note } from "./state.ts";

type InProcess = Extract<Decision, { process: number }> & { slot?: never; node?: never };

/** Carries out a decision about a process; false if it is not possible now. */
export async function carryInProcess(
  simulation: Simulation,
  process: Process,
  decision: InProcess,
): Promise<boolean> {
  const { waiting } = process;
  if (waiting === undefined) return false;
  const isSent = waiting.wakeUs === undefined && !waiting.isApplied;
  switch (decision.kind) {
    case "apply":
      if (!isSent) return false;
      applyAndJudge(simulation, process, waiting);
      return true;
    case "reply":
      if (process.isFrozen || !waiting.isApplied) return false;
      await resume(simulation, process, waiting.reply);
      return true;
    case "wake":
      if (process.isFrozen || waiting.wakeUs === undefined) return false;
      simulation.nowUs = Math.max(simulation.nowUs, waiting.wakeUs);
      await resume(simulation, process, waiting.reply);
      return true;
    case "thaw":
      if (!process.isFrozen) return false;
      process.isFrozen = false;
      return true;
    case "lose-request":
      if (!isSent || process.isFrozen) return false;
      await fail(simulation, process);
      return true;
    case "lose-reply":
      if (!waiting.isApplied || process.isFrozen) return false;
      await fail(simulation, process);
      return true;
    case "delay":
      if (!isSent || process.isFrozen) return false;
      haunt(simulation, process);
      await fail(simulation, process);
      return true;
    case "duplicate":
      if (!isSent) return false;
      haunt(simulation, process);
      applyAndJudge(simulation, process, waiting);
      return true;
    case "crash":
      crash(simulation, process, decision.keep);
      return true;
    case "freeze":
      if (process.isFrozen) return false;
      process.isFrozen = true;
      return true;
    case "hang-up":
      return hangUp(process, decision.noticed);
    case "fall-back": {
      const { slot, container, kind } = process;
      if (slot === undefined || container === undefined || slot.attached !== process) return false;
      if (kind === "add" && !container.isAlive) return false;
      if (simulation.processes.has(decision.successor)) return false;
      hangUp(process, decision.noticed);
      process.isFrozen = true;
      if (kind === "add") overtake(simulation, container);
      const next = await begin(simulation, decision.successor, kind, process.machine, {
        slot,
        container,
      });
      if (next.exitCode === undefined) slot.attached = next;
      return true;
    }
  }
}

function hangUp(process: Process, noticed: boolean): boolean {
  const { slot } = process;
  if (slot?.attached !== process) return false;
  slot.attached = undefined;
  process.isUnheard = true;
  process.isCallerGone = noticed;
  return true;
}

/** A process is told that the store failed; whether its request was carried out it cannot tell. */
async function fail(simulation: Simulation, process: Process): Promise<void> {
  const { waiting, attempts } = process;
  process.failures++;
  if (attempts > 0 && waiting?.claim === undefined) process.isRollbackInDoubt = true;
  const error = new WhereaboutsError("store-unavailable", "The store does not answer");
  await resume(simulation, process, () => waiting?.fail(error));
}

/** A process ends where it is; `keep`: what it has sent arrives later. */
export function crash(simulation: Simulation, process: Process, keep: boolean): void {
  const { waiting } = process;
  if (waiting !== undefined)
    note(simulation, `crash in ${waiting.name}${waiting.isApplied ? ", carried out" : ""}`);
  if (keep && waiting !== undefined && !waiting.isApplied) haunt(simulation, process);
  remove(simulation, process);
}

/** What a process has sent arrives later. */
function haunt(simulation: Simulation, process: Process): void {
  const { waiting } = process;
  if (waiting === undefined || waiting.wakeUs !== undefined) return;
  if (waiting.claim !== undefined) process.isRollbackInDoubt = true;
  const number = simulation.ghostCount++;
  simulation.ghosts.set(number, { number, process, waiting });
}
