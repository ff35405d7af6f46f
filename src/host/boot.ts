/** This boot of this machine, and its clock. */
import { readFileSync } from "node:fs";
import type { Moment } from "../core/allocation.ts";
import { monotonicUs } from "../lib/libc.ts";

/** The kernel's random id of this boot. */
export function readBootId(): string {
  return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
}

/** The present moment of a boot. */
export function presentMoment(bootId: string): Moment {
  return { bootId, monotonicUs: monotonicUs() };
}
