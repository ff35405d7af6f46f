/** `whereabouts gc`: takes back what is proven dead on this node, or what a node held that will not come back. */
import type { Allocation } from "../core/allocation.ts";
import { formatHoldings } from "../core/allocation.ts";
import { formatProof } from "../core/liveness.ts";
import type { Suspect } from "../ipam/reclaim.ts";
import { SIGHTING_INTERVAL_MS, reclaim, sightSuspects } from "../ipam/reclaim.ts";
import type { World } from "../ipam/world.ts";
import { agree } from "./agree.ts";
import type { CliHost } from "./cli-host.ts";
import { holderName, networkName } from "./describe.ts";
import type { Given } from "./options.ts";
import { UsageError, wantsJson } from "./options.ts";
import { releasedToJson } from "./release.ts";
import { withStore } from "./select-store.ts";
import { formatTable } from "./terminal.ts";

/** Something that would be freed: why in words, and how. */
interface Candidate {
  readonly allocation: Allocation;
  readonly reason: string;
  readonly free: () => Promise<boolean>;
}

/** Collects, and returns the exit code: 1 where not all that was shown could be freed. */
export async function runGc(host: CliHost, given: Given): Promise<0 | 1> {
  const isJson = wantsJson(given);
  return await withStore(host, given, async (world) => await collectIn(host, given, world, isJson));
}

async function collectIn(
  host: CliHost,
  given: Given,
  world: World,
  isJson: boolean,
): Promise<0 | 1> {
  const node = given.text("node");
  if (node === world.node || node === "self") {
    throw new UsageError(
      "--node names this node, which is here: without --node, what is proven dead on it is freed",
    );
  }
  const candidates = node === undefined ? await findDead(world) : await findOfNode(world, node);
  const place = node === undefined ? "on this node" : `of node ${node}`;
  if (candidates.length === 0) {
    host.write(isJson ? "[]\n" : `Nothing ${place} is to be freed.\n`);
    return 0;
  }
  const isAgreed = agree(
    host,
    given,
    `To be freed ${place}:\n${candidateTable(candidates)}`,
    isJson,
  );
  const isDryRun = given.flag("dry-run");
  const freed = isAgreed ? await freeAll(candidates) : [];
  if (isJson) {
    const shown = isDryRun ? candidates : freed;
    const documents = shown.map(({ allocation, reason }) => ({
      reason,
      ...releasedToJson(allocation),
    }));
    host.write(`${JSON.stringify(documents, null, 2)}\n`);
  } else if (isAgreed) {
    host.write(`Freed ${freed.length} of ${candidates.length} holders.\n`);
  }
  return isDryRun || freed.length === candidates.length ? 0 : 1;
}

function candidateTable(candidates: readonly Candidate[]): string {
  return formatTable(
    candidates.map(({ allocation, reason }) => [
      `  ${formatHoldings(allocation.holdings)}`,
      holderName(allocation),
      allocation.owner.interfaceName,
      networkName(allocation.owner.network),
      reason,
    ]),
  ).trimEnd();
}

async function findDead(world: World): Promise<readonly Candidate[]> {
  const seenUs = world.now().monotonicUs;
  const suspects = await sightSuspects(world, () => true);
  return suspects.map((suspect) => ({
    allocation: suspect.allocation,
    reason: formatProof(suspect.proof),
    free: async () => await reclaimSeen(world, suspect, seenUs),
  }));
}

async function reclaimSeen(world: World, suspect: Suspect, seenUs: number): Promise<boolean> {
  const sinceMs = (world.now().monotonicUs - seenUs) / 1000;
  if (sinceMs < SIGHTING_INTERVAL_MS) await world.sleep(SIGHTING_INTERVAL_MS - sinceMs);
  return await reclaim(world, suspect);
}

async function findOfNode(world: World, node: string): Promise<readonly Candidate[]> {
  // Not by sequence: what was written in one transaction of etcd has the same.
  const found = new Map<string, Allocation>();
  for await (const listed of world.store.list({ node })) {
    if (listed.kind === "held")
      found.set(JSON.stringify(listed.allocation.owner), listed.allocation);
  }
  return [...found.values()].map((allocation) => ({
    allocation,
    reason: "its node will not come back, says --node",
    free: async () => {
      const { owner, sequence: expected, reuseDelaySeconds: restSeconds } = allocation;
      return (await world.store.release(owner, { expected, restSeconds })) === "released";
    },
  }));
}

async function freeAll(candidates: readonly Candidate[]): Promise<readonly Candidate[]> {
  const freed: Candidate[] = [];
  for (const candidate of candidates) {
    if (await candidate.free()) freed.push(candidate);
  }
  return freed;
}
