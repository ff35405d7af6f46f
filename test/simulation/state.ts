/** What a simulation consists of: machines, containers, calls on their way, and what the runtime knows to be true. */
import type { Allocation, Moment } from "../../src/core/allocation.ts";
import type { MemoryData } from "../../src/store/memory/memory-data.ts";
import type { Claim } from "../../src/store/store.ts";
import type { Profile, Scenario } from "./scenario.ts";

/** A host: its boot, its clocks, and what stands in its file system. */
export interface Machine {
  readonly index: number;
  readonly id: string;
  boot: number;
  bootedUs: number;
  /** How far its wall clock is wrong. */
  skewMs: number;
  isBlind: boolean;
  /** Until when a namespace here could not be looked at; it may still be so. */
  lastBlindUs: number;
  /** When a request of an earlier boot last arrived. */
  lastLateUs: number;
  /** Inodes of network namespaces by path. */
  readonly namespaces: Map<string, string>;
  /** Inodes that are free again. */
  readonly freed: string[];
}

/** One incarnation, as the runtime that made it knows it. */
export interface Container {
  readonly number: number;
  readonly id: string;
  readonly slot: Slot;
  readonly profile: Profile;
  /** Its owner, as a text that no other owner has. */
  readonly owner: string;
  readonly path: string;
  readonly inode: string;
  /** Which address of its ranges it requests; -1: any. */
  readonly ask: number;
  /** Whether it runs and its network namespace stands. */
  isAlive: boolean;
  diedUs: number;
  /** What the last ADD answered, as long as no DEL was begun since. */
  told: readonly number[] | undefined;
  /** Grows with every answer and every DEL. */
  version: number;
  flickersUntilUs: number;
  hasFlickered: boolean;
}

/** Where the runtime puts containers, one at a time. */
export interface Slot {
  /** What its configuration may be. */
  readonly profiles: readonly Profile[];
  readonly index: number;
  readonly machine: Machine;
  /** The configuration of the next container. */
  profile: Profile;
  readonly hasUid: boolean;
  readonly sharesPath: boolean;
  container: Container | undefined;
  readonly containers: Container[];
  /** The call for whose answer the runtime waits. */
  attached: Process | undefined;
}

/** What a process waits for. */
export interface Waiting {
  readonly name: string;
  /** When a sleeper wakes; undefined for a request. */
  readonly wakeUs?: number;
  readonly claim?: Claim;
  isApplied: boolean;
  /** Lets the request happen in the store. */
  readonly apply: () => void;
  /** Hands over the reply, or wakes. */
  readonly reply: () => void;
  readonly fail: (error: Error) => void;
}

/** What kind of call a process carries out. */
export type CallKind = "add" | "del" | "check" | "status" | "gc" | "reclaim";

/** One call, from when it was received. */
export interface Process {
  readonly number: number;
  readonly kind: CallKind;
  readonly machine: Machine;
  readonly slot: Slot | undefined;
  readonly container: Container | undefined;
  readonly received: Moment;
  readonly startUs: number;
  readonly startStep: number;
  /** For a GC: the container ids of its list. */
  readonly valid: ReadonlySet<string>;
  /** `told` and `version` of its container when it began. */
  readonly toldBefore: readonly number[] | undefined;
  readonly versionBefore: number;
  waiting: Waiting | undefined;
  isFrozen: boolean;
  /** Whether nobody waits for its answer any more, and whether it can tell. */
  isUnheard: boolean;
  isCallerGone: boolean;
  /** Undefined while it runs. */
  exitCode: number | undefined;
  stdout: string;
  attempt: string;
  attempts: number;
  /** How many of its claims arrived. */
  claims: number;
  /** How many of its requests failed, and whether one did when it rolled back. */
  failures: number;
  isRollbackInDoubt: boolean;
  /** Whether at some moment since it began nothing was free that it asks for. */
  sawFull: boolean;
  /** Whether an ADD of its owner began after it. */
  isOvertaken: boolean;
  /** Called when it waits or has ended. */
  onPause: () => void;
}

/** A request that is on its way though nobody waits for it any more. */
export interface Ghost {
  readonly number: number;
  readonly process: Process;
  readonly waiting: Waiting;
}

/** An allocation, with what the model knows of it. */
export interface Holder {
  readonly allocation: Allocation;
  readonly container: Container;
  readonly keys: readonly number[];
  readonly prefixes: readonly number[];
  /** When it was written. */
  readonly step: number;
  /** Whether the same incarnation held before. */
  readonly isConfirmation: boolean;
}

/** An address that was let go and rests. */
export interface Rest {
  readonly owner: string;
  readonly network: string;
  readonly key: number;
  readonly prefix: number;
  readonly overlapping: boolean;
  readonly untilUs: number;
}

/** Everything. */
export interface Simulation {
  readonly scenario: Scenario;
  readonly data: MemoryData;
  readonly machines: readonly Machine[];
  readonly slots: readonly Slot[];
  /** By id. */
  readonly containers: Map<string, Container>;
  /** Those that run, in the order in which they began. */
  readonly processes: Map<number, Process>;
  readonly ghosts: Map<number, Ghost>;
  /** What the store holds, by owner. */
  readonly holders: Map<string, Holder>;
  rests: Rest[];
  nowUs: number;
  step: number;
  ghostCount: number;
  hasJumped: boolean;
  /** What happened, for coverage: how often. */
  readonly events: Map<string, number>;
  /** Takes the history in words. */
  readonly trace: ((line: string) => void) | undefined;
}

/** A promise of the product that did not hold. */
export class BrokenPromise extends Error {
  override readonly name = "BrokenPromise";
  readonly promise: string;

  constructor(promise: string, what: string) {
    super(`${promise}: ${what}`);
    this.promise = promise;
  }
}

/** This boot of a machine, and its monotonic clock. */
export function presentOf(simulation: Simulation, machine: Machine): Moment {
  return {
    bootId: `${machine.id}-boot-${machine.boot}`,
    monotonicUs: 1_000_000 + simulation.nowUs - machine.bootedUs,
  };
}

const EPOCH_MS = 1_767_323_045_000;

/** The wall clock of a machine, in milliseconds since the epoch. */
export function wallMsOf(simulation: Simulation, machine: Machine): number {
  return EPOCH_MS + Math.floor(simulation.nowUs / 1000) + machine.skewMs;
}

/** Counts an event. */
export function note(simulation: Simulation, event: string): void {
  simulation.events.set(event, (simulation.events.get(event) ?? 0) + 1);
}
