/** One call of the plugin, from environment and standard input to answer and exit code. */
import { WhereaboutsError } from "../core/error.ts";
import { runCommand } from "./commands.ts";
import { parseEnvironment } from "./environment.ts";
import { asWhereaboutsError, formatFailure } from "./failure.ts";
import {
  DOCUMENT_LIMIT_BYTES,
  parseDocument,
  parseNetworkConfiguration,
  peekCniVersion,
} from "../config/network-configuration.ts";
import type { PluginHost } from "./plugin-host.ts";
import type { CniVersion } from "../config/cni-version.ts";
import { newestCniVersion } from "../config/cni-version.ts";
import { formatVersions } from "./result.ts";

/** How long a runtime may take to hand over the configuration. */
const INPUT_TIMEOUT_MS = 10_000;

/** VERSION can do without. */
const VERSION_INPUT_TIMEOUT_MS = 1000;

/** Answers one call on standard output. Never throws; returns the exit code, 0 or 1. */
export async function runPlugin(host: PluginHost): Promise<0 | 1> {
  let version: CniVersion = newestCniVersion;
  let command: ReturnType<typeof parseEnvironment>["command"] | undefined;
  try {
    // Before anything that takes time.
    const received = host.present();
    const call = parseEnvironment(host.environment);
    ({ command } = call);
    if (command === "VERSION") {
      host.write(formatVersions(askedVersion(host)));
      return 0;
    }
    const document = readDocument(host);
    const parsed = parseDocument(document);
    version = peekCniVersion(parsed) ?? newestCniVersion;
    const network = parseNetworkConfiguration(parsed);
    version = network.cniVersion;
    await runCommand(host, { call, received, network });
    return 0;
  } catch (error) {
    try {
      host.write(formatFailure(asWhereaboutsError(error), command, version));
    } catch {
      // Nobody reads; the exit code says the rest.
    }
    return 1;
  }
}

/** The version that VERSION is to echo, from an input that may be missing. */
function askedVersion(host: PluginHost): CniVersion {
  const input = host.readInput(DOCUMENT_LIMIT_BYTES, VERSION_INPUT_TIMEOUT_MS);
  try {
    const document = parseDocument(input.kind === "complete" ? input.text : "");
    return peekCniVersion(document) ?? newestCniVersion;
  } catch {
    return newestCniVersion;
  }
}

function readDocument(host: PluginHost): string {
  const input = host.readInput(DOCUMENT_LIMIT_BYTES, INPUT_TIMEOUT_MS);
  switch (input.kind) {
    case "complete":
      return input.text;
    case "too-large":
      throw new WhereaboutsError(
        "invalid-configuration",
        `The network configuration on standard input is larger than ${DOCUMENT_LIMIT_BYTES} bytes`,
      );
    case "timed-out":
      throw new WhereaboutsError(
        "input-output",
        `Standard input was not closed within ${INPUT_TIMEOUT_MS / 1000} s: the runtime must write the network configuration and close it`,
      );
    case "unreadable":
      throw new WhereaboutsError("input-output", `Cannot read standard input: ${input.reason}`);
  }
}
