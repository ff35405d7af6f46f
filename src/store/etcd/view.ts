/** What stands at the addresses of an interval, as one read found it, and what of it is free for one owner. */
import type { Holding } from "../../core/allocation.ts";
import type { Cidr } from "../../core/cidr.ts";
import { compareCidrs, equalCidrs } from "../../core/cidr.ts";
import type { Interval } from "../../core/interval-set.ts";
import type { Pool } from "../store.ts";
import type { Comparison, Found, Operation } from "./gateway.ts";
import { getSpan, writtenAt } from "./gateway.ts";
import type { Keys } from "./keys.ts";
import type { Occupant, Rest } from "./records.ts";
import { restEndMs, tryParseOccupant } from "./records.ts";

/** A key of an address that exists. */
export interface Occupied {
  readonly key: string;
  /** 0 where the asker holds it itself, and nothing was read. */
  readonly modRevision: number;
  /** Undefined where the value is damaged: such an address is given to nobody. */
  readonly occupant: Occupant | undefined;
}

/** The settings that make an address unique: on and off exclude each other within one prefix. */
export type Domains = Pick<Pool, "network" | "overlapping"> & Pick<Holding, "cidr">;

/** What stands in an interval. */
export interface View extends Interval {
  /** By address value: the record of overlapping ranges, and the one of the prefix alone. */
  readonly on: ReadonlyMap<bigint, Occupied>;
  readonly off: ReadonlyMap<bigint, Occupied>;
}

/** A view of addresses of which nothing was read: all are taken for free. */
export function blindView(interval: Interval): View {
  return { ...interval, on: new Map(), off: new Map() };
}

/** Reads an interval. */
export function viewOperations(keys: Keys, of: Domains, interval: Interval): readonly Operation[] {
  const { network, cidr } = of;
  return [
    getSpan(keys.span("address", network, { overlapping: true, cidr }, interval)),
    getSpan(keys.span("address", network, { overlapping: false, cidr }, interval)),
  ];
}

/** The view of what {@link viewOperations} found. */
export function parseView(
  keys: Keys,
  interval: Interval,
  [on, off]: readonly [Found, Found],
): View {
  return { ...interval, on: occupiedOf(keys, on), off: occupiedOf(keys, off) };
}

function occupiedOf(keys: Keys, { entries }: Found): ReadonlyMap<bigint, Occupied> {
  const occupied = new Map<bigint, Occupied>();
  for (const { key, value, modRevision } of entries) {
    const parsed = keys.parseAddress(key);
    // A foreign key between ours stands at no address.
    if (parsed === undefined) continue;
    occupied.set(parsed.address.value, { key, modRevision, occupant: tryParseOccupant(value) });
  }
  return occupied;
}

/** Who asks, and when. */
export interface Asker {
  /** As `ownerPart()` has it. */
  readonly owner: string;
  /** Wall time in milliseconds. */
  readonly nowMs: number;
}

/** What an address is to one who asks for it. */
export type Standing =
  | {
      readonly kind: "free";
      /** As long as these hold. */
      readonly compare: readonly Comparison[];
      /** Keys of rests that are over, or the asker's own, and of what it holds already. */
      readonly spare: readonly Occupied[];
    }
  | { readonly kind: "held"; readonly by: Occupied }
  | { readonly kind: "resting"; readonly untilMs: number; readonly rest: Rest };

/** What one address of a view is to an asker. */
export function standingOf(
  keys: Keys,
  view: View,
  holding: Holding,
  network: string,
  asker: Asker,
): Standing {
  const compare: Comparison[] = [];
  const spare: Occupied[] = [];
  let obstacle: (Exclude<Standing, { kind: "free" }> & { readonly cidr: Cidr }) | undefined;
  for (const overlapping of [true, false]) {
    const occupied = (overlapping ? view.on : view.off).get(holding.address.value);
    if (occupied === undefined) {
      compare.push(writtenAt(keys.address(network, { ...holding, overlapping }), 0));
      continue;
    }
    const { key, modRevision, occupant } = occupied;
    // What the asker holds itself stays as it is for as long as its own key does.
    if (modRevision > 0) compare.push(writtenAt(key, modRevision));
    if (occupant === undefined) return { kind: "held", by: occupied };
    // An overlapping range of another prefix is no neighbour of a range that is unique in its own.
    if (overlapping && !holding.overlapping && !equalCidrs(occupant.cidr, holding.cidr)) continue;
    const found = obstacleOf(occupied, occupant, asker);
    if (found === undefined) spare.push(occupied);
    else if (obstacle === undefined || compareCidrs(occupant.cidr, obstacle.cidr) < 0)
      obstacle = { ...found, cidr: occupant.cidr };
  }
  return obstacle ?? { kind: "free", compare, spare };
}

/** Who is at an address of a pool: none, one, or two whose own domains differ. */
export function occupantsAt(
  { on, off }: View,
  { address, cidr, overlapping }: Holding,
): readonly Occupant[] {
  const [a, b] = [on.get(address.value)?.occupant, off.get(address.value)?.occupant];
  const isNear = a !== undefined && (overlapping || equalCidrs(a.cidr, cidr));
  return [...(isNear ? [a] : []), ...(b === undefined ? [] : [b])];
}

function obstacleOf(
  by: Occupied,
  occupant: Occupant,
  { owner, nowMs }: Asker,
): Exclude<Standing, { kind: "free" }> | undefined {
  if (occupant.owner === owner) return undefined;
  if (occupant.kind === "held") return { kind: "held", by };
  const untilMs = restEndMs(occupant, nowMs);
  return untilMs > nowMs ? { kind: "resting", untilMs, rest: occupant } : undefined;
}

/** Rests of a view that began in the future: a clock went back, and they begin anew. */
export function futureRests(view: View, nowMs: number): readonly (Occupied & { rest: Rest })[] {
  return [...view.on.values(), ...view.off.values()].flatMap((occupied) => {
    const { occupant } = occupied;
    const isFuture = occupant?.kind === "resting" && occupant.sinceMs > nowMs;
    return isFuture ? [{ ...occupied, rest: occupant }] : [];
  });
}
