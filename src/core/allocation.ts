/** Who holds which addresses (design section 3). */
import type { Address } from "./address.ts";
import type { Cidr } from "./cidr.ts";
import { formatAddress } from "./address.ts";

/** Who holds: one interface of one pod on one node, in one network. */
export interface Owner {
  /** `network_name`; empty for the default network. */
  readonly network: string;
  /** The node id; empty if unknown (imported). */
  readonly node: string;
  readonly interfaceName: string;
  /** The pod's UID, or the container id where the runtime names no UID. */
  readonly pod: string;
}

/** When something was received: comparable among moments of one boot only. */
export interface Moment {
  readonly bootId: string;
  /** Microseconds of the node's monotonic clock (`CLOCK_MONOTONIC`). */
  readonly monotonicUs: number;
}

/** A network namespace, as it was seen at ADD. Inode numbers are reused: an equal one proves nothing. */
export interface NetnsIdentity {
  /** The path as the runtime gave it. */
  readonly path: string;
  /** Device and inode of the namespace file: `4:4026532200`. */
  readonly namespace: string;
  /** What makes the path mean the same to another process: its parent folder (device and inode), or the PID namespace. */
  readonly seenFrom: string;
}

/**
 * One held address, with what makes it unique: with overlapping ranges on, the whole network; off, the prefix
 * of its range within the network.
 */
export interface Holding {
  readonly address: Address;
  /** The masked prefix of the range that it was taken from. */
  readonly cidr: Cidr;
  /** `enable_overlapping_ranges` as it was when the address was taken. */
  readonly overlapping: boolean;
}

/** What an ADD writes beside owner and addresses. */
export interface Confirmation {
  /** The container id under which the owner last came: its incarnation. */
  readonly containerId: string;
  /** Random, of the ADD that wrote this last. */
  readonly attempt: string;
  /** When that ADD was received; undefined in an imported record, which is older than every moment. */
  readonly moment?: Moment;
  readonly netns?: NetnsIdentity;
  /** The CNI network's `name`. */
  readonly name?: string;
  readonly podNamespace?: string;
  readonly podName?: string;
  /** RFC 3339 wall time, for people only. */
  readonly confirmedAt: string;
  /** How long its addresses rest when it is released without a configuration at hand. */
  readonly reuseDelaySeconds: number;
}

/** All addresses of one owner. */
export interface Allocation extends Confirmation {
  readonly owner: Owner;
  /** In the order in which they were asked for. */
  readonly holdings: readonly Holding[];
  /** Given by the store with each write, growing, never given twice: what conditional writes compare. */
  readonly sequence: number;
}

/** The fields of a confirmation alone: callers may pass an allocation, which has more. */
export function confirmationOf(confirmation: Confirmation): Confirmation {
  const { containerId, attempt, moment, netns, name, podNamespace, podName } = confirmation;
  const { confirmedAt, reuseDelaySeconds } = confirmation;
  return {
    containerId,
    attempt,
    ...(moment !== undefined && { moment }),
    ...(netns !== undefined && { netns }),
    ...(name !== undefined && { name }),
    ...(podNamespace !== undefined && { podNamespace }),
    ...(podName !== undefined && { podName }),
    confirmedAt,
    reuseDelaySeconds,
  };
}

/** Who holds, for a message: `pod "a/b" (net1)`, or the container where no pod is known. */
export function formatHolder(allocation: Allocation): string {
  const { podNamespace, podName, containerId, owner } = allocation;
  const name = podNamespace === undefined ? podName : `${podNamespace}/${podName}`;
  const holder = podName === undefined ? `container ${containerId}` : `pod "${name}"`;
  return `${holder} (${owner.interfaceName})`;
}

/** The addresses of an allocation, for a message: `10.0.0.1, fd00::1`. */
export function formatHoldings(holdings: readonly Holding[]): string {
  return holdings.map(({ address }) => formatAddress(address)).join(", ");
}

/** A network for a message: `the default network`, `network "blue"`. */
export function formatNetwork(network: string): string {
  return network === "" ? "the default network" : `network "${network}"`;
}
