/** A claim: chosen from what is known, tried in one transaction, and tried anew with what that returns. */
import type { Holding } from "../../core/allocation.ts";
import { conflicting, equalHoldings } from "../../core/domain.ts";
import type { Interval } from "../../core/interval-set.ts";
import type { Claim, ClaimResult, Conflict } from "../store.ts";
import type { Choice, Slot } from "./claim-choice.ts";
import { choose, slotsOf } from "./claim-choice.ts";
import type { Attempt } from "./claim-transaction.ts";
import {
  claimTransaction,
  countsOf,
  plain,
  refreshOperations,
  registration,
} from "./claim-transaction.ts";
import type { Context, OwnerState } from "./context.ts";
import { asFound, asOutcome, parseOwnerState, readAll, readOwnerState } from "./context.ts";
import { COUNT_OPERATIONS, areAllHeld, parseCounts } from "./counting.ts";
import { UnknownOutcome } from "./etcd-error.ts";
import type { Answer, Found, Outcome } from "./gateway.ts";
import { put } from "./gateway.ts";
import type { Freed } from "./hint-updates.ts";
import { hintOperation, noteFreed, withoutAll } from "./hint-updates.ts";
import { findHolder } from "./holder.ts";
import { isFullFor, usageOf } from "./pool-usage.ts";
import { restFrom } from "./records.ts";
import type { Candidate } from "./search.ts";
import { domainsOf } from "./search.ts";
import { afterPiece, duePiece } from "./verification.ts";
import type { View } from "./view.ts";
import { parseView } from "./view.ts";

/** How far a conflict lets the next attempt see, doubled with each. */
const WINDOW = 64n;
const WIDEST_WINDOW = 1024n;

/** Longer than any server keeps a request that nobody waits for. */
const VOID_SECONDS = 3600;

/** Carries out a claim. `known` is the state of its owner, if it was read for this very claim. */
export async function claimInEtcd(
  context: Context,
  claim: Claim,
  known: OwnerState | undefined,
): Promise<ClaimResult> {
  // What was read before may be out of date: only what is read now says that the owner changed.
  let state =
    known?.current?.sequence === claim.expected && known !== undefined
      ? known
      : await readOwnerState(context, claim.owner);
  let views: readonly (View | undefined)[] = [];
  let trusted = true;
  for (let round = 0; ; round++) {
    if (state.current?.sequence !== claim.expected) {
      await register(context, claim);
      return { kind: "changed" };
    }
    const slots = slotsOf(context, claim, state, views, trusted);
    const choice = await choose(context, claim, state.current, slots, { round, trusted });
    const isBlind = slots.some(({ want, view }) => want.kind === "exact" && view === undefined);
    if (choice.kind !== "chosen" && isBlind) {
      // What was only supposed to be free is no reason to refuse.
      ({ state, views } = await look(context, claim, slots));
      continue;
    }
    if (choice.kind === "taken") {
      const conflict = await conflictOf(context, slots, choice);
      if (conflict === undefined) {
        // It was released meanwhile.
        ({ state, views } = await look(context, claim, slots));
        continue;
      }
      await register(context, claim);
      return { kind: "taken", want: choice.want, conflict };
    }
    if (choice.kind === "exhausted") {
      const { detail, usage } = await usageOf(context, choice.quest.pool);
      if (isFullFor(detail, choice.quest)) {
        await register(context, claim);
        return { kind: "full", want: choice.want, usage };
      }
      // The hint was wrong, or others were faster: from the start of the range, whatever it says.
      [trusted, views] = [false, []];
      continue;
    }
    const attempt = attemptOf(context, { claim, state, slots, choice, round });
    const result = await carryOut(context, attempt);
    if (result.kind === "claimed") return result;
    ({ state, views } = result);
  }
}

interface Conflicted {
  readonly kind: "conflicted";
  readonly state: OwnerState;
  readonly views: readonly (View | undefined)[];
}

