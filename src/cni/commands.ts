/** What each command does with its configuration: parse, call the use case, print. */
import type { Configuration, Fault } from "../config/configuration.ts";
import {
  configurationError,
  formatWarning,
  parseConfiguration,
} from "../config/parse-configuration.ts";
import { formatAddress } from "../core/address.ts";
import type { Moment, Owner } from "../core/allocation.ts";
import { WhereaboutsError } from "../core/error.ts";
import type { Allocated } from "../ipam/allocate.ts";
import { allocate } from "../ipam/allocate.ts";
import { check } from "../ipam/check.ts";
import { collect } from "../ipam/collect.ts";
import { release } from "../ipam/release.ts";
import { rollBack } from "../ipam/roll-back.ts";
import { status } from "../ipam/status.ts";
import type { World } from "../ipam/world.ts";
import type { Log } from "../lib/log.ts";
import type { PodArguments } from "./arguments.ts";
import { parseArguments } from "./arguments.ts";
import type { Call, Command } from "./environment.ts";
import { asWhereaboutsError } from "./failure.ts";
import type { NetworkConfiguration } from "./network-configuration.ts";
import { parsePreviousAddresses, parseValidAttachments } from "./network-configuration.ts";
import type { PluginHost } from "./plugin.ts";
import { parseRequested } from "./requested-addresses.ts";
import type { ResultAddress } from "./result.ts";
import { checkRepresentable, formatResult } from "./result.ts";
import type { CniVersion } from "./version.ts";
import { isAtLeast } from "./version.ts";

/** The commands that need a configuration. */
type Configured = Exclude<Command, "VERSION">;

/** The first version that has a command. */
const introduced: Readonly<Record<Configured, CniVersion>> = {
  ADD: "0.1.0",
  DEL: "0.1.0",
  CHECK: "0.4.0",
  GC: "1.1.0",
  STATUS: "1.1.0",
};

/** One call as it came in. */
export interface ReceivedCall {
  readonly call: Call;
  readonly received: Moment;
  readonly network: NetworkConfiguration;
}

/** One call with all that it means. */
interface Invocation extends ReceivedCall {
  readonly host: PluginHost;
  readonly configuration: Configuration;
  readonly flatFile: string | undefined;
  readonly pod: PodArguments;
  readonly log: Log;
}

/** Carries out a command. Throws `WhereaboutsError` with what the runtime is to be told. */
export async function runCommand(host: PluginHost, receivedCall: ReceivedCall): Promise<void> {
  const { call, network } = receivedCall;
  const { command } = call;
  if (command === "VERSION") return;
  if (!isAtLeast(network.cniVersion, introduced[command])) {
    throw new WhereaboutsError(
      "incompatible-version",
      `cniVersion ${network.cniVersion} does not allow ${command}: it needs ${introduced[command]} or newer`,
    );
  }
  const isCleanUp = command === "DEL" || command === "GC";
  const pod = parseArguments(call.arguments, isCleanUp);
  const inCluster = pod.podNamespace !== "" || pod.infraContainerId !== "";
  const { configuration, faults, warnings, flatFile } = parseConfiguration(network.main["ipam"], {
    main: network.main,
    inCluster,
    defaultDataDir: host.defaultDataDir,
    ...(host.readFlatFile !== undefined && { readFlatFile: host.readFlatFile }),
  });
  const log = host.openLog({
    file: configuration.logFile,
    level: configuration.logLevel,
    fields: { command, containerId: call.containerId, interface: call.interfaceName },
  });
  try {
    for (const warning of warnings) log.warning(formatWarning(warning));
    if (isCleanUp) refuseStoreFaults(faults, inCluster);
    else if (faults.length > 0) throw configurationError(faults);
    await commands[command]({ ...receivedCall, host, configuration, flatFile, pod, log });
  } catch (error) {
    const known = asWhereaboutsError(error);
    log.error(`${command} failed: ${known.message}`);
    if (known.code === "internal" && known.cause instanceof Error)
      log.debug(known.cause.stack ?? "");
    throw known;
  }
}

/**
 * What is wrong with ranges stands in nobody's way who only frees. In a cluster a file may not be in place yet:
 * the runtime is told to try again.
 */
function refuseStoreFaults(faults: readonly Fault[], inCluster: boolean): void {
  const inTheWay = faults.filter(({ scope }) => scope === "store");
  if (inTheWay.length === 0) return;
  const error = configurationError(inTheWay);
  throw inCluster ? new WhereaboutsError("try-later", error.message) : error;
}

const commands: Readonly<Record<Configured, (invocation: Invocation) => Promise<void>>> = {
  ADD: runAdd,
  DEL: runDel,
  CHECK: runCheck,
  GC: runGc,
  STATUS: runStatus,
};

