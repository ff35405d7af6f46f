/** The pods that play in a storm: on several nodes, out of ranges that lie in each other. */
import type { JsonObject } from "../../src/core/json.ts";
import type { Outcome, Running, StartOptions } from "../process/executable.ts";
import { documentOf, start } from "../process/executable.ts";

/** A pod, or rather its interface. */
export interface Pod {
  /** Unique among all pods of a storm. */
  readonly uid: string;
  readonly node: string;
  /** What of the `ipam` object is its own. */
  readonly ipam: JsonObject;
}

/** One call that was answered, or ended without an answer. Times are those of `performance.now()`. */
export interface Answered {
  readonly pod: Pod;
  readonly command: "ADD" | "DEL";
  readonly containerId: string;
  readonly startedMs: number;
  readonly endedMs: number;
  readonly outcome: Outcome;
}

/** Ranges within each other, of both settings, of both families, with and without rests; the small ones get full. */
const IPAMS: readonly JsonObject[] = [
  { range: "10.1.0.0/24" },
  { range: "10.1.0.0/26" },
  { range: "10.1.0.16/28" },
  { range: "10.1.0.0/26", enable_overlapping_ranges: false },
  { ipRanges: [{ range: "10.1.0.0/25" }, { range: "fd01::/123" }] },
  { range: "10.1.3.0/28", reuse_delay: 1 },
  { range: "10.1.0.0/29", network_name: "red" },
];

const NODES = ["node-a", "node-b", "node-c", "node-d"];

/** As many pods, on all nodes, out of all ranges. */
export function makePods(count: number): readonly Pod[] {
  return Array.from({ length: count }, (_, index) => ({
    uid: `pod-${index}`,
    node: NODES[index % NODES.length] ?? "",
    ipam: IPAMS[Math.floor(index / NODES.length) % IPAMS.length] ?? {},
  }));
}

/** What a call of a pod's container is. */
export interface PodCall extends Pick<Answered, "pod" | "command" | "containerId"> {
  /** How etcd is reached, and how long it may take: the rest of the `ipam` object. */
  readonly connection: JsonObject;
}

/** Starts the plugin for a container of a pod. */
export function startPodCall(
  { pod, command, containerId, connection }: PodCall,
  more: Partial<Omit<StartOptions, "environment" | "stdin">> = {},
): Running {
  return start({
    environment: {
      CNI_COMMAND: command,
      CNI_CONTAINERID: containerId,
      CNI_IFNAME: "eth0",
      // It was never there, so that nobody is suspected dead.
      CNI_NETNS: "/run/netns/whereabouts-etcd-fire",
      CNI_ARGS: `IgnoreUnknown=1;K8S_POD_UID=${pod.uid}`,
      NODENAME: pod.node,
    },
    stdin: documentOf({ ipam: { ...pod.ipam, ...connection } }),
    // A machine that is busy with something else is no hang.
    hangMs: 60_000,
    ...more,
  });
}

/** Makes a call and waits for its end. */
export async function answer(call: PodCall): Promise<Answered> {
  const { pod, command, containerId } = call;
  const startedMs = performance.now();
  const outcome = await startPodCall(call).outcome;
  return { pod, command, containerId, startedMs, endedMs: performance.now(), outcome };
}
