/** The allocations that a page of addresses names, as they were when the page was read. */
import type { Allocation } from "../../core/allocation.ts";
import type { ListFilter } from "../store.ts";
import type { Context } from "./context.ts";
import { readAll } from "./context.ts";
import { isCompacted } from "./etcd-error.ts";
import type { KeyValue } from "./gateway.ts";
import { getAt } from "./gateway.ts";
import { keyPart, ownerOfPart } from "./keys.ts";
import { allocationOf, damaged, tryParseOccupant } from "./records.ts";

/** So many are read in one request. */
const BATCH = 100;

/** Reads the owners of a page, of which those that the filter leaves out are left out; by `ownerPart()`. */
export async function joinOwners(
  context: Context,
  page: readonly KeyValue[],
  revision: number,
  { node }: ListFilter,
): Promise<ReadonlyMap<string, Allocation>> {
  const parts = new Set<string>();
  for (const { value } of page) {
    const occupant = tryParseOccupant(value);
    if (occupant?.kind !== "held") continue;
    if (node === undefined || occupant.owner.startsWith(`${keyPart(node)},`))
      parts.add(occupant.owner);
  }
  const batches: string[][] = [];
  for (const part of parts) {
    const batch = batches.at(-1);
    if (batch === undefined || batch.length === BATCH) batches.push([part]);
    else batch.push(part);
  }
  const owners = new Map<string, Allocation>();
  const read = batches.map((batch) => readBatch(context, batch, revision));
  for (const batch of await Promise.all(read)) {
    for (const [part, allocation] of batch) owners.set(part, allocation);
  }
  return owners;
}

async function readBatch(
  context: Context,
  parts: readonly string[],
  revision: number,
): Promise<readonly (readonly [string, Allocation])[]> {
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
  return parts.flatMap((part, index) => {
    const [entry] = results[index]?.entries ?? [];
    const owner = ownerOfPart(part);
    if (owner !== undefined && entry !== undefined)
      return [[part, allocationOf(owner, entry)] as const];
    // At the same revision an address without its owner's key is damage; later it was released.
    if (isPast) throw damaged({ key: start + part, value: "" });
    return [];
  });
}
