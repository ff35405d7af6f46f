/** Network namespaces as files: recorded at ADD, looked at again for proofs of death (design section 6). */
import { lstatSync, statSync, statfsSync } from "node:fs";
import { dirname } from "node:path";
import type { NetnsIdentity } from "../core/allocation.ts";
import type { NetnsSight } from "../core/liveness.ts";

/** `NSFS_MAGIC` of linux/magic.h: the file system of namespace files. */
const NSFS_MAGIC = 0x6e_73_66_73;

/** A process's namespace by its PID; its meaning hangs on the PID namespace of whoever looks. */
const procPath = /^\/proc\/[1-9][0-9]*\/ns\/net$/;

/**
 * What stands at a netns path, to be recognised later. Undefined where it cannot be looked at, is no namespace,
 * or where the path itself may mean another thing to another process (`/proc/self`, a thread, a symbolic link).
 */
export function identifyNetns(path: string): NetnsIdentity | undefined {
  if (!path.startsWith("/") || (path.startsWith("/proc/") && !procPath.test(path)))
    return undefined;
  try {
    if (!procPath.test(path) && lstatSync(path).isSymbolicLink()) return undefined;
    const namespace = namespaceAt(path);
    if (namespace === undefined) return undefined;
    return { path, namespace, seenFrom: seenFrom(path) };
  } catch {
    return undefined;
  }
}

/** What stands at a recorded path now. `unknown` proves nothing. */
export function sightNetns(identity: NetnsIdentity): NetnsSight {
  try {
    if (seenFrom(identity.path) !== identity.seenFrom) return "unknown";
    const namespace = namespaceAt(identity.path);
    if (namespace === undefined) return "unknown";
    return namespace === identity.namespace ? "same" : "replaced";
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "ENOENT"
      ? "missing"
      : "unknown";
  }
}

/** Whether a path is the network namespace of this process. */
export function isOwnNetns(path: string): boolean {
  try {
    return namespaceAt(path) === namespaceAt("/proc/self/ns/net");
  } catch {
    return false;
  }
}

/** Device and inode of a namespace file; undefined for any other file, as a mount that was not propagated leaves it. */
function namespaceAt(path: string): string | undefined {
  const identity = deviceAndInode(path);
  return statfsSync(path).type === NSFS_MAGIC ? identity : undefined;
}

/** What makes a path mean the same to two processes: for `/proc` the PID namespace, else the parent folder. */
function seenFrom(path: string): string {
  return procPath.test(path)
    ? `pid:${deviceAndInode("/proc/self/ns/pid")}`
    : deviceAndInode(dirname(path));
}

function deviceAndInode(path: string): string {
  const { dev, ino } = statSync(path, { bigint: true });
  return `${dev}:${ino}`;
}
