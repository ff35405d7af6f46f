/** Carries out what happens in a slot: its containers come and go, and are called for. */
import { begin, killContainer, makeContainer, overtake } from "./beginning.ts";
import type { Decision } from "./decision.ts";
import { isForeignGcOn } from "./machine-execution.ts";
import type { Container, Simulation, Slot } from "./state.ts";

/** How long a network namespace seems to be gone: less than lies between two sightings. */
const FLICKER_US = 2_000_000;

/** The decisions about a slot. */
type OfSlot = Extract<Decision, { slot: number }>;

/** Carries out a decision about a slot; false if it is not possible now. */
export async function carryInSlot(
  simulation: Simulation,
  slot: Slot,
  decision: OfSlot,
): Promise<boolean> {
  const { machine } = slot;
  if (decision.kind === "kill") {
    if (slot.container?.isAlive !== true) return false;
    killContainer(simulation, slot.container);
    return true;
  }
  if (decision.kind === "configure") {
    slot.profile = slot.profiles.find((profile) => profile !== slot.profile) ?? slot.profile;
    return true;
  }
  if (decision.kind === "flicker") {
    const { container } = slot;
    if (container?.isAlive !== true || container.hasFlickered || isForeignGcOn(simulation, machine))
      return false;
    container.hasFlickered = true;
    container.flickersUntilUs = simulation.nowUs + FLICKER_US;
    machine.lastBlindUs = Math.max(machine.lastBlindUs, container.flickersUntilUs);
    return true;
  }
  if (simulation.processes.has(decision.process)) return false;
  if (decision.kind === "status") {
    await begin(simulation, decision.process, "status", machine, { slot });
    return true;
  }
  if (slot.attached !== undefined && decision.kind !== "del") return false;
  const container = containerFor(simulation, slot, decision);
  if (container === undefined) return false;
  // The runtime waits for one call of a container at a time.
  if (slot.attached?.container === container) return false;
  if (decision.kind === "del") {
    container.told = undefined;
    container.version++;
  }
  if (decision.kind === "add") overtake(simulation, container);
  const process = await begin(simulation, decision.process, decision.kind, machine, {
    slot,
    container,
  });
  if (process.exitCode === undefined && slot.attached === undefined) slot.attached = process;
  return true;
}

/** The container that a call is about; an ADD may make it. */
function containerFor(
  simulation: Simulation,
  slot: Slot,
  decision: Exclude<OfSlot, { kind: "kill" | "configure" | "flicker" | "status" }>,
): Container | undefined {
  if (decision.kind === "check")
    return slot.container?.told === undefined ? undefined : slot.container;
  const known = simulation.containers.get(`c${decision.container}`);
  if (decision.kind === "del") return known?.slot === slot ? known : undefined;
  if (known === undefined && slot.container?.isAlive !== true)
    return makeContainer(simulation, slot, decision.container, decision.ask);
  return known?.isAlive === true && known === slot.container ? known : undefined;
}
