/** What stands in the values, and back. Every value is JSON; a newer version of this program would say another `v`. */
import { addressKey } from "../../core/address.ts";
import type { Allocation, Confirmation, Holding, Owner } from "../../core/allocation.ts";
import { confirmationOf } from "../../core/allocation.ts";
import type { Cidr } from "../../core/cidr.ts";
import { WhereaboutsError } from "../../core/error.ts";
import type { JsonObject } from "../../core/json.ts";
import { isJsonObject } from "../../core/json.ts";
import type { Interval } from "../../core/interval-set.ts";
import type { Pool } from "../store.ts";
import type { KeyValue } from "./gateway.ts";
import { valueText } from "./gateway.ts";
import {
  addressOfPart,
  cidrOfPart,
  cidrPart,
  keyText,
  ownerOfPart,
  ownerPart,
  textOfPart,
} from "./keys.ts";

/** The only version of all values so far. */
const VERSION = 1;

/** What `ownerPart()` writes. */
const OWNER_PART = /^[A-Za-z0-9._:~-]*(?:,[A-Za-z0-9._:~-]*){3}$/;

/** Who has an address, as its key's value tells. */
export type Occupant =
  | { readonly kind: "held"; readonly owner: string; readonly cidr: Cidr }
  | ({ readonly kind: "resting" } & Rest);

/** A rest. Times are milliseconds since the epoch. */
export interface Rest {
  /** Whose last it was, as `ownerPart()` has it. */
  readonly owner: string;
  readonly cidr: Cidr;
  readonly sinceMs: number;
  readonly untilMs: number;
}

/** The value of a held address. */
export function heldText(owner: Owner, cidr: Cidr): string {
  return valueText({ v: VERSION, owner: ownerPart(owner), cidr: cidrPart(cidr) });
}

/** The value of a resting address. */
export function restText({ owner, cidr, sinceMs, untilMs }: Rest): string {
  return valueText({
    v: VERSION,
    rest: { since: sinceMs, until: untilMs },
    owner,
    cidr: cidrPart(cidr),
  });
}

/** Who has the address of a key; undefined if the value cannot be read. */
export function tryParseOccupant(value: string): Occupant | undefined {
  const record = tryParseRecord(value);
  if (record === undefined) return undefined;
  const { owner, cidr: cidrText, rest } = record;
  const cidr = typeof cidrText === "string" ? cidrOfPart(cidrText) : undefined;
  if (typeof owner !== "string" || !OWNER_PART.test(owner) || cidr === undefined) return undefined;
  if (rest === undefined) return { kind: "held", owner, cidr };
  if (!isJsonObject(rest)) return undefined;
  const { since, until } = rest;
  if (!isTime(since) || !isTime(until)) return undefined;
  return { kind: "resting", owner, cidr, sinceMs: since, untilMs: until };
}

/** JSON knows numbers that are no time: 1e999. */
function isTime(value: unknown): value is number {
  return Number.isSafeInteger(value);
}

/** When a rest is over, seen at `nowMs`: not later than its full length from then, for a clock may go back. */
export function restEndMs({ sinceMs, untilMs }: Rest, nowMs: number): number {
  return sinceMs > nowMs ? nowMs + (untilMs - sinceMs) : untilMs;
}

/** The rest of addresses that are released at `nowMs`; undefined if `restSeconds` is not positive. */
export function restFrom(
  owner: Owner,
  cidr: Cidr,
  restSeconds: number,
  nowMs: number,
): Rest | undefined {
  const lengthMs = Math.ceil(restSeconds * 1000);
  if (!(lengthMs > 0)) return undefined;
  const untilMs = Math.min(nowMs + lengthMs, Number.MAX_SAFE_INTEGER);
  return { owner: ownerPart(owner), cidr, sinceMs: nowMs, untilMs };
}

/** The value of a node's registration. */
export function bootText(bootId: string): string {
  return valueText({ v: VERSION, boot: bootId });
}

/** The value of an allocation; `written` are prefixes of its addresses that were not written in their masked form. */
export function allocationText(
  confirmation: Confirmation,
  holdings: readonly Holding[],
  written: readonly string[],
): string {
  return valueText({
    v: VERSION,
    confirmation: confirmationOf(confirmation),
    ...(written.length > 0 && { written }),
    holdings: holdings.map(({ address, cidr, overlapping }) => ({
      address: addressKey(address),
      cidr: cidrPart(cidr),
      overlapping,
    })),
  });
}

/** The value that marks an old list as finished. */
export function finishedText(nowMs: number): string {
  return valueText({ v: VERSION, at: new Date(nowMs).toISOString() });
}

/** The allocation of an owner's key. Throws `store-damaged` if the value is none. */
export function allocationOf(owner: Owner, entry: KeyValue): Allocation {
  const record = tryParseRecord(entry.value);
  const { confirmation, holdings } = record ?? {};
  if (!isConfirmation(confirmation) || !Array.isArray(holdings)) throw damaged(entry);
  return {
    ...confirmation,
    owner,
    holdings: holdings.map((holding: unknown) => holdingOf(holding, entry)),
    sequence: entry.modRevision,
  };
}

/** The `written` of an allocation's value. */
export function writtenOf({ value }: KeyValue): readonly string[] {
  const { written = [] } = tryParseRecord(value) ?? {};
  return Array.isArray(written) ? written.filter((text) => typeof text === "string") : [];
}

