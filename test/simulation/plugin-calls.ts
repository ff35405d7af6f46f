/** What a plugin call is given: environment, standard input, and a host that answers from the simulation. */
import type { PluginHost } from "../../src/cni/plugin-host.ts";
import type { JsonObject } from "../../src/core/json.ts";
import type { World } from "../../src/ipam/world.ts";
import type { Log } from "../../src/lib/log.ts";
import { keyText } from "./scenario.ts";
import type { Scenario } from "./scenario.ts";
import type { Container, Process, Simulation } from "./state.ts";
import { presentOf } from "./state.ts";

/** A log that nobody reads. */
export const silence: Log = {
  error: () => {},
  warning: () => {},
  verbose: () => {},
  debug: () => {},
};

/** The CNI network's `name`. */
export const NETWORK_NAME = "net";

/** The host of one call. */
export function hostOf(simulation: Simulation, process: Process, world: World): PluginHost {
  let isReceived = false;
  return {
    environment: environmentOf(process),
    present: () => {
      if (isReceived) return presentOf(simulation, process.machine);
      isReceived = true;
      return process.received;
    },
    defaultDataDir: "/var/lib/cni/whereabouts",
    readFlatFile: () => undefined,
    readInput: () => ({
      kind: "complete",
      text: JSON.stringify(inputOf(simulation.scenario, process)),
    }),
    write: (text) => {
      if (process.isCallerGone) throw new Error("EPIPE");
      process.stdout += text;
    },
    isOwnNetns: () => false,
    openLog: () => silence,
    openWorld: async () => world,
  };
}

function environmentOf({ kind, container }: Process): Record<string, string> {
  const environment: Record<string, string> = { CNI_COMMAND: kind.toUpperCase() };
  if (container === undefined) return environment;
  return {
    ...environment,
    CNI_CONTAINERID: container.id,
    CNI_IFNAME: "eth0",
    CNI_NETNS: container.path,
    CNI_ARGS: argumentsOf(container),
  };
}

/** `CNI_ARGS` of a container. */
export function argumentsOf({ slot, profile, ask }: Container): string {
  const { hasUid, index } = slot;
  const requested = ask < 0 ? undefined : profile.ranges[0]?.keys[ask];
  const pairs = [
    ...(hasUid ? [`K8S_POD_NAMESPACE=ns`, `K8S_POD_NAME=p${index}`, `K8S_POD_UID=u${index}`] : []),
    ...(requested === undefined ? [] : [`IP=${keyText(requested)}`]),
  ];
  return pairs.join(";");
}

/** The network configuration of a call. */
export function inputOf(scenario: Scenario, process: Process): JsonObject {
  const { kind, slot, container, valid } = process;
  const { reuseDelaySeconds, addTimeoutSeconds } = scenario;
  return {
    cniVersion: "1.1.0",
    name: NETWORK_NAME,
    type: "macvlan",
    ...(kind === "gc" && {
      "cni.dev/valid-attachments": [...valid].map((containerID) => ({
        containerID,
        ifname: "eth0",
      })),
    }),
    ...(kind === "check" && { prevResult: { ips: answerOf(container) } }),
    ipam: {
      type: "whereabouts",
      datastore: "local",
      reuse_delay: reuseDelaySeconds,
      add_timeout: addTimeoutSeconds,
      ...(container ?? slot)?.profile.ipam,
    },
  };
}

function answerOf(container: Container | undefined): readonly object[] {
  return (container?.told ?? []).map((key) => ({ address: `${keyText(key)}/24` }));
}
