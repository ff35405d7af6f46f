/** Calls from where they have been parsed on: as `src/cni/commands.ts` makes them, ten times as many in the same time. */
import { runAdd } from "../../src/cni/add.ts";
import type { PodArguments } from "../../src/cni/arguments.ts";
import { parseArguments } from "../../src/cni/arguments.ts";
import { parsePreviousAddresses } from "../../src/cni/attachments.ts";
import { asWhereaboutsError, formatFailure } from "../../src/cni/failure.ts";
import type { Command } from "../../src/cni/environment.ts";
import type { Invocation } from "../../src/cni/invocation.ts";
import { ownerOf, withWorld } from "../../src/cni/invocation.ts";
import type { PluginHost } from "../../src/cni/plugin-host.ts";
import type { Configuration } from "../../src/config/configuration.ts";
import { parseConfiguration } from "../../src/config/parse-configuration.ts";
import { WhereaboutsError } from "../../src/core/error.ts";
import { memberOf } from "../../src/core/json.ts";
import type { JsonObject } from "../../src/core/json.ts";
import { check } from "../../src/ipam/check.ts";
import { collect } from "../../src/ipam/collect.ts";
import { release } from "../../src/ipam/release.ts";
import { status } from "../../src/ipam/status.ts";
import type { World } from "../../src/ipam/world.ts";
import { argumentsOf, inputOf, NETWORK_NAME, silence } from "./plugin-calls.ts";
import type { Profile, Scenario } from "./scenario.ts";
import type { Process } from "./state.ts";

const commands = {
  add: "ADD",
  del: "DEL",
  check: "CHECK",
  status: "STATUS",
  gc: "GC",
  reclaim: "GC",
} as const satisfies Record<Process["kind"], Command>;

/** Carries a call out and answers on the host, as `runPlugin` does. Never throws; returns the exit code. */
export async function runParsed(
  scenario: Scenario,
  process: Process,
  host: PluginHost,
  world: World,
): Promise<0 | 1> {
  const invocation = invocationOf(scenario, process, host);
  try {
    if (process.kind === "add") await runAdd(invocation);
    else await runUseCase(invocation, process, world);
    return 0;
  } catch (error) {
    const failure = formatFailure(asWhereaboutsError(error), commands[process.kind], "1.1.0");
    if (!process.isCallerGone) host.write(failure);
    return 1;
  }
}

async function runUseCase(invocation: Invocation, process: Process, world: World): Promise<void> {
  const { received, configuration, network } = invocation;
  const { container, valid } = process;
  const fence = { received, presentBootId: received.bootId };
  const containerId = container?.id ?? "";
  const owner = ownerOf(invocation, world);
  switch (process.kind) {
    case "del": {
      const { reuseDelaySeconds, ranges } = configuration;
      const traces = { ranges, previous: [] };
      await release(world, { owner, containerId, fence, reuseDelaySeconds, ...traces });
      return;
    }
    case "check": {
      const previous = parsePreviousAddresses(network);
      const { ranges } = configuration;
      await check(world, { owner, containerId, previous, ranges });
      return;
    }
    case "gc": {
      const attachments = [...valid].map((id) => ({ containerId: id, interfaceName: "eth0" }));
      const { failures } = await collect(world, { name: NETWORK_NAME, valid: attachments, fence });
      if (failures.length > 0) throw new WhereaboutsError("try-later", failures.join("; "));
      return;
    }
    case "status": {
      const { ranges, overlapping, timeouts } = configuration;
      const pools = ranges.map((range) => ({ network: configuration.network, overlapping, range }));
      await withWorld(invocation, timeouts.statusMs, async (_, deadlineUs) => {
        await status(world, pools, deadlineUs);
      });
      return;
    }
    case "add":
    case "reclaim":
      throw new Error(`${process.kind} is carried out elsewhere`);
  }
}

function invocationOf(scenario: Scenario, process: Process, host: PluginHost): Invocation {
  const { kind, container, slot, received } = process;
  const main = inputOf(scenario, process);
  return {
    host,
    call: {
      command: commands[kind],
      containerId: container?.id ?? "",
      interfaceName: container === undefined ? "" : "eth0",
      netnsPath: container?.path ?? "",
      arguments: "",
      mayBeOwnNetns: false,
    },
    received,
    network: { name: NETWORK_NAME, cniVersion: "1.1.0", main },
    configuration: configurationOf(scenario, (container ?? slot)?.profile, main),
    flatFile: undefined,
    pod: podOf(container === undefined ? "" : argumentsOf(container)),
    log: silence,
  };
}

const configurations = new Map<string, Configuration>();

function configurationOf(
  { reuseDelaySeconds, addTimeoutSeconds }: Scenario,
  profile: Profile | undefined,
  main: JsonObject,
): Configuration {
  const key = `${profile?.name} ${reuseDelaySeconds} ${addTimeoutSeconds}`;
  const known = configurations.get(key);
  if (known !== undefined) return known;
  const { configuration, faults } = parseConfiguration(memberOf(main, "ipam"), {
    main,
    inCluster: false,
    defaultDataDir: "/var/lib/cni/whereabouts",
    readFlatFile: () => undefined,
  });
  if (faults.length > 0) throw new Error(`A scenario is at fault: ${JSON.stringify(faults)}`);
  configurations.set(key, configuration);
  return configuration;
}

const pods = new Map<string, PodArguments>();

function podOf(text: string): PodArguments {
  const known = pods.get(text) ?? parseArguments(text, false);
  pods.set(text, known);
  return known;
}
