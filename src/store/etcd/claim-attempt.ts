/** One try of a claim: its transaction, what it turned out to do, and what it read where it failed. */
import { confirmationOf } from "../../core/allocation.ts";
import { WhereaboutsError } from "../../core/error.ts";
import type { Interval } from "../../core/interval-set.ts";
import type { Claim, ClaimResult } from "../store.ts";
import { noteExchanged, verifyHint } from "./claim-afterwards.ts";
import type { Choice, Slot } from "./claim-choice.ts";
import type { Attempt } from "./claim-transaction.ts";
import { claimTransaction, refreshOperations } from "./claim-transaction.ts";
import type { Context } from "./context.ts";
import { asFound, asOutcome, readAll } from "./context.ts";
import { UnknownOutcome } from "./etcd-error.ts";
import type { Answer, Found } from "./gateway.ts";
import { put } from "./gateway.ts";
import { ownerPart } from "./keys.ts";
import type { LegacyGuard } from "./legacy/legacy-guard.ts";
import type { Candidate } from "./search.ts";
import { duePiece } from "./verification.ts";
import type { View } from "./view.ts";
import { parseView, standingOf } from "./view.ts";
import type { OwnerState } from "./owner-state.ts";
import { parseOwnerState, readOwnerState } from "./owner-state.ts";

/** How far a conflict lets the next attempt see, doubled with each. */
const WINDOW = 64n;
const WIDEST_WINDOW = 1024n;

/** Longer than any server keeps a request that nobody waits for. */
const VOID_SECONDS = 3600;

/** An attempt that came to nothing, with what is known now. */
export interface Conflicted {
  readonly kind: "conflicted";
  /** Whether it was not about the addresses: the owner, or old lists. */
  readonly isBarred: boolean;
  /** Whether others took an address after it was read what may be free. */
  readonly isContended: boolean;
  readonly state: OwnerState;
  readonly views: readonly (View | undefined)[];
}

const UNSEEN = { kind: "conflicted", isBarred: false, isContended: false, views: [] } as const;

/** The attempt that a choice makes. */
export function attemptOf(
  { keys, now }: Context,
  made: {
    readonly claim: Claim;
    readonly state: OwnerState;
    readonly slots: readonly Slot[];
    readonly choice: Extract<Choice, { kind: "chosen" }>;
    readonly guard: LegacyGuard;
    readonly round: number;
  },
): Attempt {
  const { claim, state, slots, choice, guard, round } = made;
  const { vector, held, from } = choice;
  const widest = WINDOW << BigInt(Math.min(round, 10));
  const width = widest < WIDEST_WINDOW ? widest : WIDEST_WINDOW;
  const windows = slots.map(({ want, pool }, index): Interval => {
    if (want.kind === "exact" || pool === undefined) return exactly(vector[index]);
    const first = from[index] ?? 0n;
    const { last } = pool.range;
    return { first, last: first + width - 1n < last ? first + width - 1n : last };
  });
  const nowMs = now();
  const dues = slots.flatMap(({ want, pool, hint }, index) => {
    if (want.kind !== "lowest" || pool === undefined || hint === undefined) return [];
    const piece = duePiece(hint, pool.range, nowMs);
    return piece === undefined ? [] : [{ want: index, piece }];
  });
  return {
    claim,
    state,
    slots,
    guard,
    vector,
    held,
    windows,
    voidKey: keys.void(`${claim.confirmation.attempt}.${nowMs.toString(36)}.${round}`),
    due: dues[0],
  };
}

function exactly(candidate: Pick<Candidate, "holding"> | undefined): Interval {
  const value = candidate?.holding.address.value ?? 0n;
  return { first: value, last: value };
}

