/** The real world of a process: this node, its clock and namespaces, and the chosen store. */
import type { StoreChoice } from "./config/configuration.ts";
import type { Moment } from "./core/allocation.ts";
import { identifyNetns, sightNetns } from "./host/netns.ts";
import { readNodeId } from "./host/node-id.ts";
import type { World } from "./ipam/world.ts";
import { parentFolder } from "./lib/files.ts";
import type { Log } from "./lib/log.ts";
import { openEtcdStore } from "./store/etcd/etcd-store.ts";
import { openSqliteStore } from "./store/sqlite/sqlite-store.ts";

/** What a process knows before it has a world. */
export interface WorldOptions {
  readonly choice: StoreChoice;
  /** Where a node id is kept that was made up. */
  readonly stateDir: string;
  /** The flat file that was read, beside which the installer leaves `nodename`. */
  readonly flatFile: string | undefined;
  readonly log: Log;
  readonly present: () => Moment;
  /** For how many milliseconds from now it may still wait for others. */
  readonly leftMs: () => number;
  readonly isCallerGone: () => boolean;
  /** Whether a store that is missing is an error rather than made. */
  readonly mustExist: boolean;
}

/** Opens the store and finds out which node this is. Throws what the store throws, and `input-output`. */
export async function openWorld(options: WorldOptions): Promise<World> {
  const { choice, stateDir, flatFile, log, present, leftMs, isCallerGone, mustExist } = options;
  const store =
    choice.kind === "etcd"
      ? openEtcdStore({
          ...choice,
          leftMs,
          memoryPath: `${stateDir}/etcd-members`,
          warn: (message) => log.warning(message),
        })
      : await openSqliteStore({
          dataDir: choice.dataDir,
          waiting: { leftMs, isOneShot: true },
          mustExist,
        });
  const node = readNodeId({
    environment: process.env,
    files: [
      "/run/whereabouts/node-id",
      ...(flatFile === undefined ? [] : [`${parentFolder(flatFile)}/nodename`]),
    ],
    stateDir,
  });
  return {
    store,
    log,
    node,
    now: present,
    wallTime: () => new Date(),
    sleep: (milliseconds) => Bun.sleep(milliseconds),
    randomId: () => crypto.randomUUID(),
    identifyNetns,
    sightNetns,
    isCallerGone,
  };
}