function holdingOf(holding: unknown, entry: KeyValue): Holding {
  const { address: at, cidr: of, overlapping } = isJsonObject(holding) ? holding : {};
  const address = typeof at === "string" ? addressOfPart(at) : undefined;
  const cidr = typeof of === "string" ? cidrOfPart(of) : undefined;
  if (address === undefined || cidr === undefined || typeof overlapping !== "boolean")
    throw damaged(entry);
  return { address, cidr, overlapping };
}

/** What `read` reads of a record; undefined where it throws `store-damaged`, which joins the faults. */
export function readOrNote<T>(faults: WhereaboutsError[], read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof WhereaboutsError) || error.code !== "store-damaged") throw error;
    faults.push(error);
    return undefined;
  }
}

/** The owner of an owner's key. Throws `store-damaged` if it is none. */
export function ownerOfKey(entry: KeyValue, owners: string): Owner {
  const owner = ownerOfPart(entry.key.slice(owners.length));
  if (owner === undefined) throw foreign(entry.key);
  return owner;
}

function isConfirmation(value: unknown): value is Confirmation {
  if (!isJsonObject(value)) return false;
  const { containerId, attempt, moment, confirmedAt, reuseDelaySeconds } = value;
  return (
    typeof containerId === "string" &&
    typeof attempt === "string" &&
    (moment === undefined || isMoment(moment)) &&
    typeof confirmedAt === "string" &&
    typeof reuseDelaySeconds === "number"
  );
}

function isMoment(value: unknown): boolean {
  return (
    isJsonObject(value) &&
    typeof value["bootId"] === "string" &&
    typeof value["monotonicUs"] === "number"
  );
}

/** The value of a pool. */
export function poolText({ range }: Pool): string {
  const { family } = range.cidr;
  const key = (value: bigint): string => addressKey({ family, value });
  return valueText({
    v: VERSION,
    allowed: range.allowed.map(({ first, last }) => `${key(first)}-${key(last)}`),
    ...(range.gateway !== undefined && { gateway: addressKey(range.gateway) }),
  });
}

/** The pool of its key, whose `pools` precede it. Throws `store-damaged` if it is none. */
export function poolOf(entry: KeyValue, pools: string): Pool {
  const [network = "", cidrText = "", firstText = "", lastText = "", setting, ...more] = entry.key
    .slice(pools.length)
    .split(",");
  const cidr = cidrOfPart(cidrText);
  const [first, last] = [addressOfPart(firstText), addressOfPart(lastText)];
  const { allowed, gateway: gatewayText } = tryParseRecord(entry.value) ?? {};
  if (cidr === undefined || first === undefined || last === undefined) throw foreign(entry.key);
  if ((setting !== "on" && setting !== "off") || more.length > 0) throw foreign(entry.key);
  if (!Array.isArray(allowed)) throw damaged(entry);
  const gateway = typeof gatewayText === "string" ? addressOfPart(gatewayText) : undefined;
  return {
    network: textOfPart(network),
    overlapping: setting === "on",
    range: {
      cidr,
      first: first.value,
      last: last.value,
      allowed: allowed.map((text: unknown) => {
        const interval = tryParseInterval(text);
        if (interval === undefined) throw damaged(entry);
        return interval;
      }),
      ...(gateway !== undefined && { gateway }),
    },
  };
}

/** An interval as `poolText()` writes it. */
export function tryParseInterval(text: unknown): Interval | undefined {
  if (typeof text !== "string") return undefined;
  const [first, last, ...more] = text.split("-").map(addressOfPart);
  if (first === undefined || last === undefined || more.length > 0) return undefined;
  if (first.family !== last.family || first.value > last.value) return undefined;
  return { first: first.value, last: last.value };
}

/** A value of this version as an object; undefined if it is none. */
export function tryParseRecord(value: string): JsonObject | undefined {
  try {
    const record: unknown = JSON.parse(value);
    return isJsonObject(record) && record["v"] === VERSION ? record : undefined;
  } catch {
    return undefined;
  }
}

/** The error about a key whose value is not what this program writes. */
export function damaged({ key, value }: Pick<KeyValue, "key" | "value">): WhereaboutsError {
  const shown = value.length > 100 ? `${value.slice(0, 100)}…` : value;
  return new WhereaboutsError(
    "store-damaged",
    `Cannot read the value of the key ${keyText(key)}: ${JSON.stringify(shown)}`,
    {
      details:
        "It was cut off, written by a newer version, or is not of whereabouts. Its address is given to nobody; " +
        "once no container uses it, remove the key (etcdctl del).",
    },
  );
}

/** The error about a key below the prefix that is not of this program. */
export function foreign(key: string): WhereaboutsError {
  return new WhereaboutsError(
    "store-damaged",
    `The key ${keyText(key)} is none of whereabouts, and stands among its keys`,
    { details: "Remove it (etcdctl del), or choose another etcd_prefix." },
  );
}

/** The error about an address's key that names an owner of whom there is no record. */
export function orphaned(key: string, ownerKey: string): WhereaboutsError {
  return new WhereaboutsError(
    "store-damaged",
    `The key ${keyText(key)} says that its address is held, but there is no key ${keyText(ownerKey)} of its holder`,
    {
      details:
        "Somebody removed that key. The address is given to nobody; " +
        "once no container uses it, remove its key (etcdctl del).",
    },
  );
}