async function runAdd(invocation: Invocation): Promise<void> {
  const { host, call, received, network, configuration, pod, log } = invocation;
  const { ranges, overlapping } = configuration;
  const requested = parseRequested(network.main, pod, ranges);
  const statics = [...configuration.addresses, ...requested.statics];
  if (ranges.length === 0 && statics.length === 0) {
    throw new WhereaboutsError(
      "invalid-configuration",
      "ipam: no address would be given: set range, ipRanges or addresses",
    );
  }
  const extra = requested.addresses.slice(ranges.length);
  checkRepresentable(
    network.cniVersion,
    [...ranges.map(({ cidr }) => cidr), ...extra, ...statics.map(({ address }) => address)].map(
      ({ family }) => family,
    ),
  );
  if (!call.mayBeOwnNetns && host.isOwnNetns(call.netnsPath)) {
    throw new WhereaboutsError(
      "own-namespace",
      `CNI_NETNS ${call.netnsPath} is the network namespace of the plugin itself`,
    );
  }

  const deadlineUs = deadlineOf(invocation, configuration.timeouts.addMs);
  const world = await openWorld(invocation, deadlineUs);
  const allocated =
    ranges.length === 0
      ? undefined
      : await allocate(world, {
          owner: ownerOf(invocation, world),
          containerId: call.containerId,
          received,
          netnsPath: call.netnsPath,
          name: network.name,
          ...(pod.podNamespace !== "" && { podNamespace: pod.podNamespace }),
          ...(pod.podName !== "" && { podName: pod.podName }),
          ranges,
          overlapping,
          requested: requested.addresses,
          reuseDelaySeconds: configuration.reuseDelaySeconds,
          deadlineUs,
        });
  const addresses = [...(allocated?.addresses.map(withGateway) ?? []), ...statics];
  try {
    const { routes, dns } = configuration;
    host.write(formatResult(network.cniVersion, { addresses, routes, dns }));
  } catch (error) {
    const { allocation, revocation } = allocated ?? {};
    if (allocation !== undefined && revocation !== undefined) {
      await rollBack(world, allocation, revocation);
    }
    throw error;
  }
  log.verbose(`ADD: ${addresses.map(({ address }) => formatAddress(address)).join(", ")}`);
}

async function runDel(invocation: Invocation): Promise<void> {
  const { call, received, configuration, log } = invocation;
  const deadlineUs = deadlineOf(invocation, configuration.timeouts.delMs);
  const world = await openWorld(invocation, deadlineUs);
  const released = await release(world, {
    owner: ownerOf(invocation, world),
    containerId: call.containerId,
    fence: { received, presentBootId: received.bootId },
    reuseDelaySeconds: configuration.reuseDelaySeconds,
  });
  log.debug(`DEL: ${released}`);
}

async function runCheck(invocation: Invocation): Promise<void> {
  const { call, network, configuration } = invocation;
  const previous = parsePreviousAddresses(network);
  const deadlineUs = deadlineOf(invocation, configuration.timeouts.addMs);
  const world = await openWorld(invocation, deadlineUs);
  await check(world, {
    owner: ownerOf(invocation, world),
    containerId: call.containerId,
    previous,
    expectsHolding: configuration.ranges.length > 0,
  });
}

async function runGc(invocation: Invocation): Promise<void> {
  const { received, network, configuration, log } = invocation;
  const valid = parseValidAttachments(network);
  if (valid === undefined) {
    log.verbose("GC: no list of valid attachments was given; nothing is freed");
    return;
  }
  const deadlineUs = deadlineOf(invocation, configuration.timeouts.delMs);
  const world = await openWorld(invocation, deadlineUs);
  const { freed, failures } = await collect(world, {
    name: network.name,
    valid,
    fence: { received, presentBootId: received.bootId },
  });
  log.verbose(`GC: freed ${freed.length}`);
  if (failures.length === 0) return;
  throw new WhereaboutsError("try-later", `GC could not free everything: ${failures.join("; ")}`);
}

async function runStatus(invocation: Invocation): Promise<void> {
  const { configuration } = invocation;
  const { network, overlapping } = configuration;
  const deadlineUs = deadlineOf(invocation, configuration.timeouts.statusMs);
  const world = await openWorld(invocation, deadlineUs);
  await status(
    world,
    configuration.ranges.map((range) => ({ network, overlapping, range })),
  );
}

async function openWorld(invocation: Invocation, deadlineUs: number): Promise<World> {
  const { host, configuration, flatFile, log } = invocation;
  const { store: choice } = configuration;
  if (choice === undefined)
    throw new WhereaboutsError("internal", "No store was chosen, and no fault was found");
  const leftMs = (): number => (deadlineUs - host.present().monotonicUs) / 1000;
  return await host.openWorld({ choice, flatFile, log, leftMs });
}

function deadlineOf({ received }: Invocation, timeoutMs: number): number {
  return received.monotonicUs + timeoutMs * 1000;
}

function ownerOf({ call, configuration, pod }: Invocation, { node }: World): Owner {
  const { containerId, interfaceName } = call;
  const { network } = configuration;
  return { network, node, interfaceName, pod: pod.podUid === "" ? containerId : pod.podUid };
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
