/** What stands in the rows of the tables, and back. */
import { addressKey, addressOfKey } from "../../core/address.ts";
import type { Allocation, Confirmation, Holding, Owner } from "../../core/allocation.ts";
import type { Cidr } from "../../core/cidr.ts";
import type { Interval, IntervalSet } from "../../core/interval-set.ts";
import { WhereaboutsError } from "../../core/error.ts";
import type { Pool } from "../store.ts";

/**
 * A user's text as it stands in a column. JSON's escapes keep apart what SQLite would mix up: it ends some texts
 * at NUL, and UTF-8 has no lone surrogates.
 */
export function storedText(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

/** The text of a {@link storedText}. */
export function userText(stored: string): string {
  return String(JSON.parse(`"${stored}"`));
}

/** A text whose order is the order of prefixes: first address, then length. */
export function cidrKey(cidr: Cidr): string {
  const first = addressKey({ family: cidr.family, value: cidr.first });
  return `${first}/${String(cidr.prefixLength).padStart(3, "0")}`;
}

/** The value of an `addressKey()`. */
export function valueOfKey(key: string): bigint {
  return addressOfKey(key).value;
}

/** The prefix of a {@link cidrKey}. */
export function cidrOfKey(key: string): Cidr {
  const [first = "", length = ""] = key.split("/");
  const { family, value } = addressOfKey(first);
  return { family, first: value, prefixLength: Number.parseInt(length, 10) };
}

/** The columns of a holding. */
export interface HoldingRow {
  readonly address: string;
  readonly cidr: string;
  readonly overlapping: number;
}

/** The holding of these columns. */
export function holdingOf(row: HoldingRow): Holding {
  return {
    address: addressOfKey(row.address),
    cidr: cidrOfKey(row.cidr),
    overlapping: row.overlapping === 1,
  };
}

/** The columns of a holding's row that find it. */
export function holdingRow(holding: Holding): HoldingRow {
  return {
    address: addressKey(holding.address),
    cidr: cidrKey(holding.cidr),
    overlapping: holding.overlapping ? 1 : 0,
  };
}

/** The four texts that name an owner, in the order of the columns. */
export function ownerColumns(owner: Owner): [string, string, string, string] {
  return [
    storedText(owner.network),
    storedText(owner.node),
    storedText(owner.interfaceName),
    storedText(owner.pod),
  ];
}

/** The owner of {@link ownerColumns}. */
export function ownerOf(network: string, node: string, interfaceName: string, pod: string): Owner {
  return {
    network: userText(network),
    node: userText(node),
    interfaceName: userText(interfaceName),
    pod: userText(pod),
  };
}

/** What `owners.record` holds. */
interface OwnerRecord {
  readonly confirmation: Confirmation;
  readonly holdings: readonly HoldingRow[];
}

/** The text of `owners.record`. */
export function recordText(confirmation: Confirmation, holdings: readonly Holding[]): string {
  const rows: HoldingRow[] = [];
  for (const holding of holdings) rows.push(holdingRow(holding));
  const record: OwnerRecord = { confirmation, holdings: rows };
  return JSON.stringify(record);
}

/** The allocation of an `owners` row. Throws `store-damaged` if the record is none. */
export function allocationOf(owner: Owner, sequence: number, record: string): Allocation {
  try {
    // SAFETY: recordText() wrote it; no other program writes to the file.
    const { confirmation, holdings }: OwnerRecord = JSON.parse(record);
    return { ...confirmation, owner, holdings: holdings.map(holdingOf), sequence };
  } catch (cause) {
    throw new WhereaboutsError("store-damaged", `Cannot read the allocation: ${record}`, { cause });
  }
}

/** The columns of a pool. */
export interface PoolRow {
  readonly network: string;
  readonly cidr: string;
  readonly first: string;
  readonly last: string;
  readonly overlapping: number;
  readonly allowed: string;
  readonly gateway: string;
}

/** A pool as its columns. */
export function poolRow({ network, overlapping, range }: Pool): PoolRow {
  const { family } = range.cidr;
  const key = (value: bigint) => addressKey({ family, value });
  let allowed = "";
  for (const { first, last } of range.allowed)
    allowed += `${allowed === "" ? "" : " "}${key(first)}-${key(last)}`;
  return {
    network: storedText(network),
    cidr: cidrKey(range.cidr),
    first: key(range.first),
    last: key(range.last),
    overlapping: overlapping ? 1 : 0,
    allowed,
    gateway: range.gateway === undefined ? "" : addressKey(range.gateway),
  };
}

/** The pool of these columns. */
export function poolOf(row: PoolRow): Pool {
  const allowed: IntervalSet = row.allowed.split(" ").map((text): Interval => {
    const [first = "", last = ""] = text.split("-");
    return { first: valueOfKey(first), last: valueOfKey(last) };
  });
  return {
    network: userText(row.network),
    overlapping: row.overlapping === 1,
    range: {
      cidr: cidrOfKey(row.cidr),
      first: valueOfKey(row.first),
      last: valueOfKey(row.last),
      allowed,
      ...(row.gateway !== "" && { gateway: addressOfKey(row.gateway) }),
    },
  };
}
