/** The promises about every change of the store, held against it as it happens. Each throws {@link BrokenPromise}. */
import type { Allocation } from "../../src/core/allocation.ts";
import {
  equalKeys,
  excludes,
  holderOf,
  isBefore,
  isDead,
  isTaken,
  keysText,
  lowestFree,
  ownerText,
  placesOf,
  processText,
} from "./model.ts";
import type { ModelRange } from "./scenario.ts";
import { keyText } from "./scenario.ts";
import type { Holder, Process, Simulation, Waiting } from "./state.ts";
import { BrokenPromise, note, wallMsOf } from "./state.ts";

/** How long a container must have been dead before it is taken for dead: two sightings lie that far apart. */
const SIGHTINGS_US = 3_000_000;

/** Lets a request happen in the store, and judges every change that it makes. */
export function applyAndJudge(simulation: Simulation, process: Process, waiting: Waiting): void {
  const before = simulation.data.allocations;
  const choices = waiting.claim === undefined ? [] : choicesBefore(simulation, process);
  if (waiting.claim !== undefined) process.claims++;
  waiting.isApplied = true;
  waiting.apply();
  const after = simulation.data.allocations;
  if (before === after) return;
  for (const allocation of before) {
    if (after.includes(allocation)) continue;
    const holder = simulation.holders.get(ownerText(allocation.owner));
    if (holder?.allocation !== allocation) throw new Error("The model lost sight of the store");
    if (waiting.claim === undefined) {
      simulation.trace?.(`    ${keysText(holder.keys)} of ${holder.container.id} is freed`);
      judgeRelease(simulation, process, holder);
      letRest(simulation, holder, holder.keys);
      simulation.holders.delete(ownerText(allocation.owner));
    }
  }
  for (const allocation of after) {
    if (!before.includes(allocation)) judgeClaim(simulation, process, allocation, choices);
  }
}

/** What a claim may choose for a range. */
interface Choice {
  readonly range: ModelRange;
  readonly lowest: number | undefined;
  /** What its owner holds already, and that fits. */
  readonly kept: number | undefined;
  /** Whether nothing stands in the way of keeping that. */
  readonly mustKeep: boolean;
}

/** For each range of a process's container what a claim may choose. */
function choicesBefore(
  simulation: Simulation,
  { machine, container, claims }: Process,
): readonly Choice[] {
  if (container === undefined) return [];
  const { owner, profile } = container;
  const { network, overlapping, ranges } = profile;
  const wallMs = wallMsOf(simulation, machine);
  const old = simulation.holders.get(owner);
  const places = old === undefined ? [] : placesOf(old);
  return ranges.map((range, index): Choice => {
    const { prefix, first, last } = range;
    const lowest = lowestFree(simulation, { container, wallMs }, range);
    const place = places[index];
    if (place === undefined || place.key < first || place.key > last)
      return { range, lowest, kept: undefined, mustKeep: false };
    // Under another prefix or setting another owner may have it, or had it when this process claimed before.
    const isAtHome = place.prefix === prefix && place.overlapping === overlapping;
    const moved = { key: place.key, prefix, overlapping };
    const isFree = claims === 0 && !isTaken(simulation, moved, { network, owner, wallMs });
    return { range, lowest, kept: place.key, mustKeep: isAtHome || isFree };
  });
}

/** Whether a process was in the right to end an allocation. */
function judgeRelease(simulation: Simulation, process: Process, holder: Holder): void {
  const { allocation, container, isConfirmation } = holder;
  const { kind, machine, received } = process;
  const what = `${processText(process)} freed ${keysText(holder.keys)} of ${container.id}`;
  const isOwn = process.container?.owner === ownerText(allocation.owner);
  if (kind === "del") {
    if (!isOwn || process.container !== container) throw new BrokenPromise("yours only", what);
    if (!isBefore(allocation, received))
      throw new BrokenPromise("yours only", `${what}, which was confirmed later`);
    note(simulation, "freed by DEL");
    return;
  }
  if (kind === "add" && isOwn && allocation.attempt === process.attempt) {
    if (isConfirmation)
      throw new BrokenPromise("yours only", `${what}, which it had only confirmed`);
    note(simulation, "rolled back");
    return;
  }
  if (container.slot.machine !== machine) throw new BrokenPromise("yours only", what);
  if (kind === "gc") {
    if (!isBefore(allocation, received))
      throw new BrokenPromise("yours only", `${what}, which was confirmed later`);
    if (process.valid.has(container.id) || (!isDead(holder) && allocation.netns !== undefined))
      throw new BrokenPromise("yours only", `${what}, which lives`);
    note(simulation, "freed by GC");
    return;
  }
  if (kind !== "add" && kind !== "reclaim") throw new BrokenPromise("yours only", what);
  if (!isDead(holder))
    throw new BrokenPromise("reclaimed on proof", `${what}, which lives, or was allocated anew`);
  // What flickered may have been seen to be gone before it was.
  if (simulation.nowUs - container.diedUs < SIGHTINGS_US && !container.hasFlickered)
    throw new BrokenPromise("reclaimed on proof", `${what}, which died less than 3 s ago`);
  note(simulation, "reclaimed");
}

