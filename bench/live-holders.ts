/** Holders that live, as far as this machine can see: those of its own boot, whose network namespaces stand. */
import { writeFileSync } from "node:fs";
import { readBootId } from "../src/host/boot.ts";
import { identifyNetns } from "../src/host/netns.ts";
import type { BulkFill } from "../test/etcd/bulk.ts";
import type { Workshop } from "./programs.ts";
import { freshFolder } from "./programs.ts";

/**
 * Gives the pods of a fill a network namespace each for as long as `work` takes: one and the same, mounted where each
 * has its own. Returns why it could not.
 */
export async function withLiveHolders(
  workshop: Workshop,
  fill: BulkFill,
  work: (fill: BulkFill) => Promise<void>,
): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return "needs root, for network namespaces of the holders";
  const folder = freshFolder(workshop, "netns");
  await Bun.$`mount -t tmpfs whereabouts-bench ${folder}`.quiet();
  try {
    for (let number = 1; number <= fill.count; number++) writeFileSync(`${folder}/${number}`, "");
    const script = `for n in $(seq ${fill.count}); do mount --bind /proc/self/ns/net ${folder}/$n; done`;
    await Bun.$`sh -c ${script}`.quiet();
    await work({
      ...fill,
      bootId: readBootId(),
      netnsOf: (number) => identifyNetns(`${folder}/${number}`),
    });
  } finally {
    await Bun.$`umount -R -l ${folder}`.quiet();
  }
  return undefined;
}
