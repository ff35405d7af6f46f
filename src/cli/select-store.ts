/** Which store a command works on: named by options, by a CNI configuration, or by the rules of the plugin. */
import type { ParsedConfiguration } from "../config/configuration.ts";
import { configurationError, parseConfiguration } from "../config/parse-configuration.ts";
import { WhereaboutsError, errorMessage } from "../core/error.ts";
import type { JsonObject } from "../core/json.ts";
import { isJsonObject, memberOf, parseJson } from "../core/json.ts";
import type { Context } from "../store/etcd/context.ts";
import type { World } from "../ipam/world.ts";
import { openLog } from "../lib/log.ts";
import type { CliHost } from "./cli-host.ts";
import { QUOTED_DEFAULT } from "./describe.ts";
import type { Given } from "./options.ts";
import { UsageError } from "./options.ts";

/** How long each step of a command waits for other processes that use the store. */
const WAIT_MS = 10_000;

/** A main plugin's configuration with our `ipam` object in it; for a bare `ipam` object only that. */
export interface Document {
  /** Undefined for a bare `ipam` object. */
  readonly main: JsonObject | undefined;
  readonly ipam: unknown;
}

/** The configurations with whereabouts in a file. Throws `undecodable` or `input-output`; `invalid-configuration` if there is none. */
export function readDocuments(host: CliHost, path: string): readonly Document[] {
  const document = readJson(host, path);
  if (!isJsonObject(document))
    throw new WhereaboutsError("undecodable", `${path}: not a JSON object`);
  const [name, cniVersion] = [memberOf(document, "name"), memberOf(document, "cniVersion")];
  const plugins = memberOf(document, "plugins");
  if (Array.isArray(plugins)) {
    const ours = plugins
      .filter((plugin: unknown) => isJsonObject(plugin))
      .map((plugin): Document => ({
        main: { name, cniVersion, ...plugin },
        ipam: memberOf(plugin, "ipam"),
      }))
      .filter(({ ipam }) => isJsonObject(ipam) && memberOf(ipam, "type") === "whereabouts");
    if (ours.length > 0) return ours;
    throw new WhereaboutsError(
      "invalid-configuration",
      `${path}: no plugin in it has "ipam": {"type": "whereabouts", ...}`,
    );
  }
  const ipam = memberOf(document, "ipam");
  if (ipam !== undefined) return [{ main: document, ipam }];
  if (document["type"] === "whereabouts" || cniVersion === undefined)
    return [{ main: undefined, ipam: document }];
  throw new WhereaboutsError("invalid-configuration", `${path}: has no "ipam"`);
}

function readJson(host: CliHost, path: string): unknown {
  let text;
  try {
    text = host.readFile(path);
  } catch (error) {
    throw new WhereaboutsError("input-output", `Cannot read ${path}: ${errorMessage(error)}`);
  }
  if (text === undefined) throw new WhereaboutsError("input-output", `There is no file ${path}`);
  try {
    return parseJson(text);
  } catch (error) {
    throw new WhereaboutsError("undecodable", `${path} is not JSON: ${errorMessage(error)}`);
  }
}

/** The configuration that options describe; without `--config` one without ranges. Throws {@link UsageError}. */
export function readConfiguration(host: CliHost, given: Given): ParsedConfiguration {
  const path = given.text("config");
  const [document] = path === undefined ? [] : readDocuments(host, path);
  const ipam = isJsonObject(document?.ipam) ? document.ipam : { type: "whereabouts" };
  const parsed = parseConfiguration(
    { ...ipam, ...namedStore(given) },
    { main: document?.main ?? {}, inCluster: false, defaultDataDir: host.defaultDataDir },
  );
  const isNowhereNamed = ["config", "etcd-host"].every((name) => given.text(name) === undefined);
  if (given.text("datastore") === "etcd" && isNowhereNamed && parsed.flatFile === undefined)
    throw new UsageError("--datastore etcd: name its servers by --etcd-host or --config");
  return parsed;
}

/** The keys that options give in place of the configuration's. Throws {@link UsageError}. */
function namedStore(given: Given): JsonObject {
  const dataDir = given.text("data-dir");
  const etcdHost = given.text("etcd-host");
  const datastore = given.text("datastore");
  if (datastore !== undefined && datastore !== "local" && datastore !== "etcd")
    throw new UsageError(
      `--datastore: "${datastore}" is no kind of store; there are local and etcd`,
    );
  if (dataDir === "") throw new UsageError("--data-dir: name a folder");
  if (etcdHost?.trim() === "") throw new UsageError("--etcd-host: name a server");
  // A folder of the local store is of no use for another store, nor are servers for the local one.
  const kinds = new Set([
    ...(datastore === undefined ? [] : [datastore]),
    ...(dataDir === undefined ? [] : ["local"]),
    ...(etcdHost === undefined ? [] : ["etcd"]),
  ]);
  if (kinds.size > 1)
    throw new UsageError("--data-dir is for the local store, --etcd-host for etcd: name one store");
  const [kind] = kinds;
  return {
    ...(kind !== undefined && { datastore: kind }),
    ...(dataDir !== undefined && { data_dir: absolutePath(dataDir) }),
    ...(etcdHost !== undefined && { etcd_host: etcdHost }),
  };
}

/**
 * The network that a command is about: that of `--network`, else that of the configuration which `--config` names;
 * undefined for all. `default` is the one without a name; one that is called so is written with quotes.
 */
export function selectedNetwork(host: CliHost, given: Given): string | undefined {
  const named = given.text("network");
  if (named === "default") return "";
  if (named !== undefined) return named === QUOTED_DEFAULT ? "default" : named;
  if (given.text("config") === undefined) return undefined;
  return readConfiguration(host, given).configuration.network;
}

function absolutePath(path: string): string {
  return path.startsWith("/") ? path : `${process.cwd()}/${path}`;
}

/** Reaches the etcd that is chosen, for as long as `work` takes. Throws `invalid-configuration` where another store is chosen. */
export async function withEtcd<T>(
  host: CliHost,
  given: Given,
  work: (context: Context) => Promise<T>,
): Promise<T> {
  const { configuration, faults } = readConfiguration(host, given);
  const inTheWay = faults.filter(({ scope }) => scope === "store");
  if (inTheWay.length > 0) throw configurationError(inTheWay);
  const { store: choice } = configuration;
  if (choice?.kind !== "etcd") {
    throw new WhereaboutsError(
      "invalid-configuration",
      "The store etcd is not chosen: name it with --config or --etcd-host",
    );
  }
  const context = host.openEtcd({ choice, leftMs: () => WAIT_MS });
  try {
    return await work(context);
  } finally {
    context.client.close();
  }
}

/** Opens the store for as long as `work` takes. Throws `invalid-configuration` where none is chosen, and what `work` throws. */
export async function withStore<T>(
  host: CliHost,
  given: Given,
  work: (world: World) => Promise<T>,
): Promise<T> {
  const { configuration, faults, flatFile } = readConfiguration(host, given);
  const inTheWay = faults.filter(({ scope }) => scope === "store");
  if (inTheWay.length > 0) throw configurationError(inTheWay);
  const { store: choice, logFile: file, logLevel: level } = configuration;
  if (choice === undefined)
    throw new WhereaboutsError("internal", "No store was chosen, and no fault was found");
  const log = openLog({
    file,
    level,
    fields: { command: "cli" },
    stderr: (line) => host.writeError(`${line}\n`),
    now: () => new Date(),
  });
  const world = await host.openWorld({ choice, flatFile, log, leftMs: () => WAIT_MS });
  try {
    return await work(world);
  } finally {
    await world.store.close();
  }
}
