/** What a memory store holds: the contents alone, so that a simulation can give them to a new store. */
import type { Allocation, Holding, Owner } from "../../core/allocation.ts";
import type { Pool } from "../store.ts";

/** A released address that is not given out yet. Times are milliseconds since the epoch. */
export interface Rest {
  readonly holding: Holding;
  readonly lastOwner: Owner;
  readonly sinceMs: number;
  readonly untilMs: number;
}

/** The contents of a memory store. */
export interface MemoryData {
  allocations: readonly Allocation[];
  rests: readonly Rest[];
  pools: readonly Pool[];
  /** The boot id in which each node last claimed. */
  readonly registrations: Map<string, string>;
  /** The sequence given last. */
  sequence: number;
}

/** Contents without anything held. */
export function emptyMemoryData(): MemoryData {
  return { allocations: [], rests: [], pools: [], registrations: new Map(), sequence: 0 };
}

/** One address as the store knows it: held, or at rest. */
export type MemoryRecord =
  | { readonly kind: "held"; readonly holding: Holding; readonly allocation: Allocation }
  | { readonly kind: "resting"; readonly holding: Holding; readonly rest: Rest };

/** All records of a network. */
export function recordsOf(data: MemoryData, network: string): MemoryRecord[] {
  const held = data.allocations
    .filter(({ owner }) => owner.network === network)
    .flatMap((allocation) =>
      allocation.holdings.map((holding) => ({ kind: "held" as const, holding, allocation })),
    );
  const resting = data.rests
    .filter(({ lastOwner }) => lastOwner.network === network)
    .map((rest) => ({ kind: "resting" as const, holding: rest.holding, rest }));
  return [...held, ...resting];
}

/** Whether two owners are the same. */
export function equalOwners(a: Owner, b: Owner): boolean {
  return (
    a.network === b.network &&
    a.node === b.node &&
    a.interfaceName === b.interfaceName &&
    a.pod === b.pod
  );
}
