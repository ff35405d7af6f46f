/** Who holds an address, by what its key says. */
import type { Allocation } from "../../core/allocation.ts";
import type { Context } from "./context.ts";
import { readAll } from "./context.ts";
import { get } from "./gateway.ts";
import { ownerOfPart } from "./keys.ts";
import { allocationOf, damaged, orphaned, tryParseOccupant } from "./records.ts";
import type { Occupied } from "./view.ts";

/**
 * The allocation that holds what was seen to be held; undefined if that is over. Throws `store-damaged` if one of
 * the two keys cannot be read, or the owner's is gone.
 */
export async function findHolder(
  context: Context,
  { key, modRevision, occupant }: Occupied,
): Promise<Allocation | undefined> {
  const ownerKey = context.keys.owners() + (occupant?.owner ?? "");
  const { results } = await readAll(context, [get(key), get(ownerKey)]);
  const [address, entry] = results.map(({ entries }) => entries[0]);
  if (address?.modRevision !== modRevision) return undefined;
  if (tryParseOccupant(address.value) === undefined) throw damaged(address);
  const owner = ownerOfPart(occupant?.owner ?? "");
  if (owner === undefined || entry === undefined) throw orphaned(key, ownerKey);
  return allocationOf(owner, entry);
}
