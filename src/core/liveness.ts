/** Proofs of death (design section 6, liveness): what may be reclaimed without a DEL, and why. */
import type { Allocation } from "./allocation.ts";

/** What stands at a recorded netns path: the recorded namespace, another, nothing, or nothing that can be told. */
export type NetnsSight = "same" | "replaced" | "missing" | "unknown";

/** Why an owner is dead. */
export type Proof = "other-boot" | "netns-missing" | "netns-replaced" | "superseded";

/** What an observer of the allocation's own node sees. */
export interface Sight {
  /** The observer's boot. */
  readonly bootId: string;
  /** What stands at the allocation's netns path; `unknown` if none was recorded. */
  readonly netns: NetnsSight;
  /** Whether {@link supersedes} holds for an allocation that is held now. */
  readonly superseded: boolean;
}

/** Whether there could ever be a proof of death, seen in a boot: not for what an ADD of this boot could not look at. */
export function isProvable({ moment, netns }: Allocation, bootId: string): boolean {
  return moment !== undefined && (moment.bootId !== bootId || netns !== undefined);
}

/**
 * The proof that an allocation's owner is dead, or undefined. Its node must be the observer's; for `other-boot`
 * the node's registration in the store must be the observer's own, which the release itself compares.
 */
export function proveDead(allocation: Allocation, sight: Sight): Proof | undefined {
  if (allocation.moment === undefined) return undefined;
  if (allocation.moment.bootId !== sight.bootId) return "other-boot";
  if (allocation.netns === undefined) return undefined;
  if (sight.superseded) return "superseded";
  if (sight.netns === "missing") return "netns-missing";
  if (sight.netns === "replaced") return "netns-replaced";
  return undefined;
}

/**
 * Whether `later` proves that the container of `earlier` is gone: the same node, boot, netns path and interface
 * were given to another container afterwards.
 */
export function supersedes(later: Allocation, earlier: Allocation): boolean {
  return (
    later.owner.node === earlier.owner.node &&
    later.owner.interfaceName === earlier.owner.interfaceName &&
    later.containerId !== earlier.containerId &&
    later.netns !== undefined &&
    later.netns.path === earlier.netns?.path &&
    later.netns.seenFrom === earlier.netns.seenFrom &&
    later.moment !== undefined &&
    later.moment.bootId === earlier.moment?.bootId &&
    later.moment.monotonicUs > earlier.moment.monotonicUs
  );
}

/** A proof in words. */
export function formatProof(proof: Proof): string {
  const words: Record<Proof, string> = {
    "other-boot": "the node has rebooted since",
    "netns-missing": "its network namespace is gone",
    "netns-replaced": "another network namespace stands at its path",
    superseded: "another container was given its network namespace path and interface since",
  };
  return words[proof];
}
