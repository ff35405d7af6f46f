/** What the use cases need of the machine and the process they run in; handed in, so that a simulation can play it. */
import type { Allocation, Moment, NetnsIdentity } from "../core/allocation.ts";
import type { NetnsSight } from "../core/liveness.ts";
import type { Log } from "../lib/log.ts";
import type { Store } from "../store/store.ts";

/** Everything beyond their arguments that use cases touch. */
export interface World {
  readonly store: Store;
  readonly log: Log;
  /** The id of this node. */
  readonly node: string;
  /** The present moment of this boot. */
  now(): Moment;
  /** Wall time, for people only. */
  wallTime(): Date;
  sleep(milliseconds: number): Promise<void>;
  /** A random text, never given twice. */
  randomId(): string;
  identifyNetns(path: string): NetnsIdentity | undefined;
  sightNetns(identity: NetnsIdentity): NetnsSight;
  /** Whether whoever waits for the answer has gone. */
  isCallerGone(): boolean;
}

/** What stands at an allocation's netns path now. */
export function sightOf(world: World, allocation: Allocation): NetnsSight {
  return allocation.netns === undefined ? "unknown" : world.sightNetns(allocation.netns);
}

/** Milliseconds that are left until a deadline in microseconds of the monotonic clock; negative if it is over. */
export function leftMs(world: World, deadlineUs: number): number {
  return (deadlineUs - world.now().monotonicUs) / 1000;
}
