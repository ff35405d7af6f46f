/** What all parts of the etcd store work with. */
import type { Allocation, Owner } from "../../core/allocation.ts";
import type { EtcdClient } from "./client.ts";
import type { Answer, Found, KeyValue, Operation, Outcome, Written } from "./gateway.ts";
import { get, getSpan, spanOf } from "./gateway.ts";
import type { Keys } from "./keys.ts";
import type { ListKnowledge } from "./legacy/legacy-guard.ts";
import type { Adoptable } from "./legacy/legacy-holdings.ts";
import { allocationOf, writtenOf } from "./records.ts";

/** The store's means. */
export interface Context {
  readonly client: EtcdClient;
  readonly keys: Keys;
  /** Wall clock in whole milliseconds since the epoch. */
  readonly now: () => number;
  /** How lists of the old implementation are treated. */
  readonly legacy: "mixed" | "off" | undefined;
  /** Whether etcd asks for a user. */
  readonly hasUsers: boolean;
  /** Says what a person should know, and nothing hangs on. */
  readonly warn: (message: string) => void;
}

/** What stands under an owner's name, and the hints of its network. */
export interface OwnerState {
  readonly current: Allocation | undefined;
  /** Prefixes of its addresses as they were written, by which old lists may be called. */
  readonly written: readonly string[];
  /** By key. */
  readonly hints: ReadonlyMap<string, KeyValue>;
  /** What is known of old lists, by key. */
  readonly lists?: ReadonlyMap<string, ListKnowledge>;
  /** What old data say that the owner's container holds, where it has no record of its own. */
  readonly adoptable?: Adoptable | undefined;
}

/** Reads several things at one revision. */
export async function readAll(
  { client }: Context,
  operations: readonly Operation[],
): Promise<{ readonly results: readonly Found[]; readonly revision: number }> {
  const transaction = { compare: [], success: operations, failure: [] };
  const answer = await client.transact(transaction, "repeatable");
  return { results: answer.results.map(asFound), revision: answer.revision };
}

/** What {@link parseOwnerState} understands. */
export function ownerOperations(keys: Keys, owner: Owner): readonly [Operation, Operation] {
  return [get(keys.owner(owner)), getSpan(spanOf(keys.hints(owner.network)))];
}

/** The state of an owner. Throws `store-damaged` if its allocation cannot be read. */
export function parseOwnerState(owner: Owner, [own, hints]: readonly Found[]): OwnerState {
  const [entry] = own?.entries ?? [];
  return {
    current: entry === undefined ? undefined : allocationOf(owner, entry),
    written: entry === undefined ? [] : writtenOf(entry),
    hints: new Map((hints?.entries ?? []).map((hint) => [hint.key, hint])),
  };
}

/** Reads the state of an owner. */
export async function readOwnerState(context: Context, owner: Owner): Promise<OwnerState> {
  const { results } = await readAll(context, ownerOperations(context.keys, owner));
  return parseOwnerState(owner, results);
}

/** A result of a read; that of a write is empty. */
export function asFound(result: Found | Outcome | Written | undefined): Found {
  return result?.kind === "found" ? result : { kind: "found", entries: [], count: 0 };
}

/** A result of a transaction within a transaction. */
export function asOutcome(result: Found | Outcome | Written | Answer | undefined): Outcome {
  return result?.kind === "outcome" ? result : { kind: "outcome", succeeded: false, results: [] };
}
