/** What the tests with etcd need of the machine. */
import { existsSync } from "node:fs";
import type { Requirement } from "../skip.ts";
import { commandRequirement, requirement } from "../skip.ts";
import type { EtcdVersion } from "./program.ts";
import { ETCDCTL, etcdProgram } from "./program.ts";

const client: readonly Requirement[] = [
  requirement("etcd", () =>
    existsSync(ETCDCTL) ? undefined : `no ${ETCDCTL} (package etcd-client)`,
  ),
  commandRequirement("etcd", "setpriv"),
  commandRequirement("etcd", "openssl"),
];

const servers: Readonly<Record<EtcdVersion, Requirement>> = {
  oldest: requirement("etcd", () => missing("oldest", "package etcd-server")),
  newest: requirement("etcd", () => missing("newest", "scripts/test-tools.sh builds it with Go")),
};

function missing(version: EtcdVersion, source: string): string | undefined {
  const program = etcdProgram(version);
  return existsSync(program) ? undefined : `no ${program} (${source})`;
}

/** That servers of a version can be started, and be asked with etcdctl. */
export function etcd(version: EtcdVersion): readonly Requirement[] {
  return [servers[version], ...client];
}
