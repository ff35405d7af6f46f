/** Where an address is unique (design section 3, domain): which holdings of one network exclude each other. */
import { equalAddresses } from "./address.ts";
import type { Holding } from "./allocation.ts";
import { equalCidrs } from "./cidr.ts";

/**
 * Whether two holdings of one network cannot belong to two owners: they are of one address, and both are unique in the
 * whole network, or of the same prefix.
 */
export function conflicting(a: Holding, b: Holding): boolean {
  if (!equalAddresses(a.address, b.address)) return false;
  return (a.overlapping && b.overlapping) || equalCidrs(a.cidr, b.cidr);
}

/** Whether two holdings are the same. */
export function equalHoldings(a: Holding, b: Holding): boolean {
  return (
    a.overlapping === b.overlapping &&
    equalAddresses(a.address, b.address) &&
    equalCidrs(a.cidr, b.cidr)
  );
}
