/** What a plugin call touches of the process and the machine. */
import type { LogLevel, StoreChoice } from "../config/configuration.ts";
import type { ConfigurationContext } from "../config/parse-configuration.ts";
import type { Moment } from "../core/allocation.ts";
import type { World } from "../ipam/world.ts";
import type { Log } from "../lib/log.ts";
import type { Input } from "../lib/streams.ts";
import type { Environment } from "./environment.ts";

/** The surroundings of one call; handed in, so that tests run it in their own process. */
export interface PluginHost {
  readonly environment: Environment;
  /** This boot and its clock. */
  present(): Moment;
  readonly defaultDataDir: string;
  readonly readFlatFile?: ConfigurationContext["readFlatFile"];
  readInput(limitBytes: number, timeoutMs: number): Input;
  /** Writes all of standard output. Throws where nobody reads. */
  write(text: string): void;
  isOwnNetns(path: string): boolean;
  openLog(options: {
    file: string | undefined;
    level: LogLevel;
    fields: Record<string, string>;
  }): Log;
  /** The world of a call; `leftMs` tells for how long it may still wait. Throws what the store throws. */
  openWorld(options: {
    choice: StoreChoice;
    flatFile: string | undefined;
    log: Log;
    leftMs: () => number;
  }): Promise<World>;
}
