/** Real etcd clusters, on links that can be cut. */
import type { FaultProxy } from "./fault-proxy.ts";
import { startFaultProxy } from "./fault-proxy.ts";
import type { EtcdOptions } from "./member-options.ts";
import { EtcdMember } from "./member.ts";
import { freePort } from "./port.ts";

/** What a cluster is to be. */
export interface ClusterOptions extends EtcdOptions {
  /** Default: 3. */
  readonly memberCount?: number;
  /** Whether clients get to each member through a proxy of its own. Default: false. */
  readonly throughProxy?: boolean;
  /** Whether members get to each other through proxies, so that one can be isolated. Default: false. */
  readonly peersThroughProxy?: boolean;
}

/** A member and the proxies before it. */
export interface ClusterMember {
  readonly server: EtcdMember;
  /** Where clients reach it, through its proxy if it has one. */
  readonly endpoint: string;
  readonly proxy: FaultProxy | undefined;
  readonly peerProxy: FaultProxy | undefined;
}

/** A running cluster. Made by {@link startCluster}. */
export class EtcdCluster {
  readonly members: readonly ClusterMember[];

  constructor(members: readonly ClusterMember[]) {
    this.members = members;
  }

  /** The endpoints of all members, as clients reach them. */
  get endpoints(): readonly string[] {
    return this.members.map(({ endpoint }) => endpoint);
  }

  /**
   * The member that leads, another one than `before`; waits up to 20 s until there is exactly one. An isolated
   * leader takes itself for the leader for another second.
   */
  async leader(before?: ClusterMember): Promise<ClusterMember> {
    const deadlineMs = performance.now() + 20_000;
    while (performance.now() < deadlineMs) {
      const leads = await Promise.all(
        this.members.map(({ server }) => server.metric("etcd_server_is_leader")),
      );
      const leaders = this.members.filter((_, index) => leads[index] === 1);
      const [leader] = leaders;
      if (leader !== undefined && leader !== before && leaders.length === 1) return leader;
      await Bun.sleep(50);
    }
    throw new Error("The cluster has no leader, or two");
  }

  /** The members that do not lead. */
  async followers(): Promise<readonly ClusterMember[]> {
    const leader = await this.leader();
    return this.members.filter((member) => member !== leader);
  }

  /** Cuts a member from all others, in both directions, until {@link heal}. Clients reach it still. */
  async isolate(isolated: ClusterMember): Promise<void> {
    const id = await this.#idOf(isolated);
    const header = new RegExp(`\\r\\nx-server-from: *${id}\\r\\n`, "i");
    for (const { server, peerProxy } of this.members) {
      if (peerProxy === undefined) throw new Error("Its peers have no proxies");
      if (server === isolated.server) peerProxy.become({ kind: "cut" });
      // A peer gets at what the isolated member says also through streams that the latter asked for.
      else peerProxy.become({ kind: "close", matching: ({ text }) => header.test(text) });
    }
  }

  /** Mends what {@link isolate} cut. */
  heal(): void {
    for (const { peerProxy } of this.members) peerProxy?.become({ kind: "pass" });
  }

  /** Kills all members, stops the proxies and removes all data. */
  async remove(): Promise<void> {
    for (const { proxy, peerProxy } of this.members) {
      proxy?.stop();
      peerProxy?.stop();
    }
    await Promise.all(this.members.map(({ server }) => server.remove()));
  }

  /** For `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.remove();
  }

  /** The hexadecimal id of a member, asked at the leader. */
  async #idOf({ server }: ClusterMember): Promise<string> {
    const list = await (await this.leader()).server.etcdctl("member", "list");
    const row = list.split("\n").find((line) => line.split(", ")[2] === server.name);
    const id = row?.split(", ")[0];
    if (id === undefined) throw new Error(`No member ${server.name} in: ${list}`);
    return id;
  }
}

/** Starts a cluster on loopback, and waits until all members are healthy: about a second. */
export async function startCluster(options: ClusterOptions = {}): Promise<EtcdCluster> {
  const { memberCount = 3, throughProxy = false, peersThroughProxy = false, ...rest } = options;
  const places = Array.from({ length: memberCount }, (_, index) => {
    const peerPort = freePort();
    const advertisedPeerPort = peersThroughProxy ? freePort() : peerPort;
    return { name: `member-${index}`, peerPort, advertisedPeerPort };
  });
  const initialCluster = places
    .map(({ name, advertisedPeerPort }) => `${name}=http://127.0.0.1:${advertisedPeerPort}`)
    .join(",");
  const members: ClusterMember[] = [];
  for (const place of places) {
    const { peerPort, advertisedPeerPort } = place;
    const server = new EtcdMember(rest, { ...place, initialCluster, heartbeatMs: 50 });
    const targetPort = Number(server.hostPort.split(":")[1]);
    const proxy = throughProxy ? await startFaultProxy({ targetPort }) : undefined;
    const peerProxy = peersThroughProxy
      ? await startFaultProxy({ targetPort: peerPort, port: advertisedPeerPort })
      : undefined;
    const endpoint =
      proxy === undefined
        ? server.endpoint
        : server.endpoint.replace(server.hostPort, proxy.hostPort);
    members.push({ server, endpoint, proxy, peerProxy });
  }
  const cluster = new EtcdCluster(members);
  try {
    for (const { server } of members) server.launch();
    await Promise.all(members.map(({ server }) => server.untilHealthy()));
    return cluster;
  } catch (error) {
    await cluster.remove();
    throw error;
  }
}
