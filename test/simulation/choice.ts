/** Chooses what happens next, out of all that could. */
import type { Random } from "../process/random.ts";
import type { Decision, Fault } from "./decision.ts";
import { faultKinds } from "./decision.ts";
import type { Process, Simulation, Slot } from "./state.ts";

/** How many calls run at once, at most. */
const CROWD = 7;

/** Chooses for one schedule. */
export interface Chooser {
  /** `mustFail`: a fault is wanted. */
  next(simulation: Simulation, mustFail: boolean): Decision;
}

/** A chooser that a seed decides. */
export function makeChooser(random: Random): Chooser {
  let numbers = 0;
  let last = -1;
  const chance = (probability: number): boolean => random.fraction() < probability;

  function next(simulation: Simulation, mustFail: boolean): Decision {
    const { faultRate, stickiness } = simulation.scenario;
    if (mustFail || chance(faultRate)) {
      const fault = chooseFault(simulation);
      if (fault !== undefined) return fault;
    }
    const { processes, ghosts } = simulation;
    const moves = [...processes.values()].flatMap((process) => moveOf(process) ?? []);
    const isCrowded = processes.size >= CROWD;
    if (moves.length > 0 && (isCrowded || chance(1 - 1 / (moves.length + 1)))) {
      const same = moves.find((move) => "process" in move && move.process === last);
      const move = same !== undefined && chance(stickiness) ? same : random.pick(moves);
      if ("process" in move) last = move.process;
      return move;
    }
    if (ghosts.size > 0 && chance(0.2)) {
      return { kind: "late", ghost: random.pick([...ghosts.keys()]) };
    }
    const blind = simulation.machines.find(({ isBlind }) => isBlind);
    if (blind !== undefined && chance(0.2)) return { kind: "see", node: blind.index };
    const begun = isCrowded || chance(0.05) ? undefined : chooseCall(simulation);
    return begun ?? { kind: "pass", ms: random.pick([1, 500, 2500, 8000]) };
  }

  /** What a process would do next, if it can. */
  function moveOf({ number, waiting, isFrozen }: Process): Decision | undefined {
    if (waiting === undefined) return undefined;
    if (isFrozen && chance(0.7)) {
      const isSent = waiting.wakeUs === undefined && !waiting.isApplied;
      return isSent ? { kind: "apply", process: number } : undefined;
    }
    if (isFrozen) return { kind: "thaw", process: number };
    if (waiting.wakeUs !== undefined) return { kind: "wake", process: number };
    return { kind: waiting.isApplied ? "reply" : "apply", process: number };
  }

  /** One of the actors begins something: the pods of the slots, and a housekeeper of each node. */
  function chooseCall(simulation: Simulation): Decision | undefined {
    const { slots, machines, processes } = simulation;
    const actor = random.below(slots.length + machines.length);
    const slot = slots[actor];
    const process = ++numbers;
    if (slot !== undefined) return chooseInSlot(slot, process);
    const machine = machines[actor - slots.length];
    if (machine === undefined) return undefined;
    for (const { kind, machine: home } of processes.values()) {
      if (home === machine && (kind === "gc" || kind === "reclaim")) return undefined;
    }
    const { index: node } = machine;
    return chance(0.5)
      ? { kind: "reclaim", process, node }
      : { kind: "gc", process, node, foreign: chance(0.4) };
  }

  function chooseInSlot(slot: Slot, process: number): Decision | undefined {
    const { index, container, containers, attached, profile, profiles } = slot;
    const older = containers.length > 0 ? random.pick(containers) : undefined;
    if (older !== undefined && older !== attached?.container && chance(0.12))
      return { kind: "del", process, slot: index, container: older.number };
    if (attached !== undefined) return undefined;
    if (container?.isAlive !== true) {
      if (profiles.length > 1 && chance(0.4)) return { kind: "configure", slot: index };
      const ask = chance(0.12) ? random.below(profile.ranges[0]?.keys.length ?? 0) : -1;
      return { kind: "add", process, slot: index, container: 1000 + process, ask };
    }
    const again: Decision = {
      kind: "add",
      process,
      slot: index,
      container: container.number,
      ask: container.ask,
    };
    const del: Decision = { kind: "del", process, slot: index, container: container.number };
    const kill: Decision = { kind: "kill", slot: index };
    if (container.told === undefined) return random.pick([again, again, del, kill]);
    const check: Decision = { kind: "check", process, slot: index };
    const status: Decision = { kind: "status", process, slot: index };
    return random.pick([again, del, del, kill, kill, check, status]);
  }

  function chooseFault(simulation: Simulation): Fault | undefined {
    const { slots, machines } = simulation;
    const kind = random.pick(faultKinds);
    const machine = random.pick(machines);
    const { index: node } = machine;
    switch (kind) {
      case "jump":
        return { kind, node, ms: random.pick([-3_600_000, -1500, 1500, 3_600_000]) };
      case "reboot":
        return chance(0.4) ? { kind, node, keep: chance(0.5) } : undefined;
      case "blind":
        return machine.isBlind ? undefined : { kind, node };
      case "flicker":
        return { kind, slot: random.below(slots.length) };
      case "hang-up":
      case "fall-back":
        return chooseAbandonment(kind, simulation);
      case "lose-request":
      case "lose-reply":
      case "delay":
      case "duplicate":
      case "crash":
      case "freeze":
        return chooseProcessFault(kind, simulation);
    }
  }

  function chooseProcessFault(
    kind: "lose-request" | "lose-reply" | "delay" | "duplicate" | "crash" | "freeze",
    { processes }: Simulation,
  ): Fault | undefined {
    if (processes.size === 0) return undefined;
    const process = random.pick([...processes.values()]);
    const { number, waiting } = process;
    const isSent = waiting !== undefined && waiting.wakeUs === undefined && !waiting.isApplied;
    switch (kind) {
      case "lose-request":
      case "delay":
      case "duplicate":
        return isSent ? { kind, process: number } : undefined;
      case "lose-reply":
        return waiting?.isApplied === true ? { kind, process: number } : undefined;
      case "crash":
        return { kind, process: number, keep: chance(0.5) };
      case "freeze":
        return process.isFrozen ? undefined : { kind, process: number };
    }
  }

  /** The runtime waits no longer for one of its calls. */
  function chooseAbandonment(
    kind: "hang-up" | "fall-back",
    { slots }: Simulation,
  ): Fault | undefined {
    const calls = slots.flatMap(({ attached }) => attached ?? []);
    if (calls.length === 0) return undefined;
    // The DEL of a container that is added again is rare, and much hangs on it.
    const rare = calls.find((call) => call.kind === "del" && call.container?.isAlive === true);
    const { number: process, kind: call } = rare ?? random.pick(calls);
    const noticed = chance(0.7);
    if (kind === "hang-up") return { kind, process, noticed };
    if (call !== "add" && call !== "del") return undefined;
    return { kind, process, successor: ++numbers, noticed };
  }

  return { next };
}
