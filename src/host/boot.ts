/** This boot of this machine, and its clock. */
import type { Moment } from "../core/allocation.ts";
import { WhereaboutsError } from "../core/error.ts";
import { readTextFile } from "../lib/files.ts";
import { monotonicUs } from "../lib/process.ts";

const BOOT_ID = "/proc/sys/kernel/random/boot_id";

/** The kernel's random id of this boot. Throws `input-output` where `/proc` is not mounted. */
export function readBootId(): string {
  const id = readTextFile(BOOT_ID)?.trim() ?? "";
  if (id === "")
    throw new WhereaboutsError("input-output", `Cannot read ${BOOT_ID}: is /proc mounted?`);
  return id;
}

/** The present moment of a boot. */
export function presentMoment(bootId: string): Moment {
  return { bootId, monotonicUs: monotonicUs() };
}
