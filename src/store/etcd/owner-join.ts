/** The allocations that a page of addresses names, as they were when the page was read. */
import type { Allocation } from "../../core/allocation.ts";
import type { WhereaboutsError } from "../../core/error.ts";
import type { ListFilter } from "../store.ts";
import type { Context } from "./context.ts";
import { readAll } from "./context.ts";
import { isCompacted } from "./etcd-error.ts";
import type { KeyValue } from "./gateway.ts";
import { getAt } from "./gateway.ts";
import { keyPart, ownerOfPart } from "./keys.ts";
import { allocationOf, orphaned, readOrNote, tryParseOccupant } from "./records.ts";

/** So many are read in one request. */
const BATCH = 100;

/**
 * Reads the owners of a page, of which those that the filter leaves out are left out; by `ownerPart()`. Who cannot be
 * read, or is not there, is left out as well, and joins the faults.
 */
export async function joinOwners(
  context: Context,
  page: readonly KeyValue[],
  revision: number,
  { node }: ListFilter,
  faults: WhereaboutsError[],
): Promise<ReadonlyMap<string, Allocation>> {
  /** The first address of each. */
  const parts = new Map<string, string>();
  for (const { key, value } of page) {
    const occupant = tryParseOccupant(value);
    if (occupant?.kind !== "held") continue;
    if (node === undefined || occupant.owner.startsWith(`${keyPart(node)},`))
      parts.set(occupant.owner, parts.get(occupant.owner) ?? key);
  }
  const batches: string[][] = [];
  for (const part of parts.keys()) {
    const batch = batches.at(-1);
    if (batch === undefined || batch.length === BATCH) batches.push([part]);
    else batch.push(part);
  }
  const owners = new Map<string, Allocation>();
  const read = batches.map((batch) => readBatch(context, batch, revision));
  const start = context.keys.owners();
  for (const batch of await Promise.all(read)) {
    for (const { part, entry, isPast } of batch) {
      const owner = ownerOfPart(part);
      if (owner !== undefined && entry !== undefined) {
        const allocation = readOrNote(faults, () => allocationOf(owner, entry));
        if (allocation !== undefined) owners.set(part, allocation);
      } else if (isPast) {
        // At the same revision an address without its owner's key is damage; later it was released.
        faults.push(orphaned(parts.get(part) ?? "", start + part));
      }
    }
  }
  return owners;
}

interface OwnerRead {
  readonly part: string;
  readonly entry: KeyValue | undefined;
  /** Whether it was read at the revision of the page. */
  readonly isPast: boolean;
}

async function readBatch(
  context: Context,
  parts: readonly string[],
  revision: number,
): Promise<readonly OwnerRead[]> {
  const { keys } = context;
  const start = keys.owners();
  const read = async (at: number | undefined) =>
    await readAll(
      context,
      parts.map((part) => getAt(start + part, at)),
    );
  let isPast = true;
  const { results } = await read(revision).catch(async (error: unknown) => {
    if (!isCompacted(error)) throw error;
    isPast = false;
    return await read(undefined);
  });
  return parts.map((part, index) => ({ part, entry: results[index]?.entries[0], isPast }));
}
