/** What becomes of an attempt that cannot be answered (design section 6, fencing). */
import type { Allocation, Owner } from "../core/allocation.ts";
import { formatHoldings } from "../core/allocation.ts";
import { errorMessage } from "../core/error.ts";
import type { Claim, ClaimResult } from "../store/store.ts";
import type { World } from "./world.ts";

/** How an attempt's addresses are freed in a rollback. */
export interface Revocation {
  readonly restSeconds: number;
}

/**
 * What a rollback of an attempt does that finds `held`: it frees what the attempt created, or took over from another
 * incarnation or from a record of the Go implementation. Undefined where it only confirms what an earlier ADD may
 * have answered with.
 */
export function revocationOf(
  held: Allocation | undefined,
  {
    containerId,
    reuseDelaySeconds,
  }: { readonly containerId: string; readonly reuseDelaySeconds: number },
): Revocation | undefined {
  // Its owner may have had them back from rest: whether nobody used them lately does not show.
  if (held === undefined) return { restSeconds: reuseDelaySeconds };
  const isTakeover = held.containerId !== containerId || held.moment === undefined;
  return isTakeover ? { restSeconds: held.reuseDelaySeconds } : undefined;
}

/** Frees what an owner holds, if that still carries the attempt's id: nobody confirmed it since. */
export async function rollBack(
  world: World,
  attempt: { readonly owner: Owner; readonly attempt: string },
  revocation: Revocation,
): Promise<void> {
  for (;;) {
    const held = await world.store.find(attempt.owner);
    if (held?.attempt !== attempt.attempt) return;
    const result = await world.store.release(attempt.owner, {
      expected: held.sequence,
      ...revocation,
    });
    if (result !== "released") continue;
    world.log.verbose(`Rolled back ${formatHoldings(held.holdings)}`);
    return;
  }
}

/** A claim whose outcome is unknown, because the store failed in it, is rolled back before its error is passed on. */
export async function claimOrRollBack(
  world: World,
  claim: Claim,
  revocation: Revocation | undefined,
): Promise<ClaimResult> {
  try {
    return await world.store.claim(claim);
  } catch (error) {
    if (revocation !== undefined) {
      const attempt = { owner: claim.owner, attempt: claim.confirmation.attempt };
      await rollBack(world, attempt, revocation).catch((second: unknown) => {
        world.log.error(
          `Cannot tell whether the failed ADD holds addresses (${errorMessage(second)}); its DEL frees them`,
        );
      });
    }
    throw error;
  }
}
