/** What goes wrong in a cluster during a storm. Each is healed when its function returns. */
import { ROOT, PREFIX_USER, enableAuthentication } from "../etcd/authentication.ts";
import type { User } from "../etcd/authentication.ts";
import type { ClusterMember, ClusterOptions, EtcdCluster } from "../etcd/cluster.ts";
import type { Fault } from "../etcd/fault.ts";
import type { EtcdMember } from "../etcd/member.ts";

/** Where a storm rages. */
export interface Scene {
  readonly cluster: EtcdCluster;
  readonly prefix: string;
  /** Who the plugin says it is from now on; undefined: nobody. */
  login: User | undefined;
  /** For how long the fault is to strike, and when it began. */
  readonly strikeMs: number;
  readonly startedMs: number;
  /** How long it lasts before it is healed for half as long. */
  readonly struckMs: number;
}

/** A fault with its name, and what the cluster must be for it. */
export interface FireFault {
  readonly name: string;
  readonly strike: (scene: Scene) => Promise<void>;
  readonly options?: ClusterOptions;
  /** Whether some call must fail: no other member is left that could serve it. Default: false. */
  readonly mustHurt?: boolean;
}

async function repeatedly(
  { startedMs, strikeMs, struckMs }: Scene,
  blow: (round: number) => Promise<() => void | Promise<void>>,
): Promise<void> {
  for (let round = 0; performance.now() - startedMs < strikeMs; round++) {
    const heal = await blow(round);
    await Bun.sleep(struckMs);
    await heal();
    await Bun.sleep(struckMs / 2);
  }
}

async function killLeader(scene: Scene): Promise<void> {
  await repeatedly(scene, async () => {
    const { server } = await scene.cluster.leader();
    await server.stop("SIGKILL");
    return async () => await server.restart();
  });
}

async function stopMember(scene: Scene): Promise<void> {
  await repeatedly(scene, async (round) => {
    const { server } = round % 2 === 0 ? await scene.cluster.leader() : await follower(scene);
    server.kill("SIGSTOP");
    return () => server.kill("SIGCONT");
  });
}

async function follower({ cluster }: Scene): Promise<ClusterMember> {
  const [one] = await cluster.followers();
  if (one === undefined) throw new Error("The cluster has no follower");
  return one;
}

/** Breaks the links of clients: in even rounds to the leader, in odd ones to all members. */
function onLinks(...kinds: readonly Fault[]): FireFault["strike"] {
  return async (scene) => {
    await repeatedly(scene, async (round) => {
      const leader = await scene.cluster.leader();
      const struck = round % 2 === 0 ? [leader] : scene.cluster.members;
      const fault = kinds[Math.floor(round / 2) % kinds.length] ?? { kind: "pass" };
      for (const { proxy } of struck) proxy?.become(fault);
      return () => {
        for (const { proxy } of struck) proxy?.become({ kind: "pass" });
      };
    });
  };
}

/** The leader alone, though clients reach it: what it was told in that time comes to nothing. */
async function isolateLeader(scene: Scene): Promise<void> {
  await repeatedly(scene, async () => {
    await scene.cluster.isolate(await scene.cluster.leader());
    return () => scene.cluster.heal();
  });
}

async function compact(scene: Scene): Promise<void> {
  const { members } = scene.cluster;
  const { startedMs, strikeMs } = scene;
  for (let round = 0; performance.now() - startedMs < strikeMs; round++) {
    const { server } = members[round % members.length] ?? (await scene.cluster.leader());
    await compactAll(server);
    if (round % 5 === 4) await server.etcdctl("defrag");
    await Bun.sleep(100);
  }
}

async function compactAll(server: EtcdMember): Promise<void> {
  const answer = await server.etcdctl("get", "/ballast", "-w", "json");
  const revision = /"revision":(\d+)/.exec(answer)?.[1];
  if (revision === undefined) throw new Error(`No revision in: ${answer}`);
  await server.etcdctl("compact", revision);
}

/** Fills the database with what is not ours; then makes room, and clears the alarm. */
async function fill(scene: Scene): Promise<void> {
  const { cluster } = scene;
  await repeatedly(scene, async () => {
    const { server } = await cluster.leader();
    const megabyte = "x".repeat(120_000);
    while (!(await server.etcdctl("alarm", "list")).includes("NOSPACE")) {
      const puts = Array.from({ length: 10 }, async (_, index) =>
        server.etcdctl("put", `/ballast/${index}`, megabyte),
      );
      await Promise.allSettled(puts);
    }
    return async () => {
      await server.etcdctl("del", "--prefix", "/ballast/");
      await compactAll(server);
      for (const member of cluster.members) await member.server.etcdctl("defrag");
      await server.etcdctl("alarm", "disarm");
    };
  });
}

async function restartAll(scene: Scene): Promise<void> {
  const { cluster } = scene;
  await repeatedly(scene, async (round) => {
    const signal = round % 2 === 0 ? "SIGKILL" : "SIGTERM";
    await Promise.all(cluster.members.map(async ({ server }) => await server.stop(signal)));
    return async () => {
      for (const { server } of cluster.members) server.launch();
      await Promise.all(cluster.members.map(async ({ server }) => await server.untilHealthy()));
    };
  });
}

/** First the cluster asks who it is, and only later the configuration knows. */
async function authenticate(scene: Scene): Promise<void> {
  const { server } = await scene.cluster.leader();
  await enableAuthentication(server, scene.prefix);
  await Bun.sleep(scene.struckMs);
  scene.login = PREFIX_USER;
  await Bun.sleep(Math.max(scene.struckMs, scene.startedMs + scene.strikeMs - performance.now()));
}

/** Who may read everything in a scene. */
export function reader({ login }: Scene): User | undefined {
  return login === undefined ? undefined : ROOT;
}

/** Every fault. */
export const FIRE_FAULTS: readonly FireFault[] = [
  { name: "the leader is killed", strike: killLeader },
  { name: "a member is stopped", strike: stopMember },
  { name: "links are cut both ways", strike: onLinks({ kind: "cut" }, { kind: "hang" }) },
  { name: "links are cut towards etcd", strike: onLinks({ kind: "hold-requests" }) },
  { name: "links are cut towards the plugin", strike: onLinks({ kind: "hold-replies" }) },
  { name: "replies are lost after the commit", strike: onLinks({ kind: "lose-replies" }) },
  {
    name: "the leader is cut from the others",
    strike: isolateLeader,
    options: { peersThroughProxy: true },
  },
  { name: "the history is compacted", strike: compact },
  {
    name: "the database is full",
    strike: fill,
    // Version 3.4 does not count what a transaction within a transaction writes: it takes ours though it is full.
    options: { version: "newest", quotaBytes: 12 * 2 ** 20 },
    mustHurt: true,
  },
  { name: "all members are restarted", strike: restartAll, mustHurt: true },
  {
    name: "authentication is switched on",
    strike: authenticate,
    // Each call logs in: that is to cost as little as it can.
    options: { flags: ["--bcrypt-cost=4"] },
    mustHurt: true,
  },
];
