/** A claim, inside its transaction: everything is decided by reading; only then is anything written. */
import type { Database } from "bun:sqlite";
import type { Address } from "../../core/address.ts";
import { equalAddresses } from "../../core/address.ts";
import type { Allocation, Holding, Owner } from "../../core/allocation.ts";
import { confirmationOf } from "../../core/allocation.ts";
import { conflicting, equalHoldings } from "../../core/domain.ts";
import { poolOfWant } from "../pool-of-want.ts";
import type { Claim, ClaimResult, Conflict } from "../store.ts";
import type { AddressRow } from "./address-rows.ts";
import { insertAddress, keepsFrom, removeAddress, restAddress, rowsAt } from "./address-rows.ts";
import { lowestFree } from "./lowest-free.ts";
import type { OwnerRow } from "./owner-rows.ts";
import { allocationById, findOwner, nextSequence, registerNode, writeOwner } from "./owner-rows.ts";
import { recordPool, usageOf } from "./pool-usage.ts";
import { expireRests, restEndMs, restsOf } from "./rests.ts";
import { ownerColumns } from "./rows.ts";

/** What a claim finds of its own owner. */
interface Own {
  readonly current: OwnerRow | undefined;
  readonly rests: readonly Holding[];
}

/**
 * Carries out a claim at `nowMs`. Whatever becomes of it, the node's registration is written, if it names a
 * moment, and rests that are over end; beyond that only a `claimed` one writes.
 */
export function claimInTransaction(db: Database, claim: Claim, nowMs: number): ClaimResult {
  const { owner, confirmation } = claim;
  if (confirmation.moment !== undefined) registerNode(db, owner.node, confirmation.moment.bootId);
  const rests = expireRests(db, nowMs);
  const current = findOwner(db, owner);
  if (current?.allocation.sequence !== claim.expected) return { kind: "changed" };
  const own = { current, rests: rests.some ? restsOf(db, owner) : [] };
  const chosen = choose(db, claim, own, nowMs);
  // The next claim ends more rests, after which what is refused now may be free.
  if ("kind" in chosen) return rests.overdue ? { kind: "changed" } : chosen;
  return { kind: "claimed", allocation: write(db, claim, own, chosen, nowMs) };
}

/** Where the wants of a claim go, or why they cannot be met. */
function choose(
  db: Database,
  { owner, wants }: Claim,
  own: Own,
  nowMs: number,
): readonly Holding[] | Exclude<ClaimResult, { kind: "claimed" }> {
  const isSpare = ownRows(owner, own);
  const chosen = new Map<number, Holding>();
  for (const [index, want] of wants.entries()) {
    if (want.kind !== "exact") continue;
    const { holding } = want;
    const obstacle = rowsAt(db, owner.network, holding.address).find(
      (row) => keepsFrom(row, holding.overlapping, holding.cidr) && !isSpare(row),
    );
    if (obstacle !== undefined || conflictsWithAny(holding, chosen.values()))
      return { kind: "taken", want: index, conflict: conflictOf(db, holding.address, obstacle) };
    chosen.set(index, holding);
  }
  for (const [index, want] of wants.entries()) {
    if (want.kind !== "lowest") continue;
    const { overlapping, range } = want;
    const pool = { network: owner.network, overlapping, range };
    const holdingAt = (address: Address) => ({ address, cidr: range.cidr, overlapping });
    const address = lowestFree(db, pool, {
      spare: ownAddresses(own),
      isSpare,
      // One interface has no use for one address twice, whatever domains would allow.
      isReserved: (at) => hasAddress(chosen.values(), at),
    });
    if (address === undefined)
      return { kind: "full", want: index, usage: usageOf(db, pool, nowMs) };
    chosen.set(index, holdingAt(address));
  }
  const holdings: Holding[] = [];
  for (const index of wants.keys()) {
    const holding = chosen.get(index);
    if (holding !== undefined) holdings.push(holding);
  }
  return holdings;
}

function conflictsWithAny(holding: Holding, others: Iterable<Holding>): boolean {
  for (const other of others) if (conflicting(other, holding)) return true;
  return false;
}

function hasAddress(holdings: Iterable<Holding>, address: Address): boolean {
  for (const holding of holdings) if (equalAddresses(holding.address, address)) return true;
  return false;
}

function ownAddresses({ current, rests }: Own): readonly Address[] {
  const addresses: Address[] = [];
  for (const { address } of current?.allocation.holdings ?? []) addresses.push(address);
  for (const { address } of rests) addresses.push(address);
  return addresses;
}

/** Tells the rows that are the owner's own, held or at rest, from all others. */
function ownRows(owner: Owner, { current }: Own): (row: AddressRow) => boolean {
  const [, node, interfaceName, pod] = ownerColumns(owner);
  return (row) =>
    row.owner === null
      ? row.rest_node === node && row.rest_interface === interfaceName && row.rest_pod === pod
      : row.owner === current?.id;
}

function conflictOf(db: Database, address: Address, obstacle: AddressRow | undefined): Conflict {
  // Two wants of one claim exclude each other: nobody else is to blame.
  if (obstacle === undefined) return { address };
  if (obstacle.owner === null) return { address, restsUntilMs: obstacle.rest_until ?? 0 };
  return { address, holder: allocationById(db, obstacle.owner) };
}

function write(
  db: Database,
  claim: Claim,
  own: Own,
  holdings: readonly Holding[],
  nowMs: number,
): Allocation {
  const { owner, wants } = claim;
  const { network } = owner;
  const confirmation = confirmationOf(claim.confirmation);
  const sequence = nextSequence(db);
  const id = writeOwner(db, owner, own.current?.id, sequence, confirmation, holdings);
  const held = own.current?.allocation.holdings ?? [];
  const untilMs = restEndMs(confirmation.reuseDelaySeconds, nowMs);
  for (const old of held) {
    if (includes(holdings, old)) continue;
    if (untilMs === undefined || conflictsWithAny(old, holdings)) removeAddress(db, network, old);
    else restAddress(db, owner, old, nowMs, untilMs);
  }
  for (const rest of own.rests) {
    if (conflictsWithAny(rest, holdings)) removeAddress(db, network, rest);
  }
  for (const holding of holdings) {
    if (!includes(held, holding)) insertAddress(db, network, holding, id);
  }
  for (const want of wants) {
    const pool = poolOfWant(network, want);
    if (pool !== undefined) recordPool(db, pool);
  }
  return { ...confirmation, owner, holdings, sequence };
}

function includes(holdings: readonly Holding[], holding: Holding): boolean {
  for (const other of holdings) if (equalHoldings(other, holding)) return true;
  return false;
}
