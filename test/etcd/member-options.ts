/** What a member of an etcd cluster is told on its command line. */
import type { KeyPair } from "./certificates.ts";
import type { EtcdVersion } from "./program.ts";

/** How a server speaks TLS with its clients. */
export interface EtcdTls {
  /** Its own certificate. */
  readonly server: KeyPair;
  /** The authority that signed it: what etcdctl trusts. Path of a PEM file. */
  readonly authority: string;
  /** Default: clients need no certificate. */
  readonly clients?: {
    /** The authority of the certificates that clients must show. */
    readonly authority: string;
    /** What etcdctl shows. */
    readonly etcdctl: KeyPair;
  };
}

/** What a server is to be. */
export interface EtcdOptions {
  /** Default: `oldest`. */
  readonly version?: EtcdVersion;
  /** Default: plain HTTP. */
  readonly tls?: EtcdTls;
  /** Whether it answers JSON over HTTP. Default: true. */
  readonly gateway?: boolean;
  /** How large its database may get before it takes no more writes. Default: 2 GB. */
  readonly quotaBytes?: number;
  /** More of its flags, as `--auth-token-ttl=1`. */
  readonly flags?: readonly string[];
}

/** How a member is reached by its peers. */
export interface Membership {
  readonly name: string;
  readonly peerPort: number;
  /** Where the peers are told that it is; a proxy may be there. */
  readonly advertisedPeerPort: number;
  /** All members: `NAME=URL,…`. */
  readonly initialCluster: string;
  readonly heartbeatMs: number;
}

/** What each member has of its own. */
export interface MemberPlace {
  readonly dataDir: string;
  /** URL for clients. */
  readonly endpoint: string;
  /** Where it tells its health without TLS. */
  readonly metricsPort: number;
}

/** The flags of a server, those of the options last. */
export function flagsOf(
  options: EtcdOptions,
  membership: Membership,
  { dataDir, endpoint, metricsPort }: MemberPlace,
): readonly string[] {
  const { version = "oldest", tls, gateway = true, quotaBytes = 0, flags = [] } = options;
  const { name, peerPort, advertisedPeerPort, initialCluster, heartbeatMs } = membership;
  return [
    `--name=${name}`,
    `--data-dir=${dataDir}`,
    `--listen-client-urls=${endpoint}`,
    `--advertise-client-urls=${endpoint}`,
    `--listen-metrics-urls=http://127.0.0.1:${metricsPort}`,
    `--listen-peer-urls=http://127.0.0.1:${peerPort}`,
    `--initial-advertise-peer-urls=http://127.0.0.1:${advertisedPeerPort}`,
    `--initial-cluster=${initialCluster}`,
    `--heartbeat-interval=${heartbeatMs}`,
    `--election-timeout=${heartbeatMs * 10}`,
    `--enable-grpc-gateway=${gateway}`,
    `--quota-backend-bytes=${quotaBytes}`,
    "--logger=zap",
    "--log-outputs=stderr",
    // 3.4 cannot leave out fsync; it costs nothing in memory.
    ...(version === "oldest" ? [] : ["--unsafe-no-fsync"]),
    ...(tls === undefined ? [] : tlsFlags(tls)),
    ...flags,
  ];
}

function tlsFlags({ server, clients }: EtcdTls): readonly string[] {
  return [
    `--cert-file=${server.certFile}`,
    `--key-file=${server.keyFile}`,
    ...(clients === undefined
      ? []
      : ["--client-cert-auth", `--trusted-ca-file=${clients.authority}`]),
  ];
}
