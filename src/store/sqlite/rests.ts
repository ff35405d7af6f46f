/** Addresses at rest, by wall clock. A clock that went back starts a rest again, with its full length. */
import type { Database } from "bun:sqlite";
import type { Address } from "../../core/address.ts";
import { addressKey } from "../../core/address.ts";
import type { Holding, Owner } from "../../core/allocation.ts";
import type { AddressRow } from "./address-rows.ts";
import { ADDRESS_COLUMNS, removeAddress } from "./address-rows.ts";
import type { HoldingRow } from "./rows.ts";
import { holdingOf, ownerColumns, storedText, userText } from "./rows.ts";

/** When a rest that begins now is over; undefined if `restSeconds` is not positive. */
export function restEndMs(restSeconds: number, nowMs: number): number | undefined {
  const lengthMs = Math.ceil(restSeconds * 1000);
  return lengthMs > 0 ? Math.min(nowMs + lengthMs, Number.MAX_SAFE_INTEGER) : undefined;
}

/** When a rest is over, seen at `nowMs`: not later than its full length from then. */
export function effectiveEndMs(sinceMs: number, untilMs: number, nowMs: number): number {
  return sinceMs > nowMs ? nowMs + (untilMs - sinceMs) : untilMs;
}

/** How many rests one claim ends at the most: 20 ms of work. */
const BATCH = 1000;

/** What is left of rests. */
export interface RestsLeft {
  /** Whether any address rests. */
  readonly some: boolean;
  /** Whether more of them are over than one claim ends. */
  readonly overdue: boolean;
}

/**
 * Makes addresses free whose rest is over, all or the lowest of a great many, and starts those again that began in the
 * future.
 */
export function expireRests(db: Database, nowMs: number): RestsLeft {
  const bounds = db
    .query<{ until: number | null; since: number | null }, []>(
      `SELECT (SELECT min(rest_until) FROM addresses WHERE owner IS NULL) AS until,
         (SELECT max(rest_since) FROM addresses WHERE owner IS NULL) AS since`,
    )
    .get();
  if (bounds === null || bounds.until === null || bounds.since === null) {
    return { some: false, overdue: false };
  }
  if (bounds.since > nowMs) restartRests(db, nowMs);
  else if (bounds.until > nowMs) return { some: true, overdue: false };
  const over = overRests(db, nowMs, "rests_by_until", "rest_until");
  const overdue = over.length > BATCH;
  const ended = overdue ? overRests(db, nowMs, "rests_by_address", "network, address") : over;
  for (const row of ended.slice(0, BATCH)) removeAddress(db, userText(row.network), holdingOf(row));
  return { some: true, overdue };
}

function overRests(
  db: Database,
  nowMs: number,
  index: string,
  order: string,
): readonly (HoldingRow & { network: string })[] {
  return db
    .query<HoldingRow & { network: string }, number[]>(
      `SELECT network, address, cidr, overlapping FROM addresses INDEXED BY ${index}
       WHERE owner IS NULL AND rest_until <= ? ORDER BY ${order} LIMIT ?`,
    )
    .all(nowMs, BATCH + 1);
}

function restartRests(db: Database, nowMs: number): void {
  db.query<unknown, number[]>(
    `UPDATE addresses SET rest_until = ?1 + (rest_until - rest_since), rest_since = ?1
     WHERE owner IS NULL AND rest_since > ?1`,
  ).run(nowMs);
}

// Where SQLite may choose, it prefers the primary key and reads all that the network holds.

/** What rests with this owner as the last one. */
export function restsOf(db: Database, owner: Owner): readonly Holding[] {
  const [network, node, interfaceName, pod] = ownerColumns(owner);
  return db
    .query<HoldingRow, string[]>(
      `SELECT address, cidr, overlapping FROM addresses INDEXED BY rests_by_owner
       WHERE owner IS NULL AND network = ? AND rest_pod = ? AND rest_node = ? AND rest_interface = ?`,
    )
    .all(network, pod, node, interfaceName)
    .map(holdingOf);
}

/** What rests, over or not, from one address to another in a network, in the order of addresses. */
export function restsWithin(
  db: Database,
  network: string,
  first: Address,
  last: Address,
): readonly AddressRow[] {
  return db
    .query<AddressRow, string[]>(
      `SELECT ${ADDRESS_COLUMNS} FROM addresses INDEXED BY rests_by_address
       WHERE owner IS NULL AND network = ? AND address BETWEEN ? AND ? ORDER BY address`,
    )
    .all(storedText(network), addressKey(first), addressKey(last));
}
