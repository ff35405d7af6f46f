/** The etcd programs that the tests run. */
import { homedir } from "node:os";
import { join } from "node:path";

/** The oldest server that is supported, 3.4.23 of Debian 12, or the newest, 3.7.3. */
export type EtcdVersion = "oldest" | "newest";

/** Both, for tests that run on each. */
export const ETCD_VERSIONS: readonly EtcdVersion[] = ["oldest", "newest"];

const cache = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "whereabouts-test");

/** Where the server of a version is, whether or not there is one. */
export function etcdProgram(version: EtcdVersion): string {
  return version === "oldest" ? "/usr/bin/etcd" : join(cache, "etcd-v3.7.3/etcd");
}

/** Where Debian's etcdctl is; it speaks to both. */
export const ETCDCTL = "/usr/bin/etcdctl";
