/** GC: frees what a runtime does not list any more among what this node allocated for one CNI network. */
import type { Allocation } from "../core/allocation.ts";
import { formatHolder, formatHoldings } from "../core/allocation.ts";
import { errorMessage } from "../core/error.ts";
import type { Fence } from "../core/fence.ts";
import { confirmedBefore } from "../core/fence.ts";
import type { World } from "./world.ts";
import { sightOf } from "./world.ts";

/** An attachment that is in use: https://www.cni.dev/docs/spec/#gc-clean-up-any-stale-resources. */
export interface Attachment {
  readonly containerId: string;
  readonly interfaceName: string;
}

/** A GC. */
export interface CollectRequest {
  /** The CNI network's `name`. */
  readonly name: string;
  readonly valid: readonly Attachment[];
  readonly fence: Fence;
}

/** What a GC did. */
export interface Collected {
  readonly freed: readonly Allocation[];
  /** What could not be freed, with the reason; the others were freed all the same. */
  readonly failures: readonly string[];
}

/**
 * Frees what is not listed, was confirmed before the request was received, and has no network namespace standing
 * that could still be its own (one host may have several runtimes, and the list is of one).
 */
export async function collect(world: World, request: CollectRequest): Promise<Collected> {
  const valid = new Set(request.valid.map(keyOf));
  const candidates = new Map<number, Allocation>();
  for await (const listed of world.store.list({ node: world.node, name: request.name })) {
    if (listed.kind !== "held") continue;
    const { allocation } = listed;
    const { containerId, owner } = allocation;
    if (valid.has(keyOf({ containerId, interfaceName: owner.interfaceName }))) continue;
    if (!confirmedBefore(allocation, request.fence)) continue;
    candidates.set(allocation.sequence, allocation);
  }
  const freed: Allocation[] = [];
  const failures: string[] = [];
  for (const allocation of candidates.values()) {
    if (sightOf(world, allocation) === "same") continue;
    try {
      const { owner, sequence, reuseDelaySeconds } = allocation;
      const result = await world.store.release(owner, {
        expected: sequence,
        restSeconds: reuseDelaySeconds,
      });
      // Whoever changed it since is in use, or was faster.
      if (result !== "released") continue;
      freed.push(allocation);
      world.log.verbose(
        `Collected ${formatHoldings(allocation.holdings)} of ${formatHolder(allocation)}`,
      );
    } catch (error) {
      failures.push(`${formatHoldings(allocation.holdings)}: ${errorMessage(error)}`);
    }
  }
  return { freed, failures };
}

function keyOf({ containerId, interfaceName }: Attachment): string {
  return `${containerId}/${interfaceName}`;
}
