/**
 * Where allocations live. Written for what SQLite, etcd and the Kubernetes API can all do atomically: every
 * method is one atomic step; there is no lock. "Taken" is a value, not an exception. Stores are held to it by
 * the contract suite in `test/store-contract/`.
 */
import type { Address } from "../core/address.ts";
import type { Allocation, Confirmation, Holding, Owner } from "../core/allocation.ts";
import type { Range } from "../core/range.ts";

/** A range within what makes its addresses unique. */
export interface Pool {
  readonly network: string;
  readonly overlapping: boolean;
  readonly range: Range;
}

/** One address that a claim asks for. */
export type Want =
  /** Exactly this one, which the owner may hold already or have at rest; `range` is the configured one that it serves. */
  | { readonly kind: "exact"; readonly holding: Holding; readonly range?: Range | undefined }
  /** The lowest free one of a range. A store that cannot choose inside its transaction tries `candidates` first. */
  | {
      readonly kind: "lowest";
      readonly range: Range;
      readonly overlapping: boolean;
      readonly candidates: readonly Address[];
    };

/** What replaces an owner's allocation, all or nothing. */
export interface Claim {
  readonly owner: Owner;
  /** The sequence of the allocation that it replaces; undefined: the owner has none. */
  readonly expected: number | undefined;
  /** All that the owner is to hold afterwards; what it held and is not here is released. */
  readonly wants: readonly Want[];
  readonly confirmation: Confirmation;
}

/** Why an address cannot be had: its holder, or until when it rests. */
export interface Conflict {
  readonly address: Address;
  readonly holder?: Allocation;
  /** Milliseconds since the epoch. */
  readonly restsUntilMs?: number;
}

/** How full a pool is. */
export interface Usage {
  readonly pool: Pool;
  /** Addresses of the range that somebody holds. */
  readonly held: bigint;
  /** Addresses of the range that are released and not given out yet. */
  readonly resting: bigint;
  /** When the first of these is given out again, in milliseconds since the epoch. */
  readonly restsUntilMs?: number;
  /** The lowest free address; undefined if the pool is full. */
  readonly lowestFree?: Address;
}

/** What became of a claim. */
export type ClaimResult =
  | { readonly kind: "claimed"; readonly allocation: Allocation }
  /** The owner's allocation is not the expected one: read it again. */
  | { readonly kind: "changed" }
  /** An exact want (its index) is held by another owner or rests for one. */
  | { readonly kind: "taken"; readonly want: number; readonly conflict: Conflict }
  /** The whole range of a want (its index) was verified, and nothing in it is free. */
  | { readonly kind: "full"; readonly want: number; readonly usage: Usage };

/** On which condition an allocation is released. */
export interface ReleaseCondition {
  /** The sequence that was read. */
  readonly expected: number;
  /** For how long its addresses rest; 0: not at all. */
  readonly restSeconds: number;
  /** If given: the node's registration must still be this boot (design section 6, proof (a)). */
  readonly registration?: Registration;
}

/** In which boot a node last claimed. Two hosts with one node id show by taking turns in it. */
export interface Registration {
  readonly node: string;
  readonly bootId: string;
}

/** What became of a release; `changed` covers an owner that is gone, and a registration that is another's. */
export type ReleaseResult = "released" | "changed";

/** One line of a listing: an address that is held, or that rests. */
export type Listed =
  | { readonly kind: "held"; readonly holding: Holding; readonly allocation: Allocation }
  | {
      readonly kind: "resting";
      readonly holding: Holding;
      readonly lastOwner: Owner;
      readonly restsUntilMs: number;
    };

/** Which addresses to list; what is left out does not restrict. */
export interface ListFilter {
  readonly network?: string;
  readonly node?: string;
  /** The CNI network's `name`. */
  readonly name?: string;
  /** The lowest and highest address, both included. */
  readonly first?: Address;
  readonly last?: Address;
}

/**
 * What leads to data that the Go implementation wrote, which knew no owners as they are here: a store that has such
 * data finds by it what a container holds.
 */
export interface Traces {
  readonly containerId: string;
  readonly ranges: readonly Range[];
  /** The addresses of `prevResult`. */
  readonly previous: readonly Address[];
}

/** A store of allocations. Every method throws `WhereaboutsError` (`store-unavailable`, `store-damaged`, `try-later`). */
export interface Store {
  /** The allocation of an owner, or what old data say that its container holds: without a moment. */
  find(owner: Owner, traces?: Traces): Promise<Allocation | undefined>;
  /** Replaces the owner's allocation, and registers its node's boot, in one step. */
  claim(claim: Claim): Promise<ClaimResult>;
  /** Ends an allocation, if the condition still holds. */
  release(owner: Owner, condition: ReleaseCondition): Promise<ReleaseResult>;
  /** Streams addresses in the order of network, address, prefix. Bounded memory; not one snapshot. */
  list(filter: ListFilter): AsyncIterable<Listed>;
  /** How full these pools are; without `pools`, all that were ever claimed from, in the order of network and range. */
  usage(pools?: readonly Pool[]): Promise<readonly Usage[]>;
  /** Registers a node's boot by a real write; returns if a claim could be written now, throws if not. */
  register(registration: Registration): Promise<void>;
  close(): Promise<void>;
}
