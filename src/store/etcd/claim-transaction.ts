/** A claim as one transaction, and what it read where it failed. */
import type { Allocation, Holding } from "../../core/allocation.ts";
import { conflicting, equalHoldings } from "../../core/domain.ts";
import type { Interval } from "../../core/interval-set.ts";
import type { Claim, Pool } from "../store.ts";
import type { Slot } from "./claim-choice.ts";
import type { Context } from "./context.ts";
import { COUNT_OPERATIONS, countOperations } from "./counting.ts";
import type { Operation, Transaction } from "./gateway.ts";
import { hasValue, nested, put, remove, writtenAt } from "./gateway.ts";
import { hintOperation, withoutAll } from "./hint-updates.ts";
import type { LegacyGuard } from "./legacy/legacy-guard.ts";
import { allocationText, bootText, heldText, poolText, restFrom, restText } from "./records.ts";
import type { Candidate } from "./search.ts";
import { domainsOf } from "./search.ts";
import type { Piece } from "./verification.ts";
import { viewOperations } from "./view.ts";
import type { OwnerState } from "./owner-state.ts";
import { ownerOperations } from "./owner-state.ts";

/** A claim with all that it was decided on. */
export interface Attempt {
  readonly claim: Claim;
  readonly state: OwnerState;
  readonly slots: readonly Slot[];
  readonly vector: readonly Candidate[];
  readonly held: readonly (readonly Interval[])[];
  /** What old lists demand. */
  readonly guard: LegacyGuard;
  /** The key whose existence makes this attempt void. */
  readonly voidKey: string;
  /** Intervals to read for each want where the claim fails. */
  readonly windows: readonly (Interval | undefined)[];
  /** What of which want's hint is to be verified on the way. */
  readonly due: { readonly want: number; readonly piece: Piece } | undefined;
}

/** The server's limit (`--max-txn-ops`) for the operations along one way through a transaction. */
const MOST_OPERATIONS = 128;

/** What of a claim's transaction there is room for. */
interface Extent {
  /** Whether pools and hints are written: order alone hangs on it. */
  readonly notes: boolean;
  /** Whether what a failed claim must learn is read at once. */
  readonly reads: boolean;
}

/** The transaction of an attempt, as much of it as the server takes. */
export function claimTransaction(context: Context, attempt: Attempt): Transaction {
  for (const reads of [true, false]) {
    const whole = transactionOf(context, attempt, { notes: true, reads });
    if (operationsOf(whole) <= MOST_OPERATIONS) return whole;
  }
  return transactionOf(context, attempt, { notes: false, reads: false });
}

/** How the server counts operations: the most of each level, along the longest way down. */
function operationsOf({ compare, success, failure }: Transaction): number {
  let deepest = 0;
  for (const operation of [...success, ...failure]) {
    if ("request_txn" in operation)
      deepest = Math.max(deepest, operationsOf(operation.request_txn));
  }
  return Math.max(compare.length, success.length, failure.length) + deepest;
}

/**
 * Registers the node's boot whatever becomes of the claim. As flat as can be, and about one address for each want alone:
 * the server's JSON takes the longer the deeper a transaction is.
 */
function transactionOf(context: Context, attempt: Attempt, { notes, reads }: Extent): Transaction {
  const { claim, state, guard, vector, voidKey } = attempt;
  const taking: Transaction = {
    compare: [
      writtenAt(context.keys.owner(claim.owner), state.current?.sequence ?? 0),
      ...guard.compare(),
      ...vector.flatMap(({ standing }) => standing.compare),
    ],
    success: writesOf(context, attempt, notes),
    failure: reads ? refreshOperations(context, attempt) : [],
  };
  // One that is void registers nothing either: it may come late, from an earlier boot.
  return {
    compare: [writtenAt(voidKey, 0)],
    success: [...registration(context, claim), nested(taking)],
    failure: [],
  };
}

/** Notes the boot in which the claim's node claims. */
export function registration(
  { keys }: Context,
  { owner, confirmation }: Claim,
): readonly Operation[] {
  const { moment } = confirmation;
  if (moment === undefined) return [];
  return [putUnlessSame(keys.node(owner.node), bootText(moment.bootId))];
}

function putUnlessSame(key: string, value: string): Operation {
  return nested({ compare: [hasValue(key, value)], success: [], failure: [put(key, value)] });
}

