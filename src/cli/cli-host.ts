/** What the command line touches of the process and the machine; handed in, so that tests run it in their own. */
import type { EtcdStoreChoice, StoreChoice } from "../config/configuration.ts";
import type { Context } from "../store/etcd/context.ts";
import type { World } from "../ipam/world.ts";
import type { Log } from "../lib/log.ts";

/** The surroundings of one command. */
export interface CliHost {
  readonly version: string;
  readonly defaultDataDir: string;
  /** Whether standard output is a terminal that shows colours, and nobody set NO_COLOR. */
  readonly hasColour: boolean;
  /** Wall time in milliseconds since the epoch. */
  now(): number;
  write(text: string): void;
  writeError(text: string): void;
  /** A file's text; undefined if there is none. Throws what the system says. */
  readFile(path: string): string | undefined;
  /** Asks on the terminal; undefined where there is none to ask on. */
  confirm(question: string): boolean | undefined;
  /** Shows how far something is, in place of what was shown before; undefined: it is over. Nothing without a terminal. */
  progress(text: string | undefined): void;
  /** Reaches etcd for what is done beside the store. */
  openEtcd(options: { choice: EtcdStoreChoice; leftMs: () => number }): Context;
  openWorld(options: {
    choice: StoreChoice;
    flatFile: string | undefined;
    log: Log;
    leftMs: () => number;
  }): Promise<World>;
}
