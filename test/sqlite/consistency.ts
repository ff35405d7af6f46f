/** Whether a database is in order: SQLite's own check, and the runs and records against the rows. */
import type { Database } from "bun:sqlite";
import { addressOfKey } from "../../src/core/address.ts";
import type { Interval } from "../../src/core/interval-set.ts";
import { intervalSet } from "../../src/core/interval-set.ts";

interface Row {
  readonly network: string;
  readonly address: string;
  readonly cidr: string;
  readonly overlapping: number;
}

/** All that is wrong with a database, in sentences; none if it is in order. */
export function inconsistencies(db: Database): readonly string[] {
  const damage = db.query<{ integrity_check: string }, []>("PRAGMA integrity_check").all();
  return [
    ...damage.map(({ integrity_check }) => integrity_check).filter((text) => text !== "ok"),
    ...runFaults(db),
    ...ownerFaults(db),
  ];
}

function runFaults(db: Database): readonly string[] {
  const rows = db.query<Row, []>("SELECT network, address, cidr, overlapping FROM addresses").all();
  const wanted = new Map<string, Interval[]>();
  for (const { network, address, cidr, overlapping } of rows) {
    const { family, value } = addressOfKey(address);
    for (const scope of [overlapping === 1 ? "" : `off ${cidr}`, `all ${cidr}`]) {
      const key = JSON.stringify([network, scope, family]);
      const values = wanted.get(key) ?? [];
      values.push({ first: value, last: value });
      wanted.set(key, values);
    }
  }
  const found = new Map<string, Interval[]>();
  const runs = db
    .query<{ network: string; scope: string; first: string; last: string }, []>(
      "SELECT * FROM runs ORDER BY network, scope, first",
    )
    .all();
  for (const { network, scope, first, last } of runs) {
    const key = JSON.stringify([network, scope, addressOfKey(first).family]);
    const intervals = found.get(key) ?? [];
    intervals.push({ first: addressOfKey(first).value, last: addressOfKey(last).value });
    found.set(key, intervals);
  }
  return [...new Set([...wanted.keys(), ...found.keys()])].flatMap((key) => {
    const should = intervalsText(intervalSet(wanted.get(key) ?? []));
    const is = intervalsText(found.get(key) ?? []);
    return should === is ? [] : [`runs of ${key} are ${is}, should be ${should}`];
  });
}

function intervalsText(intervals: readonly Interval[]): string {
  return intervals.map(({ first, last }) => `${first}-${last}`).join(",");
}

/** Records list exactly the addresses that refer to them. */
function ownerFaults(db: Database): readonly string[] {
  return db
    .query<{ fault: string }, []>(
      `WITH listed AS (
         SELECT o.id, o.network, h.value ->> 'address' AS address, h.value ->> 'cidr' AS cidr,
           h.value ->> 'overlapping' AS overlapping
         FROM owners o, json_each(o.record, '$.holdings') h),
       held AS (SELECT owner AS id, network, address, cidr, overlapping FROM addresses
         WHERE owner IS NOT NULL)
       SELECT 'listed, not held: ' || address AS fault FROM (SELECT * FROM listed EXCEPT SELECT * FROM held)
       UNION ALL
       SELECT 'held, not listed: ' || address FROM (SELECT * FROM held EXCEPT SELECT * FROM listed)`,
    )
    .all()
    .map(({ fault }) => fault);
}
