/** cnitool of libcni 1.3.1: the CNI project's own runtime, and the one here that sends CHECK, GC and STATUS. */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Laboratory } from "./laboratory.ts";
import type { NetworkNamespace } from "./network-namespace.ts";
import { inside } from "./network-namespace.ts";
import { CNITOOL } from "./plugin-folder.ts";
import type { Outcome } from "./program.ts";
import { run } from "./program.ts";

/** Where libcni remembers what runtimes attached: its default, that neither cnitool nor podman lets one change. */
const RESULTS = "/var/lib/cni/results";

/** A list of plugins, as in a `.conflist`. */
export type NetworkList = Readonly<Record<string, unknown>> & { readonly name: string };

/** What a cnitool finds. */
export interface CnitoolOptions {
  readonly lab: Laboratory;
  readonly host: NetworkNamespace;
  readonly plugins: string;
  /** The networks that it knows. */
  readonly networks: readonly NetworkList[];
}

/** Writes the configurations, and returns what runs cnitool. */
export function makeCnitool(
  options: CnitoolOptions,
): (
  command: string,
  network: string,
  pod: NetworkNamespace,
  environment?: Readonly<Record<string, string>>,
) => Promise<Outcome> {
  const { lab, host, plugins, networks } = options;
  const folder = writeNetworks(lab, networks);
  return async (command, network, { path }, environment) =>
    await run(inside(host, [CNITOOL, command, network, path]), {
      environment: { NETCONFPATH: folder, CNI_PATH: plugins, ...environment },
    });
}

/** Writes lists of plugins into a folder, which it returns; what libcni remembers of them is forgotten at the end. */
export function writeNetworks(lab: Laboratory, networks: readonly NetworkList[]): string {
  const folder = lab.path("networks");
  mkdirSync(folder);
  for (const network of networks) {
    writeFileSync(join(folder, `${network.name}.conflist`), JSON.stringify(network));
    lab.defer(() => forgetResults(network.name));
  }
  return folder;
}

function forgetResults(network: string): void {
  mkdirSync(RESULTS, { recursive: true });
  for (const name of readdirSync(RESULTS)) {
    if (name.startsWith(`${network}-`)) rmSync(join(RESULTS, name), { force: true });
  }
}
