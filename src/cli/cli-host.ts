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
  /** Whether standard error is a terminal, on which a line can be rewritten. */
  readonly isErrorTerminal: boolean;
  /** Whether another program reads standard output. */
  isPiped(): boolean;
  /** Wall time in milliseconds since the epoch. */
  now(): number;
  write(text: string): void;
  writeError(text: string): void;
  /** A file's text; undefined if there is none. Throws what the system says. */
  readFile(path: string): string | undefined;
  /** Asks on the terminal; undefined where there is none to ask on. */
  confirm(question: string): boolean | undefined;
  /** Reaches etcd for what is done beside the store. */
  openEtcd(options: { choice: EtcdStoreChoice; leftMs: () => number }): Context;
  openWorld(options: {
    choice: StoreChoice;
    flatFile: string | undefined;
    log: Log;
    leftMs: () => number;
  }): Promise<World>;
}
