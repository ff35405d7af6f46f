/**
 * Taking back what is proven dead on this node (design section 6, liveness): seen twice, at least three seconds
 * apart, and re-checked in the release itself.
 */
import type { Allocation } from "../core/allocation.ts";
import { formatHolder, formatHoldings } from "../core/allocation.ts";
import { WhereaboutsError } from "../core/error.ts";
import type { Proof } from "../core/liveness.ts";
import { formatProof, isProvable, proveDead, supersedes } from "../core/liveness.ts";
import type { World } from "./world.ts";
import { leftMs, sightOf } from "./world.ts";

/** How far apart the two sightings of a proof are. */
export const SIGHTING_INTERVAL_MS = 3000;

/** How many dead allocations one call of {@link Reclaimer.free} releases: the caller wants to claim, not to clean up. */
const BATCH = 16;

/** Which allocations are worth a look. */
export type Concern = (allocation: Allocation) => boolean;

/** An allocation for whose owner's death there is a proof, seen once. */
export interface Suspect {
  readonly allocation: Allocation;
  readonly proof: Proof;
  /** The allocation that proves `superseded`. */
  readonly superseder: Allocation | undefined;
}

/** The first sighting: what is provably dead among this node's allocations that `concerns` picks, lowest address first. Throws `try-later` after the deadline. */
export async function sightSuspects(
  world: World,
  concerns: Concern,
  deadlineUs = Infinity,
): Promise<readonly Suspect[]> {
  const { bootId } = world.now();
  const bySequence = new Map<number, Allocation>();
  const latestByPath = new Map<string, Allocation>();
  for await (const listed of world.store.list({ node: world.node })) {
    if (leftMs(world, deadlineUs) <= 0) {
      throw new WhereaboutsError(
        "try-later",
        "The time of this call was over before all that this node holds was looked at",
      );
    }
    if (listed.kind !== "held") continue;
    const { allocation } = listed;
    if (!isProvable(allocation, bootId)) continue;
    if (concerns(allocation)) bySequence.set(allocation.sequence, allocation);
    if (allocation.netns === undefined) continue;
    const place = placeOf(allocation);
    const latest = latestByPath.get(place);
    if (latest === undefined || isLater(allocation, latest)) latestByPath.set(place, allocation);
  }
  const suspects = [...bySequence.values()].flatMap((allocation): Suspect[] => {
    const superseder = latestByPath.get(placeOf(allocation));
    const proof = prove(world, allocation, superseder);
    return proof === undefined ? [] : [{ allocation, proof, superseder }];
  });
  // Whoever else claims under this node's id until the second sighting writes its own boot over it.
  if (suspects.some(({ proof }) => proof === "other-boot")) {
    await world.store.register({ node: world.node, bootId });
  }
  return suspects;
}

/**
 * The second sighting and the release, in one conditional commit. False where the proof does not hold any more,
 * the allocation changed meanwhile, or another host claims under this node's id.
 */
export async function reclaim(world: World, suspect: Suspect): Promise<boolean> {
  const allocation = await world.store.find(suspect.allocation.owner);
  if (allocation?.sequence !== suspect.allocation.sequence) return false;
  const superseder =
    suspect.superseder === undefined ? undefined : await world.store.find(suspect.superseder.owner);
  if (prove(world, allocation, superseder) !== suspect.proof) return false;
  const result = await world.store.release(allocation.owner, {
    expected: allocation.sequence,
    restSeconds: allocation.reuseDelaySeconds,
    registration: { node: world.node, bootId: world.now().bootId },
  });
  if (result !== "released") return false;
  world.log.verbose(
    `Reclaimed ${formatHoldings(allocation.holdings)} of ${formatHolder(allocation)}: ${formatProof(suspect.proof)}`,
  );
  return true;
}

function prove(
  world: World,
  allocation: Allocation,
  superseder: Allocation | undefined,
): Proof | undefined {
  return proveDead(allocation, {
    bootId: world.now().bootId,
    netns: sightOf(world, allocation),
    superseded: superseder !== undefined && supersedes(superseder, allocation),
  });
}

/** What two containers cannot share: a netns path as one parent folder shows it, and an interface in it. */
function placeOf({ owner, netns }: Allocation): string {
  return JSON.stringify([owner.interfaceName, netns?.path, netns?.seenFrom]);
}

function isLater(a: Allocation, b: Allocation): boolean {
  return a.moment?.bootId === b.moment?.bootId
    ? (a.moment?.monotonicUs ?? 0) > (b.moment?.monotonicUs ?? 0)
    : a.sequence > b.sequence;
}

/** Frees what is dead for one ADD that found nothing free, waiting between two sightings. */
export class Reclaimer {
  readonly #world: World;
  readonly #deadlineUs: number;
  /** What was seen long enough ago for the second look. */
  #due: readonly Suspect[] = [];
  readonly #looked = new Set<number>();

  constructor(world: World, deadlineUs: number) {
    this.#world = world;
    this.#deadlineUs = deadlineUs;
  }

  /**
   * Releases some of the dead among the allocations that `concerns` picks. False if there are none; true if it is
   * worth while to claim again. Throws `try-later` where there is no time for the second sighting.
   */
  async free(concerns: Concern): Promise<boolean> {
    this.#due = this.#due.filter(({ allocation }) => concerns(allocation));
    if (this.#due.length === 0) this.#due = await this.#sightAndWait(concerns);
    if (this.#due.length === 0) return false;
    let freed = 0;
    while (freed < BATCH) {
      const [suspect, ...rest] = this.#due;
      if (suspect === undefined) break;
      this.#due = rest;
      this.#looked.add(suspect.allocation.sequence);
      if (await reclaim(this.#world, suspect)) freed++;
    }
    return true;
  }

  async #sightAndWait(concerns: Concern): Promise<readonly Suspect[]> {
    const suspects = await sightSuspects(
      this.#world,
      (allocation) => concerns(allocation) && !this.#looked.has(allocation.sequence),
      this.#deadlineUs,
    );
    if (suspects.length === 0) return [];
    if (leftMs(this.#world, this.#deadlineUs) <= SIGHTING_INTERVAL_MS) {
      throw new WhereaboutsError(
        "try-later",
        `No address is free, but ${suspects.length} may be had back from dead containers; the time of this call is too short to make sure of it (add_timeout)`,
      );
    }
    await this.#world.sleep(SIGHTING_INTERVAL_MS);
    return suspects;
  }
}
