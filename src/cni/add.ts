/** ADD, from configuration to answer. */
import type { StaticAddress } from "../config/configuration.ts";
import { checkAnswerable } from "../config/answerable.ts";
import { formatAddress } from "../core/address.ts";
import { WhereaboutsError, errorMessage } from "../core/error.ts";
import type { Allocated } from "../ipam/allocate.ts";
import { allocate } from "../ipam/allocate.ts";
import { rollBack } from "../ipam/roll-back.ts";
import type { World } from "../ipam/world.ts";
import type { Invocation } from "./invocation.ts";
import { ownerOf, withWorld } from "./invocation.ts";
import type { Requested } from "./requested-addresses.ts";
import { parseRequested } from "./requested-addresses.ts";
import type { ResultAddress } from "./result.ts";
import { formatResult } from "./result.ts";

/** Allocates and answers. What could be refused is refused before anything is allocated. */
export async function runAdd(invocation: Invocation): Promise<void> {
  const { host, call, network, configuration, pod } = invocation;
  const { ranges, addresses, timeouts } = configuration;
  const requested = parseRequested(network.main, pod, ranges);
  const statics = [...addresses, ...requested.statics];
  checkAnswerable(network.cniVersion, { ranges, requested: requested.addresses, statics });
  if (!call.mayBeOwnNetns && host.isOwnNetns(call.netnsPath)) {
    throw new WhereaboutsError(
      "own-namespace",
      `CNI_NETNS ${call.netnsPath} is the network namespace of the plugin itself`,
    );
  }
  await withWorld(invocation, timeouts.addMs, async (world, deadlineUs) => {
    const isAllocating = ranges.length > 0 || requested.addresses.length > 0;
    const allocated = isAllocating
      ? await allocate(world, allocateRequest(invocation, world, requested, deadlineUs))
      : undefined;
    await answer(invocation, world, allocated, statics);
  });
}

function allocateRequest(
  invocation: Invocation,
  world: World,
  { addresses }: Requested,
  deadlineUs: number,
): Parameters<typeof allocate>[1] {
  const { call, received, network, configuration, pod } = invocation;
  const { ranges, overlapping, reuseDelaySeconds } = configuration;
  return {
    owner: ownerOf(invocation, world),
    containerId: call.containerId,
    received,
    netnsPath: call.netnsPath,
    name: network.name,
    ...(pod.podNamespace !== "" && { podNamespace: pod.podNamespace }),
    ...(pod.podName !== "" && { podName: pod.podName }),
    ranges,
    overlapping,
    requested: addresses,
    reuseDelaySeconds,
    deadlineUs,
  };
}

/** Prints what is committed already; where nobody reads it, what this attempt took is given back. */
async function answer(
  { host, network, configuration, log }: Invocation,
  world: World,
  allocated: Allocated | undefined,
  statics: readonly StaticAddress[],
): Promise<void> {
  const addresses = [...(allocated?.addresses.map(withGateway) ?? []), ...statics];
  try {
    const { routes, dns } = configuration;
    // An interface may hold more than its configuration asks for now.
    checkAnswerable(network.cniVersion, { ranges: [], requested: [], statics: addresses });
    host.write(formatResult(network.cniVersion, { addresses, routes, dns }));
  } catch (error) {
    const { allocation, revocation } = allocated ?? {};
    if (allocation !== undefined && revocation !== undefined) {
      await rollBack(world, allocation, revocation);
    }
    if (error instanceof WhereaboutsError) throw error;
    throw new WhereaboutsError("input-output", `Cannot write the result: ${errorMessage(error)}`);
  }
  log.verbose(`ADD: ${addresses.map(({ address }) => formatAddress(address)).join(", ")}`);
}

/** A gateway is put only on addresses of its own range, so of its own family. */
function withGateway({
  address,
  prefixLength,
  range,
}: Allocated["addresses"][number]): ResultAddress {
  const gateway = range?.gateway;
  return { address, prefixLength, ...(gateway !== undefined && { gateway }) };
}
