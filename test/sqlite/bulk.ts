/** A loader for benchmarks: a database with many held addresses, made by a handful of set-based statements. */
import { Database } from "bun:sqlite";
import { addressKey } from "../../src/core/address.ts";
import { tryParseInterface } from "../../src/core/cidr.ts";
import { usableInterval } from "../../src/core/range.ts";
import { databasePath } from "../../src/store/sqlite/database-file.ts";
import { cidrKey, recordText, storedText } from "../../src/store/sqlite/rows.ts";
import { openSqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import { waitingFor } from "./scratch.ts";

/** What is held. */
export interface Fill {
  readonly network: string;
  /** The prefix of the range, as text; its addresses are held from the first usable one on, overlapping ranges on. */
  readonly cidr: string;
  readonly count: number;
  /** Every second address only. */
  readonly fragmented: boolean;
}

/**
 * Makes the SQLite store of a folder hold `count` addresses, each of its own owner (pod `bulk-00000001` and so
 * on). The network must hold nothing yet. Cost: about 10 µs an address.
 */
export async function fillSqlite(dataDir: string, fill: Fill): Promise<void> {
  const store = await openSqliteStore({ dataDir, waiting: waitingFor(5000) });
  await store.close();
  const db = new Database(databasePath(dataDir), { readwrite: true, create: false });
  try {
    db.run("PRAGMA synchronous = OFF");
    db.run("PRAGMA cache_size = -200000");
    db.run("BEGIN IMMEDIATE");
    insert(db, fill);
    db.run("COMMIT");
    db.run("PRAGMA wal_checkpoint(TRUNCATE)");
  } finally {
    db.close();
  }
}

function insert(db: Database, { network, cidr: text, count, fragmented }: Fill): void {
  const cidr = tryParseInterface(text)?.cidr;
  if (cidr === undefined) throw new RangeError(`Not a prefix: ${text}`);
  const { first, last } = usableInterval(cidr);
  const step = fragmented ? 2 : 1;
  const end = first + BigInt(count * step);
  if (end > last || first >> 32n !== end >> 32n)
    throw new RangeError(`${count} addresses do not fit into ${text}`);

  // The last 32 bits count up, what is before them stays the same.
  const head = addressKey({ family: cidr.family, value: first }).slice(0, -8);
  const base = Number(first & 0xffff_ffffn);
  const stored = storedText(network);
  const key = cidrKey(cidr);
  const template = recordText(
    {
      containerId: "bulk",
      attempt: "bulk",
      confirmedAt: "2026-01-01T00:00:00Z",
      reuseDelaySeconds: 0,
    },
    [{ address: { family: cidr.family, value: first }, cidr, overlapping: true }],
  );
  const place = JSON.stringify(addressKey({ family: cidr.family, value: first }));

  db.run("CREATE TEMP TABLE bulk (i INTEGER PRIMARY KEY, id INTEGER, address TEXT)");
  db.query<unknown, (string | number)[]>(
    `WITH RECURSIVE numbers (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < ?1)
     INSERT INTO bulk SELECT i, i + (SELECT coalesce(max(id), 0) FROM owners),
       ?2 || printf('%08x', ?3 + (i - 1) * ?4) FROM numbers`,
  ).run(count, head, base, step);
  db.query<unknown, (string | number)[]>(
    `INSERT INTO owners (id, network, node, interface, pod, sequence, record)
     SELECT id, ?1, 'bulk', 'eth0', printf('bulk-%08d', i),
       i + (SELECT value FROM meta WHERE key = 'sequence'),
       replace(?2, ?3, '"' || address || '"') FROM bulk ORDER BY i`,
  ).run(stored, template, place);
  db.query<unknown, (string | number)[]>(
    `INSERT INTO addresses (network, address, cidr, overlapping, owner)
     SELECT ?1, address, ?2, 1, id FROM bulk ORDER BY i`,
  ).run(stored, key);
  for (const scope of [`all ${key}`, ""]) {
    db.query<unknown, (string | number)[]>(
      fragmented
        ? `INSERT INTO runs SELECT ?1, ?2, address, address FROM bulk ORDER BY i`
        : `INSERT INTO runs SELECT ?1, ?2, min(address), max(address) FROM bulk`,
    ).run(stored, scope);
  }
  db.query<unknown, number[]>(`UPDATE meta SET value = value + ? WHERE key = 'sequence'`).run(
    count,
  );
  db.run("DROP TABLE bulk");
}
