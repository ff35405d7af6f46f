/** A claim on the contents of a memory store: decided first, written afterwards. */
import type { Address } from "../../core/address.ts";
import type { Allocation, Holding } from "../../core/allocation.ts";
import { compareCidrs } from "../../core/cidr.ts";
import { conflicting, equalHoldings } from "../../core/domain.ts";
import { comparePools } from "../pool-order.ts";
import { poolOfWant } from "../pool-of-want.ts";
import type { Claim, ClaimResult } from "../store.ts";
import type { MemoryData, MemoryRecord } from "./memory-data.ts";
import { equalOwners, recordsOf } from "./memory-data.ts";
import { expireRests, restFrom } from "./memory-rest.ts";
import { lowestFree, usageOf } from "./memory-usage.ts";

/** Carries out a claim at `nowMs`. Cost: linear in what the network holds. */
export function claimInMemory(data: MemoryData, claim: Claim, nowMs: number): ClaimResult {
  const { owner, wants, confirmation } = claim;
  if (confirmation.moment !== undefined)
    data.registrations.set(owner.node, confirmation.moment.bootId);
  expireRests(data, nowMs);

  const current = data.allocations.find((allocation) => equalOwners(allocation.owner, owner));
  if (current?.sequence !== claim.expected) return { kind: "changed" };

  const foreign = recordsOf(data, owner.network).filter((record) => !isOf(record, claim));
  const chosen = new Map<number, Holding>();
  for (const [index, want] of wants.entries()) {
    if (want.kind !== "exact") continue;
    const { holding } = want;
    const [obstacle] = foreign
      .filter((record) => conflicting(record.holding, holding))
      .toSorted((a, b) => compareCidrs(a.holding.cidr, b.holding.cidr));
    if (obstacle !== undefined || [...chosen.values()].some((own) => conflicting(own, holding)))
      return { kind: "taken", want: index, conflict: conflictOf(holding.address, obstacle) };
    chosen.set(index, holding);
  }
  for (const [index, want] of wants.entries()) {
    if (want.kind !== "lowest") continue;
    const { range, overlapping } = want;
    const pool = { network: owner.network, overlapping, range };
    // One interface has no use for one address twice, whatever domains would allow.
    const own = [...chosen.values()].map(({ address }) => ({
      address,
      cidr: range.cidr,
      overlapping,
    }));
    const address = lowestFree(pool, [...foreign.map((record) => record.holding), ...own]);
    if (address === undefined)
      return { kind: "full", want: index, usage: usageOf(data, pool, nowMs) };
    chosen.set(index, { address, cidr: range.cidr, overlapping });
  }

  const holdings = [...wants.keys()].flatMap((index) => chosen.get(index) ?? []);
  return { kind: "claimed", allocation: write(data, claim, current, holdings, nowMs) };
}

function write(
  data: MemoryData,
  claim: Claim,
  current: Allocation | undefined,
  holdings: readonly Holding[],
  nowMs: number,
): Allocation {
  const { owner, wants, confirmation } = claim;
  const released = (current?.holdings ?? []).filter(
    (old) => !holdings.some((holding) => equalHoldings(old, holding)),
  );
  data.rests = [...data.rests, ...restFrom(released, owner, confirmation.reuseDelaySeconds, nowMs)]
    // What conflicts here rested for this very owner, else the claim would have failed.
    .filter(
      (rest) =>
        rest.lastOwner.network !== owner.network ||
        !holdings.some((holding) => conflicting(rest.holding, holding)),
    );
  data.sequence++;
  const allocation = { ...confirmation, owner, holdings, sequence: data.sequence };
  data.allocations = [...data.allocations.filter((other) => other !== current), allocation];

  for (const want of wants) {
    const pool = poolOfWant(owner.network, want);
    if (pool === undefined) continue;
    const others = data.pools.filter((other) => comparePools(other, pool) !== 0);
    data.pools = [...others, pool].toSorted(comparePools);
  }
  return allocation;
}

function isOf(record: MemoryRecord, { owner }: Claim): boolean {
  return equalOwners(
    record.kind === "held" ? record.allocation.owner : record.rest.lastOwner,
    owner,
  );
}

function conflictOf(address: Address, obstacle: MemoryRecord | undefined) {
  if (obstacle === undefined) return { address };
  return obstacle.kind === "held"
    ? { address, holder: obstacle.allocation }
    : { address, restsUntilMs: obstacle.rest.untilMs };
}
