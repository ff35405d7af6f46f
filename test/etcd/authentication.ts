/** Authentication of etcd, switched on. */
import type { EtcdMember } from "./member.ts";

/** A user of etcd. */
export interface User {
  readonly name: string;
  readonly password: string;
}

/** May do everything. */
export const ROOT: User = { name: "root", password: "root-secret" };

/** May read and write keys of one prefix, and old lists. */
export const PREFIX_USER: User = { name: "whereabouts", password: "whereabouts-secret" };

/** Switches it on for a cluster, with {@link ROOT}, and with {@link PREFIX_USER} for the prefix: some 0.5 s. */
export async function enableAuthentication(server: EtcdMember, prefix: string): Promise<void> {
  const commands: readonly (readonly string[])[] = [
    ["role", "add", "root"],
    ["user", "add", `${ROOT.name}:${ROOT.password}`],
    ["user", "grant-role", ROOT.name, "root"],
    ["role", "add", "prefix"],
    ["role", "grant-permission", "prefix", "--prefix=true", "readwrite", prefix],
    // Where old lists may be: every claim makes sure that its range has none.
    ["role", "grant-permission", "prefix", "--prefix=true", "readwrite", "/whereabouts/"],
    ["user", "add", `${PREFIX_USER.name}:${PREFIX_USER.password}`],
    ["user", "grant-role", PREFIX_USER.name, "prefix"],
    ["auth", "enable"],
  ];
  // etcd 3.4 makes the role root itself only when authentication is enabled.
  for (const command of commands) await server.etcdctl(...command);
}

/** What etcdctl needs to be that user. */
export function userFlag({ name, password }: User): string {
  return `--user=${name}:${password}`;
}
