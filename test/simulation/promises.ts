/** The promises that hold at every moment, held against each step. Each throws {@link BrokenPromise}. */
import { equalKeys, isTaken, keysText } from "./model.ts";
import { keyText } from "./scenario.ts";
import type { Container, Holder, Process, Simulation } from "./state.ts";
import { BrokenPromise, wallMsOf } from "./state.ts";

/** What must hold after every step, whatever happened in it. */
export function judgeStep(simulation: Simulation): void {
  const { slots, holders, processes } = simulation;
  for (const { container } of slots) {
    if (container?.told !== undefined && container.isAlive)
      judgeTold(simulation, container, container.told, holders.get(container.owner));
  }
  for (const process of processes.values()) {
    if (!process.sawFull && (process.kind === "add" || process.kind === "status"))
      process.sawFull = seesFull(simulation, process);
  }
}

/** A container that lives and was told its addresses holds exactly these, and shares them with nobody. */
function judgeTold(
  { slots }: Simulation,
  container: Container,
  told: readonly number[],
  holder: Holder | undefined,
): void {
  if (holder?.container !== container || !equalKeys(holder.keys, told))
    throw new BrokenPromise(
      "what was answered is held",
      `${container.id} lives and was told ${keysText(told)}; its owner holds ${keysText(holder?.keys ?? [])}`,
    );
  const { profile, slot } = container;
  for (const { container: other } of slots.slice(0, slot.index)) {
    if (other?.told === undefined || !other.isAlive) continue;
    const { profile: others } = other;
    if (profile.network !== others.network) continue;
    for (const [at, key] of told.entries()) {
      const position = other.told.indexOf(key);
      if (position < 0) continue;
      const isOpen = profile.overlapping && others.overlapping;
      if (isOpen || profile.ranges[at]?.prefix === others.ranges[position]?.prefix)
        throw new BrokenPromise("unique", `${container.id} and ${other.id} have ${keyText(key)}`);
    }
  }
}

/** Whether something that a process asks for cannot be had now. */
function seesFull(simulation: Simulation, { slot, container, machine }: Process): boolean {
  if (slot === undefined) return false;
  const wallMs = wallMsOf(simulation, machine);
  const { network, overlapping, ranges } = (container ?? slot).profile;
  const asker = { network, owner: container?.owner ?? "", wallMs };
  return ranges.some(({ prefix, keys }, index) => {
    const requested = index === 0 ? keys[container?.ask ?? -1] : undefined;
    const asked = requested === undefined ? keys : [requested];
    return asked.every((key) => isTaken(simulation, { key, prefix, overlapping }, asker));
  });
}