/** Whether an allocation that was just written may be as it is. */
function judgeClaim(
  simulation: Simulation,
  process: Process,
  allocation: Allocation,
  choices: readonly Choice[],
): void {
  const owner = ownerText(allocation.owner);
  const old = simulation.holders.get(owner);
  const holder = holderOf(simulation, allocation, old);
  const { container } = process;
  if (holder === undefined || container === undefined || holder.container !== container)
    throw new BrokenPromise("yours only", `${processText(process)} wrote another's allocation`);
  const what = `${processText(process)} took ${keysText(holder.keys)}`;
  simulation.trace?.(`    ${container.id} holds ${keysText(holder.keys)}`);
  for (const [other, { keys, allocation: theirs, ...more }] of simulation.holders) {
    if (other === owner || theirs.owner.network !== allocation.owner.network) continue;
    const places = placesOf({ keys, allocation: theirs, ...more });
    for (const place of placesOf(holder)) {
      if (places.some((each) => excludes(each, place)))
        throw new BrokenPromise("unique", `${what}, which ${more.container.id} holds`);
    }
  }
  judgeSuccession(what, allocation, old, holder);
  judgeAddresses(what, holder, old, choices);
  judgeRests(simulation, what, owner, holder);
  if (old !== undefined) {
    const dropped = old.keys.filter((key) => !holder.keys.includes(key));
    letRest(simulation, old, dropped);
    if (!holder.isConfirmation) note(simulation, dropped.length === 0 ? "taken over" : "exchanged");
  }
  simulation.holders.set(owner, holder);
}

function judgeSuccession(
  what: string,
  { moment }: Allocation,
  old: Holder | undefined,
  holder: Holder,
): void {
  const earlier = old?.allocation.moment;
  if (earlier !== undefined && moment !== undefined && earlier.bootId === moment.bootId) {
    if (earlier.monotonicUs > moment.monotonicUs)
      throw new BrokenPromise("fencing", `${what}, though a later ADD was confirmed already`);
  }
  if (old?.container === holder.container && !equalKeys(old.keys, holder.keys))
    throw new BrokenPromise("idempotent", `${what}, after ${keysText(old.keys)}`);
}

/** All or nothing, never given out, lowest first, and a new incarnation keeps what the old one had. */
function judgeAddresses(
  what: string,
  { keys, container }: Holder,
  old: Holder | undefined,
  choices: readonly Choice[],
): void {
  if (keys.length !== choices.length) throw new BrokenPromise("all or nothing", what);
  for (const [index, { range, lowest, kept, mustKeep }] of choices.entries()) {
    const key = keys[index] ?? -1;
    const requested = index === 0 ? range.keys[container.ask] : undefined;
    // What is held already fits whatever lies in the prefix.
    if (!range.keys.includes(key) && key !== kept)
      throw new BrokenPromise("never given out", `${what}: ${keyText(key)}`);
    if (requested !== undefined && key !== requested && old?.container !== container)
      throw new BrokenPromise("as requested", `${what}, not ${keyText(requested)}`);
    if (requested !== undefined || key === kept) continue;
    if (kept !== undefined && mustKeep)
      throw new BrokenPromise("a new incarnation keeps", `${what}, not ${keyText(kept)}`);
    if (key !== lowest)
      throw new BrokenPromise(
        "lowest first",
        `${what}, not ${keysText(lowest === undefined ? [] : [lowest])}`,
      );
  }
}

function judgeRests(
  { rests, hasJumped, nowUs }: Simulation,
  what: string,
  owner: string,
  holder: Holder,
): void {
  if (hasJumped) return;
  for (const rest of rests) {
    if (rest.untilUs <= nowUs || rest.owner === owner) continue;
    if (rest.network !== holder.allocation.owner.network) continue;
    if (placesOf(holder).some((place) => excludes(place, rest)))
      throw new BrokenPromise("reuse_delay", `${what}, which rests for another owner`);
  }
}

/** Addresses that are let go rest. */
function letRest(simulation: Simulation, holder: Holder, keys: readonly number[]): void {
  const { nowUs, scenario } = simulation;
  simulation.rests = simulation.rests.filter((rest) => rest.untilUs > nowUs);
  if (scenario.reuseDelaySeconds === 0) return;
  const { network } = holder.allocation.owner;
  // A millisecond is what the store's clock may leave out.
  const untilUs = nowUs + scenario.reuseDelaySeconds * 1e6 - 1000;
  const owner = ownerText(holder.allocation.owner);
  for (const place of placesOf(holder)) {
    if (keys.includes(place.key)) simulation.rests.push({ ...place, owner, network, untilUs });
  }
}
