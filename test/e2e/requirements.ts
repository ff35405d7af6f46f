/** What the end-to-end tests need of the machine; tried, not guessed. */
import { existsSync } from "node:fs";
import type { Requirement } from "../skip.ts";
import { commandRequirement, requirement, root } from "../skip.ts";
import { debianPlugins } from "./plugin-folder.ts";

/** Namespaces can be made, entered and listed. */
const namespaces = requirement("namespaces", () =>
  tryIn("namespaces", "ip link set lo up && ip -j addr >/dev/null"),
);

/** Macvlan works on a veth pair. */
const macvlan = requirement("macvlan", () =>
  tryIn(
    "macvlan links",
    "ip link add up0 type veth peer name up1 && ip link add link up0 name pod0 type macvlan mode bridge",
  ),
);

const bridge = requirement("bridge", () => tryIn("bridges", "ip link add br0 type bridge"));

/** Plugins that make links, in namespaces. */
export const network: readonly Requirement[] = [
  root,
  commandRequirement("namespaces", "ip"),
  commandRequirement("namespaces", "nsenter"),
  commandRequirement("debian-packages", "ping"),
  commandRequirement("debian-packages", "jq"),
  namespaces,
  macvlan,
  bridge,
  debianPlugins,
];

/** Containers of podman on a CNI network. */
export const podman: readonly Requirement[] = [
  ...network,
  commandRequirement("podman", "podman"),
  commandRequirement("podman", "runc"),
  requirement("podman", () =>
    existsSync("/usr/bin/busybox") ? undefined : "no /usr/bin/busybox (package busybox-static)",
  ),
];

/** Tries something in network and mount namespaces that are gone afterwards. */
function tryIn(what: string, script: string): string | undefined {
  const { exitCode, stderr } = Bun.spawnSync(["unshare", "-nm", "sh", "-c", script], {
    stdin: "ignore",
    stdout: "ignore",
    stderr: "pipe",
  });
  if (exitCode === 0) return undefined;
  return `this machine cannot make ${what}: ${stderr.toString().trim().split("\n").at(-1)}`;
}
