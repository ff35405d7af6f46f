/** Rows of `addresses`, always together with the runs that they are part of. */
import type { Database } from "bun:sqlite";
import type { Address } from "../../core/address.ts";
import { addressKey } from "../../core/address.ts";
import type { Holding, Owner } from "../../core/allocation.ts";
import type { Cidr } from "../../core/cidr.ts";
import type { HoldingRow } from "./rows.ts";
import { cidrKey, holdingRow, ownerColumns, storedText } from "./rows.ts";
import { addToRuns, occupiedScopes, removeFromRuns } from "./runs.ts";

/** One address: held by the owner of that id, or at rest if it is null. Times are milliseconds since the epoch. */
export interface AddressRow extends HoldingRow {
  readonly owner: number | null;
  readonly rest_node: string | null;
  readonly rest_interface: string | null;
  readonly rest_pod: string | null;
  readonly rest_since: number | null;
  readonly rest_until: number | null;
}

/** The columns of an {@link AddressRow}. */
export const ADDRESS_COLUMNS =
  "address, cidr, overlapping, owner, rest_node, rest_interface, rest_pod, rest_since, rest_until";

/** All rows of one address in a network: seldom more than one. */
export function rowsAt(db: Database, network: string, address: Address): readonly AddressRow[] {
  return db
    .query<AddressRow, string[]>(
      `SELECT ${ADDRESS_COLUMNS} FROM addresses WHERE network = ? AND address = ?`,
    )
    .all(storedText(network), addressKey(address));
}

/** Whether a row keeps its address from a claim with these settings (design section 3, domain). */
export function keepsFrom(row: HoldingRow, overlapping: boolean, cidr: Cidr): boolean {
  return (overlapping && row.overlapping === 1) || row.cidr === cidrKey(cidr);
}

/** Gives a free address to the owner of an id. */
export function insertAddress(
  db: Database,
  network: string,
  holding: Holding,
  owner: number,
): void {
  const { address, cidr, overlapping } = holdingRow(holding);
  db.query<unknown, (string | number)[]>(
    `INSERT INTO addresses (network, address, cidr, overlapping, owner) VALUES (?, ?, ?, ?, ?)`,
  ).run(storedText(network), address, cidr, overlapping, owner);
  for (const scope of occupiedScopes(network, holding)) addToRuns(db, scope, holding.address);
}

/** Makes an address free that is held or rests. */
export function removeAddress(db: Database, network: string, holding: Holding): void {
  const { address, cidr } = holdingRow(holding);
  db.query<unknown, string[]>(
    `DELETE FROM addresses WHERE network = ? AND address = ? AND cidr = ?`,
  ).run(storedText(network), address, cidr);
  for (const scope of occupiedScopes(network, holding)) removeFromRuns(db, scope, holding.address);
}

/** Puts an address at rest that its owner held. */
export function restAddress(
  db: Database,
  owner: Owner,
  holding: Holding,
  sinceMs: number,
  untilMs: number,
): void {
  const [network, node, interfaceName, pod] = ownerColumns(owner);
  const { address, cidr } = holdingRow(holding);
  db.query<unknown, (string | number)[]>(
    `UPDATE addresses SET owner = NULL, rest_node = ?, rest_interface = ?, rest_pod = ?,
       rest_since = ?, rest_until = ?
     WHERE network = ? AND address = ? AND cidr = ?`,
  ).run(node, interfaceName, pod, sinceMs, untilMs, network, address, cidr);
}
