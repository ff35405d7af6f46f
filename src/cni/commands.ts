/** What each command does with its configuration: parse, call the use case, print. */
import { checkAnswerable } from "../config/answerable.ts";
import type { Fault } from "../config/configuration.ts";
import {
  configurationError,
  formatWarning,
  parseConfiguration,
} from "../config/parse-configuration.ts";
import type { Address } from "../core/address.ts";
import { WhereaboutsError } from "../core/error.ts";
import { memberOf } from "../core/json.ts";
import { check } from "../ipam/check.ts";
import { collect } from "../ipam/collect.ts";
import { release } from "../ipam/release.ts";
import { status } from "../ipam/status.ts";
import { runAdd } from "./add.ts";
import { parseArguments } from "./arguments.ts";
import { parsePreviousAddresses, parseValidAttachments } from "./attachments.ts";
import type { Command } from "./environment.ts";
import { asWhereaboutsError } from "./failure.ts";
import type { Invocation, ReceivedCall } from "./invocation.ts";
import { ownerOf, withWorld } from "./invocation.ts";
import type { PluginHost } from "./plugin-host.ts";
import type { NetworkConfiguration } from "../config/network-configuration.ts";
import type { CniVersion } from "../config/cni-version.ts";
import { isAtLeast } from "../config/cni-version.ts";

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
  const { configuration, faults, warnings, flatFile } = parseConfiguration(
    memberOf(network.main, "ipam"),
    {
      main: network.main,
      inCluster,
      defaultDataDir: host.defaultDataDir,
      ...(host.readFlatFile !== undefined && { readFlatFile: host.readFlatFile }),
    },
  );
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

async function runDel(invocation: Invocation): Promise<void> {
  const { call, received, network, configuration, log } = invocation;
  const { timeouts, reuseDelaySeconds } = configuration;
  await withWorld(invocation, timeouts.delMs, async (world) => {
    const released = await release(world, {
      owner: ownerOf(invocation, world),
      containerId: call.containerId,
      fence: { received, presentBootId: received.bootId },
      reuseDelaySeconds,
      ranges: configuration.ranges,
      previous: previousAddresses(network),
    });
    log.debug(`DEL: ${released}`);
  });
}

/** The addresses of a `prevResult`, if it has any that can be read: a DEL does without. */
function previousAddresses(network: NetworkConfiguration): readonly Address[] {
  try {
    return parsePreviousAddresses(network);
  } catch {
    return [];
  }
}

async function runCheck(invocation: Invocation): Promise<void> {
  const { call, network, configuration } = invocation;
  const previous = parsePreviousAddresses(network);
  await withWorld(invocation, configuration.timeouts.addMs, async (world) => {
    await check(world, {
      owner: ownerOf(invocation, world),
      containerId: call.containerId,
      previous,
      ranges: configuration.ranges,
    });
  });
}

async function runGc(invocation: Invocation): Promise<void> {
  const { received, network, configuration, log } = invocation;
  const valid = parseValidAttachments(network);
  if (valid === undefined) {
    log.verbose("GC: no list of valid attachments was given; nothing is freed");
    return;
  }
  await withWorld(invocation, configuration.timeouts.delMs, async (world) => {
    const { freed, failures } = await collect(world, {
      name: network.name,
      valid,
      fence: { received, presentBootId: received.bootId },
    });
    log.verbose(`GC: freed ${freed.length}`);
    if (failures.length === 0) return;
    throw new WhereaboutsError("try-later", `GC could not free everything: ${failures.join("; ")}`);
  });
}

async function runStatus(invocation: Invocation): Promise<void> {
  const { network, overlapping, ranges, addresses, timeouts } = invocation.configuration;
  checkAnswerable(invocation.network.cniVersion, { ranges, requested: [], statics: addresses });
  const pools = ranges.map((range) => ({ network, overlapping, range }));
  await withWorld(
    invocation,
    timeouts.statusMs,
    async (world, deadlineUs) => await status(world, pools, deadlineUs),
  );
}