/** Tries an attempt; of one whose outcome is unknown it finds out, after it made sure that it comes to nothing later. */
export async function carryOut(
  context: Context,
  attempt: Attempt,
): Promise<Extract<ClaimResult, { kind: "claimed" }> | Conflicted> {
  const { claim, state, vector } = attempt;
  let answer: Answer;
  try {
    answer = await context.client.transact(claimTransaction(context, attempt), "once");
  } catch (error) {
    if (!(error instanceof UnknownOutcome)) throw error;
    const settled = error.isOver
      ? await readOwnerState(context, claim.owner)
      : await settle(context, attempt);
    const { current } = settled;
    if (current?.attempt === claim.confirmation.attempt && current.sequence !== claim.expected)
      return { kind: "claimed", allocation: current };
    if (error.isOver) throw error.failure;
    return { ...UNSEEN, isBarred: true, state: settled };
  }
  const taking = asOutcome(answer.results.at(-1));
  if (!taking.succeeded) {
    const found = taking.results.map(asFound);
    const operations = refreshOperations(context, attempt);
    const { results, revision } =
      found.length > 0
        ? { results: found, revision: answer.revision }
        : await readAll(context, operations);
    const conflicted = refreshed(context, attempt, results, revision);
    const isBarred = isAsSeen(context, attempt, conflicted.views);
    return { ...conflicted, isBarred, isContended: isTakenSince(attempt, conflicted.views) };
  }
  const holdings = vector.map(({ holding }) => holding);
  const allocation = {
    ...confirmationOf(claim.confirmation),
    owner: claim.owner,
    holdings,
    sequence: answer.revision,
  };
  // It is done, whatever becomes of what is noted beside: only order hangs on that.
  await noteExchanged(context, claim, state, vector).catch(ifStoreFailed);
  await verifyHint(context, attempt, taking, holdings, answer.revision).catch(ifStoreFailed);
  return { kind: "claimed", allocation };
}

function ifStoreFailed(error: unknown): void {
  if (!(error instanceof WhereaboutsError)) throw error;
}

/** Whether others took one of the tried addresses after the owner's state was read. */
function isTakenSince({ vector, state }: Attempt, views: readonly (View | undefined)[]): boolean {
  return vector.some(({ holding: { address } }, index) => {
    const records = [views[index]?.on, views[index]?.off].map((of) => of?.get(address.value));
    return records.some((record) => (record?.modRevision ?? 0) > state.revision);
  });
}

/** Whether the addresses that were tried stand as they were supposed to: then it was not about them. */
function isAsSeen(
  { keys, now }: Context,
  { claim, vector }: Attempt,
  views: readonly (View | undefined)[],
): boolean {
  const asker = { owner: ownerPart(claim.owner), nowMs: now() };
  return vector.every(({ holding, standing }, index) => {
    const view = views[index];
    if (view === undefined) return false;
    const current = standingOf(keys, view, holding, claim.owner.network, asker);
    return current.kind === "free" && Bun.deepEquals(current.compare, standing.compare);
  });
}

function refreshed(
  { keys }: Context,
  { claim, windows }: Pick<Attempt, "claim" | "windows">,
  found: readonly Found[],
  revision: number,
): Conflicted {
  const state = parseOwnerState(claim.owner, found, revision);
  let next = 2;
  const views = windows.map((window) => {
    const [on, off] = found.slice(next, next + 2);
    if (window === undefined || on === undefined || off === undefined) return undefined;
    next += 2;
    return parseView(keys, window, [on, off]);
  });
  return { ...UNSEEN, state, views };
}

/** Reads what stands at the addresses that a claim wants exactly, and at the lowest of the others' ranges. */
export async function look(
  context: Context,
  claim: Claim,
  slots: readonly Slot[],
): Promise<Conflicted> {
  const windows = slots.map(({ want, pool }): Interval | undefined => {
    if (want.kind === "exact") return exactly({ holding: want.holding });
    if (pool === undefined) return undefined;
    const { first, last } = pool.range;
    return { first, last: first + WINDOW - 1n < last ? first + WINDOW - 1n : last };
  });
  const operations = refreshOperations(context, { claim, slots, windows });
  const { results, revision } = await readAll(context, operations);
  return refreshed(context, { claim, windows }, results, revision);
}

/** Makes an attempt void whose request may still be on its way, and reads what became of it. */
async function settle(context: Context, { claim, voidKey }: Attempt): Promise<OwnerState> {
  const { client } = context;
  const lease = await client.request(
    "/v3/lease/grant",
    { TTL: VOID_SECONDS },
    "repeatable",
    leaseOf,
  );
  const success = [put(voidKey, "", lease)];
  await client.transact({ compare: [], success, failure: [] }, "repeatable");
  return await readOwnerState(context, claim.owner);
}

function leaseOf(body: unknown): string | undefined {
  const hasId = typeof body === "object" && body !== null && "ID" in body;
  return hasId && typeof body.ID === "string" ? body.ID : undefined;
}