function attemptOf(
  { keys, now }: Context,
  made: {
    readonly claim: Claim;
    readonly state: OwnerState;
    readonly slots: readonly Slot[];
    readonly choice: Extract<Choice, { kind: "chosen" }>;
    readonly round: number;
  },
): Attempt {
  const { claim, state, slots, choice, round } = made;
  const { vectors, held, from } = choice;
  const widest = WINDOW << BigInt(Math.min(round, 10));
  const width = widest < WIDEST_WINDOW ? widest : WIDEST_WINDOW;
  const windows = slots.map(({ want, pool }, index): Interval => {
    if (want.kind === "exact" || pool === undefined) return exactly(vectors[0]?.[index]);
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
    vectors,
    held,
    windows,
    voidKey: keys.void(`${claim.confirmation.attempt}.${nowMs.toString(36)}.${round}`),
    due: dues[0],
  };
}

function exactly(candidate: Candidate | undefined): Interval {
  const value = candidate?.holding.address.value ?? 0n;
  return { first: value, last: value };
}

/** Tries an attempt; of one whose outcome is unknown it finds out, after it made sure that it comes to nothing later. */
async function carryOut(
  context: Context,
  attempt: Attempt,
): Promise<Extract<ClaimResult, { kind: "claimed" }> | Conflicted> {
  const { claim, state, vectors } = attempt;
  let answer: Answer;
  try {
    answer = await context.client.transact(claimTransaction(context, attempt), "once");
  } catch (error) {
    if (!(error instanceof UnknownOutcome)) throw error;
    const settled = await settle(context, attempt);
    const { current } = settled;
    if (current?.attempt === claim.confirmation.attempt && current.sequence !== claim.expected)
      return { kind: "claimed", allocation: current };
    return { kind: "conflicted", state: settled, views: [] };
  }
  const guarded = asOutcome(answer.results.at(-1));
  const taken = taking(guarded);
  if (taken === undefined) {
    const found = failureOf(guarded);
    const read = async () => await readAll(context, refreshOperations(context, attempt));
    return refreshed(context, attempt, found.length > 0 ? found : (await read()).results);
  }
  const holdings = (vectors[taken.level] ?? []).map(({ holding }) => holding);
  const allocation = {
    ...plain(claim.confirmation),
    owner: claim.owner,
    holdings,
    sequence: answer.revision,
  };
  await noteExchanged(context, claim, state, vectors[taken.level] ?? []);
  await verify(context, attempt, taken.outcome, holdings, answer.revision);
  return { kind: "claimed", allocation };
}

/** The level of a chain that took its address: it began with a write. Undefined where none did: there are reads at most. */
function taking(
  guarded: Outcome,
): { readonly level: number; readonly outcome: Outcome } | undefined {
  let outcome = guarded;
  for (let level = -1; ; level++) {
    const [first] = outcome.results;
    if (first?.kind === "written") return { level, outcome };
    if (first?.kind !== "outcome") return undefined;
    outcome = first;
  }
}

/** What the branch read that a failed attempt ended in. */
function failureOf(outcome: Outcome): readonly Found[] {
  const [first] = outcome.results;
  return first?.kind === "outcome" ? failureOf(first) : outcome.results.map(asFound);
}

function refreshed(
  { keys }: Context,
  { claim, windows }: Pick<Attempt, "claim" | "windows">,
  found: readonly Found[],
): Conflicted {
  const state = parseOwnerState(claim.owner, found);
  let next = 2;
  const views = windows.map((window) => {
    const [on, off] = found.slice(next, next + 2);
    if (window === undefined || on === undefined || off === undefined) return undefined;
    next += 2;
    return parseView(keys, window, [on, off]);
  });
  return { kind: "conflicted", state, views };
}

/** Reads what stands at the addresses that a claim wants exactly. */
async function look(context: Context, claim: Claim, slots: readonly Slot[]): Promise<Conflicted> {
  const windows = slots.map(({ want }) => {
    if (want.kind !== "exact") return undefined;
    const { value } = want.holding.address;
    return { first: value, last: value };
  });
  const { results } = await readAll(context, refreshOperations(context, { claim, slots, windows }));
  return refreshed(context, { claim, windows }, results);
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

/** Registers the node's boot for a claim that came to nothing. */
async function register(context: Context, claim: Claim): Promise<void> {
  const success = registration(context, claim);
  if (success.length === 0) return;
  await context.client.transact({ compare: [], success, failure: [] }, "repeatable");
}

async function conflictOf(
  context: Context,
  slots: readonly Slot[],
  { want, standing }: Extract<Choice, { kind: "taken" }>,
): Promise<Conflict | undefined> {
  const slot = slots[want];
  if (slot === undefined || slot.want.kind !== "exact") return undefined;
  const { address } = slot.want.holding;
  if (standing === undefined || standing.kind === "free") return { address };
  if (standing.kind === "resting") return { address, restsUntilMs: standing.untilMs };
  const holder = await findHolder(context, standing.by);
  return holder === undefined ? undefined : { address, holder };
}

/** Tells hints of what an exchange released, and of rests that it ended. */
async function noteExchanged(
  context: Context,
  { owner, confirmation }: Claim,
  state: OwnerState,
  vector: readonly Candidate[],
): Promise<void> {
  const { keys, now } = context;
  const isKept = (old: Holding): boolean =>
    vector.some(({ holding }) => equalHoldings(old, holding));
  const released = (state.current?.holdings ?? [])
    .filter((old) => !isKept(old))
    .map((holding): Freed => {
      const isRetaken = vector.some((other) => conflicting(holding, other.holding));
      const seconds = isRetaken ? 0 : confirmation.reuseDelaySeconds;
      return { holding, fromMs: restFrom(owner, holding.cidr, seconds, now())?.untilMs ?? 0 };
    });
  const ended = vector.flatMap(({ standing }) =>
    standing.spare.flatMap(({ key, occupant }): Freed[] => {
      const at = keys.parseAddress(key);
      if (at === undefined || occupant?.kind !== "resting") return [];
      const { address, overlapping } = at;
      const holding = { address, overlapping, cidr: occupant.cidr };
      return isKept(holding) ? [] : [{ holding, fromMs: 0 }];
    }),
  );
  const freed = [...released, ...ended];
  if (freed.length === 0) return;
  const { hints } = await readOwnerState(context, owner);
  await noteFreed(context, [...hints.values()], freed);
}

/** Writes into a hint what the counts that came along with a claim tell of it. */
async function verify(
  context: Context,
  attempt: Attempt,
  outcome: Outcome,
  holdings: readonly Holding[],
  revision: number,
): Promise<void> {
  const { due, slots } = attempt;
  const slot = due === undefined ? undefined : slots[due.want];
  if (due === undefined || slot?.pool === undefined || slot.hint === undefined) return;
  const { pool, hint } = slot;
  const last = outcome.results.length;
  const counts = outcome.results.slice(0, last).filter((result) => result.kind === "found");
  if (counts.length < countsOf(attempt)) return;
  const open = due.piece.parts.filter((part, index) => {
    const of = counts.slice(index * COUNT_OPERATIONS, (index + 1) * COUNT_OPERATIONS);
    return !areAllHeld(parseCounts(of), part, domainsOf(pool));
  });
  const value = holdings[due.want]?.address.value ?? -1n;
  const written = withoutAll(hint, [{ first: value, last: value }]);
  const key = context.keys.hint(pool);
  const read = { key, value: "", modRevision: revision, createRevision: 0 };
  const after = afterPiece(written, due.piece, open, context.now());
  const success = [hintOperation(context.keys, pool, read, after)];
  await context.client.transact({ compare: [], success, failure: [] }, "repeatable");
}
