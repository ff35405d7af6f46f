/** DEL: frees exactly what one incarnation of an owner holds. */
import type { Address } from "../core/address.ts";
import type { Owner } from "../core/allocation.ts";
import { formatHoldings } from "../core/allocation.ts";
import type { Fence } from "../core/fence.ts";
import { confirmedBefore } from "../core/fence.ts";
import type { Range } from "../core/range.ts";
import type { World } from "./world.ts";

/** A DEL. It needs no ranges, no prevResult and no netns; they may lead to old data. */
export interface ReleaseRequest {
  readonly owner: Owner;
  readonly containerId: string;
  readonly fence: Fence;
  readonly reuseDelaySeconds: number;
  /** What is known of it that may lead to old data: whatever could be read, both may be empty. */
  readonly ranges: readonly Range[];
  readonly previous: readonly Address[];
}

/** What a DEL did; all but `released` are successes that freed nothing. */
export type Released = "released" | "unknown-owner" | "other-incarnation" | "confirmed-later";

/** Frees what the owner's incarnation holds, if it was last confirmed before the request was received. */
export async function release(world: World, request: ReleaseRequest): Promise<Released> {
  const { owner, containerId, fence, ranges, previous } = request;
  for (;;) {
    const held = await world.store.find(owner, { containerId, ranges, previous });
    if (held === undefined) return "unknown-owner";
    if (held.containerId !== containerId) return "other-incarnation";
    if (!confirmedBefore(held, fence)) return "confirmed-later";
    const restSeconds = Math.max(request.reuseDelaySeconds, held.reuseDelaySeconds);
    const result = await world.store.release(owner, { expected: held.sequence, restSeconds });
    if (result !== "released") continue;
    world.log.verbose(`Released ${formatHoldings(held.holdings)}`);
    return "released";
  }
}
