/**
 * Which addresses are occupied (held or at rest), as runs without gaps: a million held may be one row. Loops here
 * and in the other files of a claim are plain: a new process pays 0.1 ms for its first `reduce` or `flatMap`.
 */
import type { Database } from "bun:sqlite";
import type { Address } from "../../core/address.ts";
import { addressKey, highestValue } from "../../core/address.ts";
import type { Holding } from "../../core/allocation.ts";
import type { Cidr } from "../../core/cidr.ts";
import type { Interval } from "../../core/interval-set.ts";
import { WhereaboutsError } from "../../core/error.ts";
import { cidrKey, storedText, valueOfKey } from "./rows.ts";

/** One set of runs: the columns that name it. */
export interface Scope {
  readonly network: string;
  readonly scope: string;
}

interface RunRow {
  readonly first: string;
  readonly last: string;
}

/** The scopes in which an address is occupied that is held with these settings. */
export function occupiedScopes(network: string, holding: Holding): readonly Scope[] {
  const { overlapping, cidr } = holding;
  return [
    overlapping ? scopeOf(network, "") : scopeOf(network, "off", cidr),
    scopeOf(network, "all", cidr),
  ];
}

/** The scopes that keep an address from a claim with these settings (design section 3, domain). */
export function conflictScopes(
  network: string,
  overlapping: boolean,
  cidr: Cidr,
): readonly Scope[] {
  return overlapping
    ? [scopeOf(network, ""), scopeOf(network, "off", cidr)]
    : [scopeOf(network, "all", cidr)];
}

function scopeOf(network: string, kind: "" | "off" | "all", cidr?: Cidr): Scope {
  const suffix = cidr === undefined ? "" : ` ${cidrKey(cidr)}`;
  return { network: storedText(network), scope: `${kind}${suffix}` };
}

/** The last address of the run in which an address lies; undefined if it is not occupied. */
export function runLastAt(db: Database, { network, scope: name }: Scope, address: Address) {
  const key = addressKey(address);
  const run = db
    .query<RunRow, string[]>(
      `SELECT first, last FROM runs WHERE network = ? AND scope = ? AND first <= ?
       ORDER BY first DESC LIMIT 1`,
    )
    .get(network, name, key);
  return run === null || run.last < key ? undefined : valueOfKey(run.last);
}

/** Adds a free address to a scope's runs. */
export function addToRuns(db: Database, target: Scope, address: Address): void {
  const { family, value } = address;
  let previous: Interval | undefined;
  let next: Interval | undefined;
  for (const run of runsBeside(db, target, address)) {
    if (run.last < value) previous = run;
    else next = run;
  }
  if (next !== undefined) removeRun(db, target, { family, value: next.first });
  const last = { family, value: next?.last ?? value };
  if (previous === undefined) insertRun(db, target, address, last);
  else resizeRun(db, target, { family, value: previous.first }, last);
}

/** Takes an occupied address out of a scope's runs. Throws `store-damaged` if it is not in them. */
export function removeFromRuns(db: Database, target: Scope, address: Address): void {
  const { family, value } = address;
  const run = runsBeside(db, target, address).find(
    ({ first, last }) => first <= value && value <= last,
  );
  if (run === undefined) {
    throw new WhereaboutsError(
      "store-damaged",
      `The runs of ${db.filename} lack ${addressKey(address)}, which is held or rests`,
    );
  }
  const first = { family, value: run.first };
  if (run.first === value) removeRun(db, target, first);
  else resizeRun(db, target, first, { family, value: value - 1n });
  if (run.last > value)
    insertRun(db, target, { family, value: value + 1n }, { family, value: run.last });
}

/** The runs that contain an address, end just before it, or begin just after it: of its family, at most two. */
function runsBeside(db: Database, target: Scope, { family, value }: Address): Interval[] {
  const after = value < highestValue(family) ? value + 1n : value;
  const before = value > 0n ? value - 1n : value;
  const rows = db
    .query<RunRow, string[]>(
      `SELECT first, last FROM runs WHERE network = ? AND scope = ? AND first <= ?
       ORDER BY first DESC LIMIT 2`,
    )
    .all(target.network, target.scope, addressKey({ family, value: after }));
  const beforeKey = addressKey({ family, value: before });
  const runs: Interval[] = [];
  for (const { first, last } of rows) {
    if (last >= beforeKey) runs.push({ first: valueOfKey(first), last: valueOfKey(last) });
  }
  return runs;
}

function insertRun(db: Database, target: Scope, first: Address, last: Address): void {
  db.query<unknown, string[]>(`INSERT INTO runs VALUES (?, ?, ?, ?)`).run(
    target.network,
    target.scope,
    addressKey(first),
    addressKey(last),
  );
}

function resizeRun(db: Database, target: Scope, first: Address, last: Address): void {
  db.query<unknown, string[]>(
    `UPDATE runs SET last = ? WHERE network = ? AND scope = ? AND first = ?`,
  ).run(addressKey(last), target.network, target.scope, addressKey(first));
}

function removeRun(db: Database, target: Scope, first: Address): void {
  db.query<unknown, string[]>(`DELETE FROM runs WHERE network = ? AND scope = ? AND first = ?`).run(
    target.network,
    target.scope,
    addressKey(first),
  );
}

const PAGE_RUNS = 4096;

/** The runs of a scope that touch the addresses from `first` to `last`, in order, clipped to these. */
export function* runsWithin(
  db: Database,
  { network, scope: name }: Scope,
  first: Address,
  last: Address,
): Generator<Interval> {
  const covering = runLastAt(db, { network, scope: name }, first);
  const clip = (value: bigint) => (value < last.value ? value : last.value);
  if (covering !== undefined) yield { first: first.value, last: clip(covering) };
  const page = db.query<RunRow, (string | number)[]>(
    `SELECT first, last FROM runs WHERE network = ? AND scope = ? AND first > ? AND first <= ?
     ORDER BY first LIMIT ?`,
  );
  let after = addressKey(first);
  for (;;) {
    const runs = page.all(network, name, after, addressKey(last), PAGE_RUNS);
    for (const run of runs)
      yield { first: valueOfKey(run.first), last: clip(valueOfKey(run.last)) };
    const final = runs.at(-1);
    if (final === undefined || runs.length < PAGE_RUNS) return;
    after = final.first;
  }
}
