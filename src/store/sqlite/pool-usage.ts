/** How full a pool is, counted by runs: with nothing but one run held it costs the same at any number of addresses. */
import type { Database } from "bun:sqlite";
import type { Address } from "../../core/address.ts";
import { addressOfKey } from "../../core/address.ts";
import type { Interval } from "../../core/interval-set.ts";
import { intervalSet, setContains } from "../../core/interval-set.ts";
import type { Pool, Usage } from "../store.ts";
import type { AddressRow } from "./address-rows.ts";
import { keepsFrom, rowsAt } from "./address-rows.ts";
import { lowestFree } from "./lowest-free.ts";
import { effectiveEndMs, restsWithin } from "./rests.ts";
import type { PoolRow } from "./rows.ts";
import { poolOf, poolRow } from "./rows.ts";
import { conflictScopes, runsWithin } from "./runs.ts";

/** Notes that a pool was claimed from; writes only if it is new or changed. */
export function recordPool(db: Database, pool: Pool): void {
  const row = poolRow(pool);
  db.query<unknown, (string | number)[]>(
    `INSERT INTO pools (network, cidr, first, last, overlapping, allowed, gateway)
     VALUES (?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET allowed = excluded.allowed, gateway = excluded.gateway
     WHERE allowed <> excluded.allowed OR gateway <> excluded.gateway`,
  ).run(row.network, row.cidr, row.first, row.last, row.overlapping, row.allowed, row.gateway);
}

/** All pools that were ever claimed from, in the order of network and range. */
export function recordedPools(db: Database): readonly Pool[] {
  return db
    .query<PoolRow, []>(`SELECT * FROM pools ORDER BY network, cidr, first, last, overlapping`)
    .all()
    .map(poolOf);
}

/** How full a pool is at `nowMs`; what rested until then counts as free. */
export function usageOf(db: Database, pool: Pool, nowMs: number): Usage {
  const { resting, over, restsUntilMs } = restsIn(db, pool, nowMs);
  const occupied = countOccupied(db, pool);
  const lowest = lowestFree(db, pool, {
    spare: over,
    isSpare: (row) => isOver(row, nowMs),
    isReserved: () => false,
  });
  return {
    pool,
    held: occupied - resting - BigInt(over.length),
    resting,
    ...(restsUntilMs !== undefined && { restsUntilMs }),
    ...(lowest !== undefined && { lowestFree: lowest }),
  };
}

interface Rests {
  readonly resting: bigint;
  /** Addresses that would be free by now. */
  readonly over: readonly Address[];
  readonly restsUntilMs: number | undefined;
}

/** What rests in a pool and is not also held, which overlapping ranges with different settings may bring about. */
function restsIn(db: Database, pool: Pool, nowMs: number): Rests {
  const { range, network, overlapping } = pool;
  const { family } = range.cidr;
  const ends = new Map<string, number>();
  const first = { family, value: range.first };
  const last = { family, value: range.last };
  for (const row of restsWithin(db, network, first, last)) {
    if (!keepsFrom(row, overlapping, range.cidr)) continue;
    ends.set(row.address, Math.max(endMs(row, nowMs), ends.get(row.address) ?? 0));
  }
  const over: Address[] = [];
  let resting = 0n;
  let restsUntilMs: number | undefined;
  for (const [key, untilMs] of ends) {
    const address = addressOfKey(key);
    if (!setContains(range.allowed, address.value)) continue;
    const held = rowsAt(db, network, address).some(
      (row) => row.owner !== null && keepsFrom(row, overlapping, range.cidr),
    );
    if (held) continue;
    if (untilMs <= nowMs) {
      over.push(address);
    } else {
      resting++;
      restsUntilMs = Math.min(untilMs, restsUntilMs ?? untilMs);
    }
  }
  return { resting, over, restsUntilMs };
}

function endMs({ rest_since, rest_until }: AddressRow, nowMs: number): number {
  return effectiveEndMs(rest_since ?? 0, rest_until ?? 0, nowMs);
}

function isOver(row: AddressRow, nowMs: number): boolean {
  return row.owner === null && endMs(row, nowMs) <= nowMs;
}

function countOccupied(db: Database, { network, overlapping, range }: Pool): bigint {
  const { family } = range.cidr;
  const [main, second] = conflictScopes(network, overlapping, range.cidr).map(
    (scope) => () =>
      runsWithin(db, scope, { family, value: range.first }, { family, value: range.last }),
  );
  const others = second === undefined ? [] : [...second()];
  const runs = main?.() ?? [];
  return countWithin(others.length === 0 ? runs : intervalSet([...runs, ...others]), range.allowed);
}

/** How many integers of sorted, disjoint `runs` lie in sorted, disjoint `allowed`. */
function countWithin(runs: Iterable<Interval>, allowed: readonly Interval[]): bigint {
  let count = 0n;
  let index = 0;
  for (const run of runs) {
    while ((allowed[index]?.last ?? run.first) < run.first) index++;
    for (let at = index; at < allowed.length; at++) {
      const part = allowed[at];
      if (part === undefined || part.first > run.last) break;
      const first = part.first > run.first ? part.first : run.first;
      const last = part.last < run.last ? part.last : run.last;
      count += last - first + 1n;
    }
  }
  return count;
}