function writesOf(context: Context, attempt: Attempt, notes: boolean): readonly Operation[] {
  const { claim, state, guard, vector } = attempt;
  const { keys } = context;
  const holdings = vector.map(({ holding }) => holding);
  return [
    put(keys.owner(claim.owner), allocationText(claim.confirmation, holdings, writtenIn(attempt))),
    ...addressWrites(context, claim, state.current, vector),
    ...guard.writes({
      held: holdings,
      released: (state.current?.holdings ?? []).filter((old) => !includes(holdings, old)),
      containerId: claim.confirmation.containerId,
    }),
    ...(notes ? noteOperations(context, attempt, holdings) : []),
  ];
}

/** How prefixes were written by which old lists may be called: now, and when what is kept was claimed. */
function writtenIn({ slots, state }: Attempt): readonly string[] {
  const now = slots.flatMap(({ pool }) => pool?.range.written ?? []);
  return [...new Set([...state.written, ...now])];
}

/** The addresses' own keys: each is written once. */
function addressWrites(
  { keys, now }: Context,
  { owner, confirmation }: Claim,
  current: Allocation | undefined,
  vector: readonly Candidate[],
): readonly Operation[] {
  const holdings = vector.map(({ holding }) => holding);
  const writes = new Map<string, Operation>();
  for (const { standing } of vector) {
    for (const { key, occupant } of standing.spare) {
      writes.set(key, remove(key));
      if (occupant?.kind === "resting")
        writes.set(keys.restOfAddress(key), remove(keys.restOfAddress(key)));
    }
  }
  for (const old of current?.holdings ?? []) {
    const key = keys.address(owner.network, old);
    if (includes(holdings, old)) {
      writes.delete(key);
      continue;
    }
    const rest = restFrom(owner, old.cidr, confirmation.reuseDelaySeconds, now());
    const isRetaken = holdings.some((holding) => conflicting(old, holding));
    if (rest === undefined || isRetaken) {
      writes.set(key, remove(key));
    } else {
      writes.set(key, put(key, restText(rest)));
      writes.set(keys.restOfAddress(key), put(keys.restOfAddress(key), restText(rest)));
    }
  }
  for (const holding of holdings) {
    if (includes(current?.holdings ?? [], holding)) continue;
    const key = keys.address(owner.network, holding);
    writes.set(key, put(key, heldText(owner, holding.cidr)));
  }
  return [...writes.values()];
}

function includes(holdings: readonly Holding[], holding: Holding): boolean {
  return holdings.some((other) => equalHoldings(other, holding));
}

/** What is noted beside: pools, hints, and the counts that verify one. */
function noteOperations(
  context: Context,
  attempt: Attempt,
  holdings: readonly Holding[],
): readonly Operation[] {
  const { keys } = context;
  const { state, slots, held, due } = attempt;
  const hints = new Map<string, Operation>();
  const pools = new Map<string, Operation>();
  for (const [index, { pool, hint, want }] of slots.entries()) {
    if (pool === undefined || hint === undefined) continue;
    pools.set(keys.pool(pool), putUnlessSame(keys.pool(pool), poolText(pool)));
    if (want.kind !== "lowest") continue;
    const read = state.hints.get(keys.hint(pool));
    const taken = slots.flatMap((other, at) => {
      const value = holdings[at]?.address.value ?? -1n;
      return isSamePool(other.pool, pool, context) ? [{ first: value, last: value }] : [];
    });
    // A new hint may come after a release that could not know of it: it claims only what this transaction sees.
    const seen = read === undefined ? [] : (held[index] ?? []);
    hints.set(
      keys.hint(pool),
      hintOperation(keys, pool, read, withoutAll(hint, [...taken, ...seen])),
    );
  }
  const counted = due === undefined ? undefined : slots[due.want]?.pool;
  const counts =
    due === undefined || counted === undefined
      ? []
      : due.piece.parts.flatMap((part) => countOperations(keys, domainsOf(counted), part));
  return [...counts, ...hints.values(), ...pools.values()];
}

/** How many counts come first among the notes. */
export function countsOf({ due }: Attempt): number {
  return (due?.piece.parts.length ?? 0) * COUNT_OPERATIONS;
}

function isSamePool(a: Pool | undefined, b: Pool, { keys }: Context): boolean {
  return a !== undefined && keys.hint(a) === keys.hint(b);
}

/** Reads what the next attempt needs. */
export function refreshOperations(
  { keys }: Context,
  { claim, slots, windows }: Pick<Attempt, "claim" | "slots" | "windows">,
): readonly Operation[] {
  const [own, hints] = ownerOperations(keys, claim.owner);
  const views = slots.flatMap(({ want, pool }, index) => {
    const interval = windows[index];
    if (interval === undefined) return [];
    const { network } = claim.owner;
    const of = want.kind === "exact" ? { network, ...want.holding } : pool && domainsOf(pool);
    return of === undefined ? [] : viewOperations(keys, of, interval);
  });
  return [own, hints, ...views];
}
