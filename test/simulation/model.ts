/** What should be free, held and at rest: computed anew, without the product's code. */
import type { Allocation, Moment, Owner } from "../../src/core/allocation.ts";
import type { ModelRange } from "./scenario.ts";
import { keyOf, keyText, prefixOf } from "./scenario.ts";
import type { Container, Holder, Process, Simulation } from "./state.ts";

/** One address with what makes it unique. */
export interface Place {
  readonly key: number;
  readonly prefix: number;
  readonly overlapping: boolean;
}

/** An owner as a text that no other owner has. */
export function ownerText({ network, node, pod, interfaceName }: Owner): string {
  return `${network}|${node}|${pod}|${interfaceName}`;
}

/** Whether two owners cannot both have these. */
export function excludes(a: Place, b: Place): boolean {
  return a.key === b.key && ((a.overlapping && b.overlapping) || a.prefix === b.prefix);
}

/** What the model knows of an allocation that was just written. */
export function holderOf(
  { containers, step }: Simulation,
  allocation: Allocation,
  old: Holder | undefined,
): Holder | undefined {
  const container = containers.get(allocation.containerId);
  if (container === undefined) return undefined;
  const keys = allocation.holdings.map(({ address }) => keyOf(address));
  const prefixes = allocation.holdings.map(({ cidr }) => prefixOf(cidr));
  const isConfirmation = old?.container === container;
  return { allocation, container, keys, prefixes, step, isConfirmation };
}

/** The addresses of a holder, each with what makes it unique. */
export function placesOf({ allocation, keys, prefixes }: Holder): readonly Place[] {
  return allocation.holdings.map(({ overlapping }, index) => ({
    key: keys[index] ?? 0,
    prefix: prefixes[index] ?? 0,
    overlapping,
  }));
}

/** Whether another owner of the network holds the place, or has it at rest by the store's own account. */
export function isTaken(
  { holders, data }: Simulation,
  place: Place,
  { network, owner, wallMs }: { network: string; owner: string; wallMs: number },
): boolean {
  for (const [other, { allocation, keys, prefixes }] of holders) {
    if (other === owner || allocation.owner.network !== network) continue;
    for (let index = 0; index < keys.length; index++) {
      if (keys[index] !== place.key) continue;
      const isOpen = place.overlapping && allocation.holdings[index]?.overlapping === true;
      if (isOpen || prefixes[index] === place.prefix) return true;
    }
  }
  for (const { holding, lastOwner, untilMs } of data.rests) {
    if (untilMs <= wallMs || lastOwner.network !== network) continue;
    const { address, cidr, overlapping } = holding;
    const rest = { key: keyOf(address), prefix: prefixOf(cidr), overlapping };
    if (excludes(rest, place) && ownerText(lastOwner) !== owner) return true;
  }
  return false;
}

/** The lowest address of a range that an owner could have; undefined if there is none. */
export function lowestFree(
  simulation: Simulation,
  { container, wallMs }: { container: Container; wallMs: number },
  { prefix, keys }: ModelRange,
): number | undefined {
  const { network, overlapping } = container.profile;
  const asker = { network, owner: container.owner, wallMs };
  return keys.find((key) => !isTaken(simulation, { key, prefix, overlapping }, asker));
}

/** Whether a call received at `received`, in the present boot of its node, comes after a confirmation. */
export function isBefore({ moment }: Allocation, received: Moment): boolean {
  if (moment === undefined || moment.bootId !== received.bootId) return true;
  return moment.monotonicUs < received.monotonicUs;
}

/** Whether the runtime knows that the container of a holder is gone. */
export function isDead({ container }: Holder): boolean {
  return !container.isAlive;
}

/** Whether anybody on the holder's node could have seen since `sinceUs` that its container is gone. */
export function isProvablyDead(
  { nowUs }: Simulation,
  { allocation, container }: Holder,
  sinceUs: number,
): boolean {
  const { slot, isAlive, diedUs } = container;
  const { machine, sharesPath } = slot;
  if (isAlive || diedUs >= sinceUs || nowUs < sinceUs) return false;
  if (allocation.moment?.bootId !== `${machine.id}-boot-${machine.boot}`)
    // A claim of an earlier boot registers that one anew: as if two hosts had one node id.
    return machine.bootedUs < sinceUs && machine.lastLateUs < sinceUs;
  const { netns } = allocation;
  // A path that others have meanwhile, and an inode that was used again, may hide it.
  if (netns === undefined || sharesPath || machine.isBlind) return false;
  if (machine.lastBlindUs >= sinceUs) return false;
  return !machine.namespaces.has(netns.path);
}

/** A process for a message: `ADD of c3 (process 7)`. */
export function processText({ kind, number, container, machine }: Process): string {
  const subject = container === undefined ? machine.id : container.id;
  return `${kind.toUpperCase()} of ${subject} (process ${number})`;
}

/** Addresses for a message. */
export function keysText(keys: readonly number[]): string {
  return keys.length === 0 ? "nothing" : keys.map(keyText).join(" + ");
}

/** Whether two lists of addresses are the same, in the same order. */
export function equalKeys(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((key, index) => key === b[index]);
}
