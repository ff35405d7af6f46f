/** Who holds an address, by what its key says. */
import type { Allocation } from "../../core/allocation.ts";
import type { Context } from "./context.ts";
import { readAll } from "./context.ts";
import { get } from "./gateway.ts";
import { ownerOfPart } from "./keys.ts";
import { allocationOf } from "./records.ts";

/** The allocation of an owner as address keys name it; undefined if it is gone. */
export async function findHolder(context: Context, part: string): Promise<Allocation | undefined> {
  const owner = ownerOfPart(part);
  if (owner === undefined) return undefined;
  const { results } = await readAll(context, [get(context.keys.owner(owner))]);
  const [entry] = results[0]?.entries ?? [];
  return entry === undefined ? undefined : allocationOf(owner, entry);
}
