/** Rows of `owners`, one for each allocation, and of `nodes`, in which boot each node last claimed. */
import type { Database } from "bun:sqlite";
import type { Allocation, Confirmation, Holding, Owner } from "../../core/allocation.ts";
import { WhereaboutsError } from "../../core/error.ts";
import type { Registration } from "../store.ts";
import { allocationOf, ownerColumns, ownerOf, recordText, storedText } from "./rows.ts";

/** An allocation with the id that its addresses refer to. */
export interface OwnerRow {
  readonly id: number;
  readonly allocation: Allocation;
}

/** The allocation of an owner. */
export function findOwner(db: Database, owner: Owner): OwnerRow | undefined {
  const row = db
    .query<{ id: number; sequence: number; record: string }, string[]>(
      `SELECT id, sequence, record FROM owners
       WHERE network = ? AND node = ? AND interface = ? AND pod = ?`,
    )
    .get(...ownerColumns(owner));
  if (row === null) return undefined;
  return { id: row.id, allocation: allocationOf(owner, row.sequence, row.record) };
}

/** The allocation of an id that an address refers to. Throws `store-damaged` if there is none. */
export function allocationById(db: Database, id: number): Allocation {
  const row = db
    .query<
      {
        network: string;
        node: string;
        interface: string;
        pod: string;
        sequence: number;
        record: string;
      },
      number[]
    >(`SELECT network, node, interface, pod, sequence, record FROM owners WHERE id = ?`)
    .get(id);
  if (row === null)
    throw new WhereaboutsError("store-damaged", `${db.filename} lacks the owner of an address`);
  const owner = ownerOf(row.network, row.node, row.interface, row.pod);
  return allocationOf(owner, row.sequence, row.record);
}

/** Writes the allocation of an owner, whose row has `id` if there is one, and gives the row's id. */
export function writeOwner(
  db: Database,
  owner: Owner,
  id: number | undefined,
  sequence: number,
  confirmation: Confirmation,
  holdings: readonly Holding[],
): number {
  const name = confirmation.name === undefined ? null : storedText(confirmation.name);
  const record = recordText(confirmation, holdings);
  if (id !== undefined) {
    db.query<unknown, (string | number | null)[]>(
      `UPDATE owners SET name = ?, sequence = ?, record = ? WHERE id = ?`,
    ).run(name, sequence, record, id);
    return id;
  }
  const { lastInsertRowid } = db
    .query<unknown, (string | number | null)[]>(
      `INSERT INTO owners (network, node, interface, pod, name, sequence, record)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
    )
    .run(...ownerColumns(owner), name, sequence, record);
  return Number(lastInsertRowid);
}

/** Removes an allocation; its addresses are the caller's. */
export function deleteOwner(db: Database, id: number): void {
  db.query<unknown, number[]>(`DELETE FROM owners WHERE id = ?`).run(id);
}

/** The next sequence, which is never given again. Throws `store-damaged` if the counter is gone. */
export function nextSequence(db: Database): number {
  // Two statements: a new process compiles them in a quarter of the time that RETURNING takes.
  db.query<unknown, []>(`UPDATE meta SET value = value + 1 WHERE key = 'sequence'`).run();
  const row = db
    .query<{ value: number }, []>(`SELECT value FROM meta WHERE key = 'sequence'`)
    .get();
  if (row === null) throw new WhereaboutsError("store-damaged", `${db.filename} lacks its counter`);
  return row.value;
}

/** Notes in which boot a node claims; writes only if that is new. */
export function registerNode(db: Database, node: string, bootId: string): void {
  db.query<unknown, string[]>(
    `INSERT INTO nodes (node, boot_id) VALUES (?, ?)
     ON CONFLICT DO UPDATE SET boot_id = excluded.boot_id WHERE boot_id <> excluded.boot_id`,
  ).run(storedText(node), storedText(bootId));
}

/** Whether a node last claimed in this boot. */
export function isRegistered(db: Database, { node, bootId }: Registration): boolean {
  const row = db
    .query<{ boot_id: string }, string[]>(`SELECT boot_id FROM nodes WHERE node = ?`)
    .get(storedText(node));
  return row?.boot_id === storedText(bootId);
}
