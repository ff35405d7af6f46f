/** STATUS: whether an ADD would work now. */
import { rangeAllows } from "../core/range.ts";
import type { Pool } from "../store/store.ts";
import { fullError } from "./full-error.ts";
import { sightSuspects } from "./reclaim.ts";
import type { World } from "./world.ts";

/**
 * Returns if the store can be written and every pool has a free address, or one that an ADD may reclaim. Throws
 * `range-full` and what the store throws.
 */
export async function status(
  world: World,
  pools: readonly Pool[],
  deadlineUs: number,
): Promise<void> {
  await world.store.register({ node: world.node, bootId: world.now().bootId });
  for (const usage of await world.store.usage(pools)) {
    if (usage.lowestFree !== undefined) continue;
    const { network, range } = usage.pool;
    const suspects = await sightSuspects(
      world,
      ({ owner, holdings }) =>
        owner.network === network && holdings.some(({ address }) => rangeAllows(range, address)),
      deadlineUs,
    );
    if (suspects.length === 0) throw fullError(usage);
  }
}
