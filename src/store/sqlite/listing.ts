/** The listing, in pages by key: no transaction stays open between two of them, and memory is bounded. */
import type { Database } from "bun:sqlite";
import { addressKey } from "../../core/address.ts";
import type { Listed, ListFilter } from "../store.ts";
import type { AddressRow } from "./address-rows.ts";
import { effectiveEndMs } from "./rests.ts";
import { allocationOf, holdingOf, ownerOf, storedText, userText } from "./rows.ts";

/** How many lines a page has. */
export const PAGE_LINES = 512;

interface ListedRow extends AddressRow {
  readonly network: string;
  readonly node: string | null;
  readonly interface: string | null;
  readonly pod: string | null;
  readonly sequence: number | null;
  readonly record: string | null;
}

/** One page of a listing, and where the next one begins. */
export interface Page {
  readonly lines: readonly Listed[];
  /** The key after which to go on; undefined: that was all. */
  readonly next: PageKey | undefined;
}

/** Network, address and prefix of the last line of a page, as in the table. */
export type PageKey = readonly [network: string, address: string, cidr: string];

/** Reads the page after a key. */
export function readPage(
  db: Database,
  filter: ListFilter,
  after: PageKey | undefined,
  nowMs: number,
): Page {
  const { sql, values } = pageQuery(filter, after, nowMs);
  const rows = db.query<ListedRow, (string | number)[]>(sql).all(...values);
  const last = rows.at(-1);
  return {
    lines: rows.map((row) => lineOf(row, nowMs)),
    next:
      last === undefined || rows.length < PAGE_LINES
        ? undefined
        : [last.network, last.address, last.cidr],
  };
}

function pageQuery(filter: ListFilter, after: PageKey | undefined, nowMs: number) {
  const conditions = ["(a.owner IS NOT NULL OR a.rest_until > ? OR a.rest_since > ?)"];
  const values: (string | number)[] = [nowMs, nowMs];
  const restrict = (condition: string, ...bound: readonly string[]) => {
    conditions.push(condition);
    values.push(...bound);
  };
  if (filter.network !== undefined) restrict("a.network = ?", storedText(filter.network));
  if (after !== undefined) restrict("(a.network, a.address, a.cidr) > (?, ?, ?)", ...after);
  // The page key names the network, too; this narrower one lets SQLite begin at the address.
  if (after !== undefined && filter.network !== undefined) restrict("a.address >= ?", after[1]);
  else if (filter.first !== undefined) restrict("a.address >= ?", addressKey(filter.first));
  if (filter.last !== undefined) restrict("a.address <= ?", addressKey(filter.last));
  if (filter.node !== undefined)
    restrict("coalesce(o.node, a.rest_node) = ?", storedText(filter.node));
  if (filter.name !== undefined) restrict("o.name = ?", storedText(filter.name));
  const sql = `
    SELECT a.network, a.address, a.cidr, a.overlapping, a.owner, a.rest_node, a.rest_interface,
      a.rest_pod, a.rest_since, a.rest_until, o.node, o.interface, o.pod, o.sequence, o.record
    FROM addresses a LEFT JOIN owners o ON o.id = a.owner
    WHERE ${conditions.join(" AND ")}
    ORDER BY a.network, a.address, a.cidr LIMIT ${PAGE_LINES}`;
  return { sql, values };
}

function lineOf(row: ListedRow, nowMs: number): Listed {
  const holding = holdingOf(row);
  const { network, node, interface: interfaceName, pod, sequence, record } = row;
  if (node !== null && interfaceName !== null && pod !== null && record !== null) {
    const owner = ownerOf(network, node, interfaceName, pod);
    return { kind: "held", holding, allocation: allocationOf(owner, sequence ?? 0, record) };
  }
  return {
    kind: "resting",
    holding,
    lastOwner: {
      network: userText(network),
      node: userText(row.rest_node ?? ""),
      interfaceName: userText(row.rest_interface ?? ""),
      pod: userText(row.rest_pod ?? ""),
    },
    restsUntilMs: effectiveEndMs(row.rest_since ?? 0, row.rest_until ?? 0, nowMs),
  };
}
