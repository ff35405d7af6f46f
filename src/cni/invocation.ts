/** One call with all that it means, and the world that it happens in. */
import type { Configuration } from "../config/configuration.ts";
import type { Moment, Owner } from "../core/allocation.ts";
import { WhereaboutsError } from "../core/error.ts";
import type { World } from "../ipam/world.ts";
import type { Log } from "../lib/log.ts";
import type { PodArguments } from "./arguments.ts";
import type { Call } from "./environment.ts";
import type { NetworkConfiguration } from "../config/network-configuration.ts";
import type { PluginHost } from "./plugin-host.ts";

/** One call as it came in. */
export interface ReceivedCall {
  readonly call: Call;
  readonly received: Moment;
  readonly network: NetworkConfiguration;
}

/** One call with all that it means. */
export interface Invocation extends ReceivedCall {
  readonly host: PluginHost;
  readonly configuration: Configuration;
  readonly flatFile: string | undefined;
  readonly pod: PodArguments;
  readonly log: Log;
}

/** Opens the world for as long as `work` takes, which has `timeoutMs` from when the call was received. */
export async function withWorld(
  invocation: Invocation,
  timeoutMs: number,
  work: (world: World, deadlineUs: number) => Promise<void>,
): Promise<void> {
  const { host, received, configuration, flatFile, log } = invocation;
  const { store: choice } = configuration;
  if (choice === undefined) {
    throw new WhereaboutsError("internal", "No store was chosen, and no fault was found");
  }
  const deadlineUs = received.monotonicUs + timeoutMs * 1000;
  const leftMs = (): number => (deadlineUs - host.present().monotonicUs) / 1000;
  const world = await host.openWorld({ choice, flatFile, log, leftMs });
  try {
    await work(world, deadlineUs);
  } finally {
    await world.store.close();
  }
}

/** Who calls: the pod where the runtime names its UID, else the container. */
export function ownerOf({ call, configuration, pod }: Invocation, { node }: World): Owner {
  const { containerId, interfaceName } = call;
  const { network } = configuration;
  return { network, node, interfaceName, pod: pod.podUid === "" ? containerId : pod.podUid };
}
