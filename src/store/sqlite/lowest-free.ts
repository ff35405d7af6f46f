/** The lowest free address of a pool, in as many steps as there are runs before it. */
import type { Database } from "bun:sqlite";
import type { Address } from "../../core/address.ts";
import { compareAddresses } from "../../core/address.ts";
import { rangeAllows } from "../../core/range.ts";
import type { Pool } from "../store.ts";
import type { AddressRow } from "./address-rows.ts";
import { keepsFrom, rowsAt } from "./address-rows.ts";
import { conflictScopes, runLastAt } from "./runs.ts";

/** What counts as free although it is occupied, and the other way round. */
export interface Exceptions {
  /** Addresses that may be occupied by nothing but rows that count for nothing. */
  readonly spare: readonly Address[];
  /** Whether a row counts for nothing. */
  readonly isSpare: (row: AddressRow) => boolean;
  /** Whether an address is out of the question. */
  readonly isReserved: (address: Address) => boolean;
}

/** The lowest free address of a pool; undefined if it is full. */
export function lowestFree(db: Database, pool: Pool, exceptions: Exceptions): Address | undefined {
  const { range, network, overlapping } = pool;
  const unoccupied = lowestOutsideRuns(db, pool, exceptions.isReserved);
  for (const address of exceptions.spare.toSorted(compareAddresses)) {
    if (unoccupied !== undefined && compareAddresses(address, unoccupied) >= 0) break;
    if (!rangeAllows(range, address) || exceptions.isReserved(address)) continue;
    const obstacle = rowsAt(db, network, address).some(
      (row) => keepsFrom(row, overlapping, range.cidr) && !exceptions.isSpare(row),
    );
    if (!obstacle) return address;
  }
  return unoccupied;
}

function lowestOutsideRuns(
  db: Database,
  { network, overlapping, range }: Pool,
  isReserved: (address: Address) => boolean,
): Address | undefined {
  const { family } = range.cidr;
  const scopes = conflictScopes(network, overlapping, range.cidr);
  let value = 0n;
  for (const { first, last } of range.allowed) {
    if (value < first) value = first;
    while (value <= last) {
      const address = { family, value };
      let next = isReserved(address) ? value + 1n : value;
      for (const scope of scopes) {
        const end = runLastAt(db, scope, address);
        if (end !== undefined && end >= next) next = end + 1n;
      }
      if (next === value) return address;
      value = next;
    }
  }
  return undefined;
}
