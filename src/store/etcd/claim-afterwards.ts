/** What is written after a claim, and order alone hangs on: hints. */
import type { Holding } from "../../core/allocation.ts";
import { conflicting, equalHoldings } from "../../core/domain.ts";
import type { Claim } from "../store.ts";
import type { Attempt } from "./claim-transaction.ts";
import { countsOf } from "./claim-transaction.ts";
import type { Context } from "./context.ts";
import { asFound } from "./context.ts";
import { COUNT_OPERATIONS, areAllHeld, parseCounts } from "./counting.ts";
import type { Outcome } from "./gateway.ts";
import type { Freed } from "./hint-updates.ts";
import { hintOperation, noteFreed, withoutAll } from "./hint-updates.ts";
import { restFrom } from "./records.ts";
import type { Candidate } from "./search.ts";
import { domainsOf } from "./search.ts";
import { afterPiece } from "./verification.ts";
import type { OwnerState } from "./owner-state.ts";
import { readOwnerState } from "./owner-state.ts";

/** Tells hints of what an exchange released, and of rests that it ended. */
export async function noteExchanged(
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
export async function verifyHint(
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
  const counts = outcome.results.filter((result) => result.kind === "found").map(asFound);
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
