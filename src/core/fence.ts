/**
 * Fencing (design section 6): which write of which attempt may still change an allocation. Moments of one boot
 * compare by monotonic clock; wall time decides nothing.
 */
import type { Allocation, Moment } from "./allocation.ts";

/** What bounds a DEL, a GC or a journal entry. */
export interface Fence {
  /** When it was received. */
  readonly received: Moment;
  /** The boot in which it is carried out. */
  readonly presentBootId: string;
}

/** Whether an ADD received at `moment` comes too late: this boot has confirmed a later one. */
export function isStale(allocation: Allocation, moment: Moment): boolean {
  return (
    allocation.moment?.bootId === moment.bootId &&
    allocation.moment.monotonicUs > moment.monotonicUs
  );
}

/** Whether an allocation was last confirmed before the fence, so that what was received then may free it. */
export function confirmedBefore(allocation: Allocation, fence: Fence): boolean {
  const { moment } = allocation;
  if (moment === undefined) return true;
  if (moment.bootId === fence.received.bootId)
    return moment.monotonicUs < fence.received.monotonicUs;
  // Of another boot: received in the present one, it is later than all others; else nothing tells the order.
  return fence.received.bootId === fence.presentBootId;
}
