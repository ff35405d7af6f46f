/** A claim: chosen from what is known, tried in one transaction, and tried anew with what that returns. */
import type { Allocation } from "../../core/allocation.ts";
import { setContains, setSize } from "../../core/interval-set.ts";
import type { Claim, ClaimResult, Conflict, Usage } from "../store.ts";
import { attemptOf, carryOut, look } from "./claim-attempt.ts";
import type { Choice, Slot } from "./claim-choice.ts";
import { choose, slotsOf } from "./claim-choice.ts";
import { registration } from "./claim-transaction.ts";
import type { Context } from "./context.ts";
import { findHolder } from "./holder.ts";
import type { LegacyRange } from "./legacy/legacy-guard.ts";
import { LegacyGuard, heldRanges } from "./legacy/legacy-guard.ts";
import { importedConfirmation, importedOwner } from "./legacy/legacy-holdings.ts";
import type { ListLine } from "./legacy/legacy-list.ts";
import { isFullFor, usageOf } from "./pool-usage.ts";
import type { Quest } from "./search.ts";
import type { View } from "./view.ts";
import type { OwnerState } from "./owner-state.ts";
import { readOwnerState } from "./owner-state.ts";

/** Carries out a claim. `known` is the state of its owner, if it was read for this very claim. */
export async function claimInEtcd(
  context: Context,
  claim: Claim,
  known: OwnerState | undefined,
): Promise<ClaimResult> {
  // What was read before may be out of date: only what is read now says that the owner changed.
  const isFresh = known !== undefined && known.current?.sequence === claim.expected;
  const state = isFresh ? known : await readOwnerState(context, claim.owner);
  const guard = await LegacyGuard.open(context, rangesOf(claim, state), known?.lists ?? new Map());
  try {
    const result = await claimGuarded(context, claim, state, guard);
    if (result.kind !== "claimed") await register(context, claim);
    return result;
  } finally {
    await guard.close();
  }
}

/** All ranges of which a claim takes or gives up an address. */
function rangesOf({ wants }: Claim, { current, written }: OwnerState): readonly LegacyRange[] {
  const wanted = wants.map((want): LegacyRange =>
    want.kind === "lowest" ? want.range : { cidr: want.holding.cidr, written: want.range?.written },
  );
  return [...wanted, ...heldRanges(current?.holdings ?? [], written)];
}

async function claimGuarded(
  context: Context,
  claim: Claim,
  known: OwnerState,
  guard: LegacyGuard,
): Promise<ClaimResult> {
  let state = known;
  let views: readonly (View | undefined)[] = [];
  let trusted = true;
  let contentions = 0;
  for (let round = 0; ; round++) {
    if (state.current?.sequence !== claim.expected) return { kind: "changed" };
    const slots = slotsOf(context, claim, state, views, trusted);
    const choice = await choose(context, claim, state.current, slots, {
      contentions,
      trusted,
      guard,
    });
    // The only want for the lowest is counted before it is refused.
    const isBlind = slots.some(
      ({ want, view }) => view === undefined && (want.kind === "exact" || slots.length > 1),
    );
    if (choice.kind !== "chosen" && isBlind) {
      // What was only supposed to be free is no reason to refuse.
      ({ state, views } = await look(context, claim, slots));
      continue;
    }
    if (choice.kind === "taken" || choice.kind === "listed") {
      const conflict = await conflictOf(context, slots, choice);
      if (conflict === undefined) {
        // It was released meanwhile.
        ({ state, views } = await look(context, claim, slots));
        continue;
      }
      return { kind: "taken", want: choice.want, conflict };
    }
    if (choice.kind === "exhausted") {
      const full = await fullness(context, choice.quest, guard.isMixed && !trusted);
      if (full !== undefined) return { kind: "full", want: choice.want, usage: full };
      // The hint was wrong, or others were faster: from the start of the range, whatever it says.
      [trusted, views] = [false, []];
      continue;
    }
    const attempt = attemptOf(context, { claim, state, slots, choice, guard, round });
    const result = await carryOut(context, attempt);
    if (result.kind === "claimed") return result;
    const isSame = result.state.current?.sequence === claim.expected;
    if (result.isBarred && isSame) await guard.learn();
    if (result.isContended) contentions++;
    ({ state, views } = result);
  }
}

/**
 * How full a pool is that has nothing for whoever asks; undefined if it has. What old lists hold was seen in a search
 * of the whole range, under their locks.
 */
async function fullness(
  context: Context,
  quest: Quest,
  isListed: boolean,
): Promise<Usage | undefined> {
  const { detail, usage } = await usageOf(context, quest.pool);
  if (isFullFor(detail, quest)) return usage;
  if (!isListed) return undefined;
  const { lowestFree: _, ...rest } = usage;
  const listed = [...quest.blocked].filter((value) => setContains(quest.pool.range.allowed, value));
  const size = setSize(quest.pool.range.allowed);
  const held = detail.held + BigInt(listed.length);
  return { ...rest, held: held < size ? held : size };
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
  choice: Extract<Choice, { kind: "taken" | "listed" }>,
): Promise<Conflict | undefined> {
  const slot = slots[choice.want];
  if (slot === undefined || slot.want.kind !== "exact") return undefined;
  const { address } = slot.want.holding;
  if (choice.kind === "listed") return { address, holder: listedHolder(context, choice.line) };
  const { standing } = choice;
  if (standing === undefined || standing.kind === "free") return { address };
  if (standing.kind === "resting") return { address, restsUntilMs: standing.untilMs };
  const holder = await findHolder(context, standing.by);
  return holder === undefined ? undefined : { address, holder };
}

/** A line of an old list as a holder, of whom it knows the container alone. */
function listedHolder({ now }: Context, line: ListLine): Allocation {
  const { containerId } = line;
  const owner = importedOwner("", containerId);
  return { ...importedConfirmation(containerId, now()), owner, holdings: [], sequence: 0 };
}
