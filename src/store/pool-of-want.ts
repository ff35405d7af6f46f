/** Which pool an allocation is for, as every store records it. */
import type { Pool, Want } from "./store.ts";

/** The pool that a want is about; undefined for an exact one of no configured range. */
export function poolOfWant(network: string, want: Want): Pool | undefined {
  if (want.range === undefined) return undefined;
  const { overlapping } = want.kind === "lowest" ? want : want.holding;
  return { network, overlapping, range: want.range };
}
