/** The programs that are measured on etcd, each below a prefix of its own. */
import type { Program } from "./harness.ts";
import type { Workshop } from "./programs.ts";
import { CNI_ENV, expectedOf, freshFolder, writeConfiguration } from "./programs.ts";

/** A server, as programs reach it. */
export interface Reach {
  /** URL. */
  readonly endpoint: string;
  /** The PEM file of its authority; undefined: no TLS. */
  readonly caFile?: string;
}

/** A place of its own among the keys of a server. */
export interface Place extends Reach {
  readonly prefix: string;
}

let prefixes = 0;

/** A prefix below which nothing is. */
export function freshPlace(reach: Reach): Place {
  return { ...reach, prefix: `/bench/${++prefixes}/` };
}

/** The smallest program that makes two requests. */
export function floorEtcd(workshop: Workshop, { endpoint, caFile }: Reach): Program {
  const env = { BENCH_ETCD: endpoint, CNI_CONTAINERID: `${++prefixes}-%d` };
  return {
    path: workshop.floorEtcd,
    env: caFile === undefined ? env : { ...env, BENCH_CA: caFile },
  };
}

/** Whereabouts on etcd, at a place where something may be held already. */
export function whereaboutsEtcd(
  workshop: Workshop,
  command: "ADD" | "DEL",
  place: Place,
  options: { readonly range?: string; readonly calls?: string; readonly node?: string } = {},
): Program {
  const { range = "10.0.0.0/8", calls = "bench-%d", node = "bench-node" } = options;
  const { endpoint, caFile, prefix } = place;
  const ipam = {
    type: "whereabouts",
    etcd_host: endpoint,
    ...(caFile !== undefined && { etcd_ca_cert_file: caFile }),
    etcd_prefix: prefix,
    range,
  };
  const env = { ...CNI_ENV, CNI_COMMAND: command, CNI_CONTAINERID: calls, NODENAME: node };
  const stdinPath = writeConfiguration(freshFolder(workshop, "etcd"), ipam);
  return { path: workshop.whereabouts, env, stdinPath, ...expectedOf(command) };
}
