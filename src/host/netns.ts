/** Network namespaces as files: recorded at ADD, looked at again for proofs of death (design section 6). */
import type { NetnsIdentity } from "../core/allocation.ts";
import type { NetnsSight } from "../core/liveness.ts";
import { fileSystemOf, parentFolder, statFile, statLink } from "../lib/files.ts";

/** `NSFS_MAGIC` of linux/magic.h: the file system of namespace files. */
const NSFS_MAGIC = 0x6e_73_66_73;

/** A process's namespace by its PID; its meaning hangs on the PID namespace of whoever looks. */
const procPath = /^\/proc\/[1-9][0-9]*\/ns\/net$/;

/**
 * What stands at a netns path, to be recognised later. Undefined where it cannot be looked at, is no namespace,
 * or where the path itself may mean another thing to another process (`/proc/self`, a thread, a symbolic link).
 */
export function identifyNetns(path: string): NetnsIdentity | undefined {
  if (!path.startsWith("/")) return undefined;
  const isProc = path.startsWith("/proc/");
  if (isProc && !procPath.test(path)) return undefined;
  try {
    if (!isProc && statLink(path)?.kind === "symbolic-link") return undefined;
    const namespace = namespaceAt(path);
    if (namespace === undefined) return undefined;
    return { path, namespace, seenFrom: seenFrom(path) };
  } catch {
    return undefined;
  }
}

/** What stands at a recorded path now. `unknown` proves nothing. */
export function sightNetns(identity: NetnsIdentity): NetnsSight {
  const { path } = identity;
  try {
    const namespace = namespaceAt(path);
    if (namespace === identity.namespace) return "same";
    if (seenFrom(path) !== identity.seenFrom) return "unknown";
    if (namespace !== undefined) return "replaced";
    return statFile(path) === undefined ? "missing" : "unknown";
  } catch {
    return "unknown";
  }
}

/** Whether a path is the network namespace of this process. */
export function isOwnNetns(path: string): boolean {
  try {
    const namespace = namespaceAt(path);
    return namespace !== undefined && namespace === namespaceAt("/proc/self/ns/net");
  } catch {
    return false;
  }
}

/**
 * Device and inode of a namespace file; undefined if nothing is there, and for any other file, as a mount that was
 * not propagated leaves it.
 */
function namespaceAt(path: string): string | undefined {
  const status = statFile(path);
  if (status === undefined || fileSystemOf(path) !== NSFS_MAGIC) return undefined;
  return status.identity;
}

/** What makes a path mean the same to two processes: for `/proc` the PID namespace, else the parent folder. */
function seenFrom(path: string): string {
  if (procPath.test(path)) return `pid:${identityOf("/proc/self/ns/pid")}`;
  return identityOf(parentFolder(path));
}

/** Device and inode. A folder that is gone is not the one that was recorded. */
function identityOf(path: string): string {
  return statFile(path)?.identity ?? "nothing";
}
