/** In which order pools are listed, by every store. */
import { compareAddresses } from "../core/address.ts";
import { compareCidrs } from "../core/cidr.ts";
import type { Pool } from "./store.ts";

/** Orders pools by network, prefix, bounds, and the setting of overlapping ranges, off before on. */
export function comparePools(a: Pool, b: Pool): number {
  if (a.network !== b.network) return a.network < b.network ? -1 : 1;
  const family = a.range.cidr.family;
  return (
    compareCidrs(a.range.cidr, b.range.cidr) ||
    compareAddresses({ family, value: a.range.first }, { family, value: b.range.first }) ||
    compareAddresses({ family, value: a.range.last }, { family, value: b.range.last }) ||
    Number(a.overlapping) - Number(b.overlapping)
  );
}
