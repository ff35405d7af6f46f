/** Where an address is unique (design section 3, domain): which holdings of one network exclude each other. */
import { equalAddresses } from "./address.ts";
import type { Holding } from "./allocation.ts";
import { equalCidrs } from "./cidr.ts";

/** What makes addresses of one network unique: the whole network, or a prefix in it. */
type Setting = Pick<Holding, "cidr" | "overlapping">;

/** Whether an address cannot be given out under both settings: both are of the whole network, or of the same prefix. */
export function excludeEachOther(a: Setting, b: Setting): boolean {
  return (a.overlapping && b.overlapping) || equalCidrs(a.cidr, b.cidr);
}

/**
 * Whether two holdings of one network cannot belong to two owners: they are of one address, and both are unique in the
 * whole network, or of the same prefix.
 */
export function conflicting(a: Holding, b: Holding): boolean {
  if (!equalAddresses(a.address, b.address)) return false;
  return excludeEachOther(a, b);
}

/** Whether two holdings are the same. */
export function equalHoldings(a: Holding, b: Holding): boolean {
  return (
    a.overlapping === b.overlapping &&
    equalAddresses(a.address, b.address) &&
    equalCidrs(a.cidr, b.cidr)
  );
}
