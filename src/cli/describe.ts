/** Allocations as the command line shows them, as text and as JSON. */
import { printable } from "../lib/printable.ts";
import { formatAddress } from "../core/address.ts";
import type { Allocation, Holding, Owner } from "../core/allocation.ts";
import { formatCidr } from "../core/cidr.ts";
import type { Listed } from "../store/store.ts";

/** How a network is written that is called as the one without a name is shown. */
export const QUOTED_DEFAULT = '"default"';

/** A network for a column. */
export function networkName(network: string): string {
  if (network === "") return "default";
  return network === "default" ? QUOTED_DEFAULT : printable(network);
}

/** Who holds, for a column: the pod, or the container where the runtime named no pod. */
export function holderName({ podNamespace, podName, containerId }: Allocation): string {
  if (podName === undefined) return printable(containerId).slice(0, 20);
  return printable(podNamespace === undefined ? podName : `${podNamespace}/${podName}`);
}

/** A node for a column; ids are random, and their first part tells them apart. */
export function nodeName(node: string, own: string): string {
  if (node === own) return "this node";
  return node === "" ? "unknown" : printable(node).replace(/^([0-9a-f]{8})-[0-9a-f-]{27}$/, "$1");
}

/** A listed address as a JSON document; times are RFC 3339. */
export function listedToJson(listed: Listed): object {
  const base = { state: listed.kind, ...holdingToJson(listed.holding) };
  if (listed.kind === "held") return { ...base, ...allocationToJson(listed.allocation) };
  return {
    ...base,
    lastOwner: listed.lastOwner,
    restsUntil: new Date(listed.restsUntilMs).toISOString(),
  };
}

function holdingToJson({ address, cidr, overlapping }: Holding): object {
  return {
    address: formatAddress(address),
    range: formatCidr(cidr),
    overlappingRanges: overlapping,
  };
}

/** An allocation without its addresses as a JSON document. */
export function allocationToJson(allocation: Allocation): {
  readonly owner: Owner;
  readonly containerId: string;
} {
  const { holdings: _, ...rest } = allocation;
  return rest;
}
