/** CHECK: whether an interface holds what its result says. */
import type { Address } from "../core/address.ts";
import { equalAddresses, formatAddress } from "../core/address.ts";
import type { Owner } from "../core/allocation.ts";
import { formatHoldings } from "../core/allocation.ts";
import { WhereaboutsError } from "../core/error.ts";
import type { Range } from "../core/range.ts";
import type { World } from "./world.ts";

/** A CHECK. */
export interface CheckRequest {
  readonly owner: Owner;
  readonly containerId: string;
  /** The addresses of `prevResult.ips`. */
  readonly previous: readonly Address[];
  /** With any, something must be held. */
  readonly ranges: readonly Range[];
}

/** Returns if all that is held is in the previous result; further addresses there are others' business. Throws `check-mismatch`. */
export async function check(world: World, request: CheckRequest): Promise<void> {
  const { containerId, ranges, previous: named } = request;
  const held = await world.store.find(request.owner, { containerId, ranges, previous: named });
  if (held === undefined || held.containerId !== containerId) {
    if (held === undefined && ranges.length === 0) return;
    const instead =
      held === undefined
        ? ""
        : `; ${formatHoldings(held.holdings)} belong to container ${held.containerId} now`;
    throw new WhereaboutsError(
      "check-mismatch",
      `Container ${containerId} (${request.owner.interfaceName}) holds no address${instead}`,
    );
  }
  const missing = held.holdings.filter(
    ({ address }) => !named.some((previous) => equalAddresses(previous, address)),
  );
  if (missing.length === 0) return;
  throw new WhereaboutsError(
    "check-mismatch",
    `Container ${containerId} (${request.owner.interfaceName}) holds ${formatHoldings(missing)}, which prevResult does not list: ${named.map(formatAddress).join(", ") || "no address"}`,
  );
}
