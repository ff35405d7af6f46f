/** ADD: an owner gets its addresses, all or none (design section 6). */
import type { Address } from "../core/address.ts";
import { formatAddress } from "../core/address.ts";
import type { Allocation, Confirmation, Moment, Owner } from "../core/allocation.ts";
import { formatHolder, formatNetwork } from "../core/allocation.ts";
import { WhereaboutsError } from "../core/error.ts";
import { isStale } from "../core/fence.ts";
import type { AddressRequest, PlannedAddress } from "../core/plan.ts";
import { planAddresses, planConfirmation } from "../core/plan.ts";
import type { Range } from "../core/range.ts";
import { rangeAllows } from "../core/range.ts";
import type { Conflict, Want } from "../store/store.ts";
import { fullError } from "./full-error.ts";
import { Reclaimer } from "./reclaim.ts";
import type { Revocation } from "./roll-back.ts";
import { claimOrRollBack, revocationOf } from "./roll-back.ts";
import type { World } from "./world.ts";
import { leftMs } from "./world.ts";

/** An ADD. */
export interface AllocateRequest extends AddressRequest {
  readonly owner: Owner;
  readonly containerId: string;
  /** When the request was received. */
  readonly received: Moment;
  readonly netnsPath: string;
  readonly name: string;
  readonly podNamespace?: string;
  readonly podName?: string;
  readonly reuseDelaySeconds: number;
  /** Until when an answer is of use, in microseconds of this boot's monotonic clock. */
  readonly deadlineUs: number;
}

/** What an ADD is answered with. */
export interface Allocated {
  readonly allocation: Allocation;
  /** In the order of the ranges; `range` is undefined for what is held of a range that is not configured any more. */
  readonly addresses: readonly {
    readonly address: Address;
    readonly prefixLength: number;
    readonly range: Range | undefined;
  }[];
  /** What a rollback does; undefined where this attempt only confirmed what its incarnation was given before. */
  readonly revocation: Revocation | undefined;
}

/**
 * Allocates what the request asks for, or confirms what its owner holds. Committed when it returns. Throws
 * `range-full`, `address-taken`, `address-unavailable`, `invalid-configuration`, `try-later` and what the store throws.
 */
export async function allocate(world: World, request: AllocateRequest): Promise<Allocated> {
  const attempt = world.randomId();
  const netns = world.identifyNetns(request.netnsPath);
  const confirmation: Confirmation = {
    containerId: request.containerId,
    attempt,
    moment: request.received,
    ...(netns !== undefined && { netns }),
    name: request.name,
    ...(request.podNamespace !== undefined && { podNamespace: request.podNamespace }),
    ...(request.podName !== undefined && { podName: request.podName }),
    confirmedAt: world.wallTime().toISOString(),
    reuseDelaySeconds: request.reuseDelaySeconds,
  };
  const { containerId, ranges } = request;
  const traces = { containerId, ranges, previous: [] };
  const reclaimer = new Reclaimer(world, request.deadlineUs);
  /** Addresses that the owner would have kept, and that others have now. */
  const lost = new Set<string>();

  for (;;) {
    checkTime(world, request);
    const held = await world.store.find(request.owner, traces);
    if (held !== undefined && isStale(held, request.received)) {
      throw new WhereaboutsError(
        "try-later",
        `A later ADD of container ${held.containerId} was confirmed already; this one is out of date`,
      );
    }
    const isConfirmation = held?.containerId === request.containerId;
    const planned = isConfirmation
      ? planConfirmation(request, held)
      : planAddresses(request, held?.holdings ?? []);
    if (world.isCallerGone())
      throw new WhereaboutsError("try-later", "Whoever asked has gone; nothing was allocated");

    const wants = planned.map((address) => wantOf(address, request, lost));
    const revocation = revocationOf(held, request);
    const claim = { owner: request.owner, expected: held?.sequence, wants, confirmation };
    const result = await claimOrRollBack(world, claim, revocation);
    switch (result.kind) {
      case "claimed":
        return {
          allocation: result.allocation,
          addresses: answer(result.allocation, planned),
          revocation,
        };
      case "changed":
        break;
      case "taken": {
        const address = planned[result.want];
        if (address?.kind === "preferred") lost.add(formatAddress(result.conflict.address));
        else if (!(await reclaimer.free(holds(result.conflict))))
          throw takenError(request, result.conflict);
        break;
      }
      case "full": {
        const { range } = result.usage.pool;
        const isInRange = (allocation: Allocation): boolean =>
          allocation.owner.network === request.owner.network &&
          allocation.holdings.some(({ address }) => rangeAllows(range, address));
        if (!(await reclaimer.free(isInRange))) throw fullError(result.usage);
        break;
      }
    }
  }
}

function wantOf(
  planned: PlannedAddress,
  { overlapping }: AddressRequest,
  lost: ReadonlySet<string>,
): Want {
  const isLost = planned.kind === "preferred" && lost.has(formatAddress(planned.holding.address));
  if (planned.kind === "lowest" || isLost) {
    return { kind: "lowest", range: planned.range, overlapping, candidates: [] };
  }
  return { kind: "exact", holding: planned.holding, range: planned.range };
}

function answer(
  { holdings }: Allocation,
  planned: readonly PlannedAddress[],
): Allocated["addresses"] {
  return holdings.map(({ address, cidr }, index) => {
    const range = planned[index]?.range;
    return { address, prefixLength: (range?.cidr ?? cidr).prefixLength, range };
  });
}

function holds({ holder }: Conflict): (allocation: Allocation) => boolean {
  return (allocation) => allocation.sequence === holder?.sequence;
}

function checkTime(world: World, { deadlineUs, received }: AllocateRequest): void {
  if (leftMs(world, deadlineUs) > 0) return;
  const seconds = (deadlineUs - received.monotonicUs) / 1e6;
  throw new WhereaboutsError(
    "try-later",
    `No address could be allocated within ${seconds} s (add_timeout)`,
  );
}

function takenError(
  { owner }: AllocateRequest,
  { address, holder, restsUntilMs }: Conflict,
): WhereaboutsError {
  const reason =
    holder !== undefined
      ? `held by ${formatHolder(holder)}`
      : `it was released lately and rests until ${new Date(restsUntilMs ?? 0).toISOString()} (reuse_delay)`;
  return new WhereaboutsError(
    "address-taken",
    `Cannot reserve ${formatAddress(address)} in ${formatNetwork(owner.network)}: ${reason}`,
  );
}
