/** What is read of an owner before anything is done for it. */
import type { Allocation, Owner } from "../../core/allocation.ts";
import type { Context } from "./context.ts";
import { readAll } from "./context.ts";
import type { Found, KeyValue, Operation } from "./gateway.ts";
import { get, getSpan, spanOf } from "./gateway.ts";
import type { Keys } from "./keys.ts";
import type { ListKnowledge } from "./legacy/legacy-guard.ts";
import type { Adoptable } from "./legacy/legacy-holdings.ts";
import { allocationOf, writtenOf } from "./records.ts";

/** What stands under an owner's name, and the hints of its network. */
export interface OwnerState {
  /** The revision of the store at which it was read. */
  readonly revision: number;
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

/** What {@link parseOwnerState} understands. */
export function ownerOperations(keys: Keys, owner: Owner): readonly [Operation, Operation] {
  return [get(keys.owner(owner)), getSpan(spanOf(keys.hints(owner.network)))];
}

/** The state of an owner. Throws `store-damaged` if its allocation cannot be read. */
export function parseOwnerState(
  owner: Owner,
  [own, hints]: readonly Found[],
  revision: number,
): OwnerState {
  const [entry] = own?.entries ?? [];
  return {
    revision,
    current: entry === undefined ? undefined : allocationOf(owner, entry),
    written: entry === undefined ? [] : writtenOf(entry),
    hints: new Map((hints?.entries ?? []).map((hint) => [hint.key, hint])),
  };
}

/** Reads the state of an owner. */
export async function readOwnerState(context: Context, owner: Owner): Promise<OwnerState> {
  const { results, revision } = await readAll(context, ownerOperations(context.keys, owner));
  return parseOwnerState(owner, results, revision);
}
