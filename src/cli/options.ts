/** Options of commands: what they are, how they are read, how they are explained. */
import { WhereaboutsError, errorMessage } from "../core/error.ts";

/** One option. */
export interface Option {
  readonly type: "string" | "boolean";
  readonly short?: string;
  /** What stands for the value in help: `DIR`. */
  readonly value?: string;
  readonly help: string;
}

/** Options by name. */
export type Options = Readonly<Record<string, Option>>;

/** The values that were given. */
export interface Given {
  readonly positionals: readonly string[];
  text(name: string): string | undefined;
  flag(name: string): boolean;
}

/** Options that every command has. */
export const commonOptions: Options = {
  help: { type: "boolean", short: "h", help: "show this help" },
};

/** How the store is named. */
export const storeOptions: Options = {
  config: {
    type: "string",
    value: "FILE",
    help: "take store and network from a CNI configuration (.conf, .conflist or a bare ipam object)",
  },
  datastore: { type: "string", value: "KIND", help: "which kind of store: local or etcd" },
  "etcd-host": {
    type: "string",
    value: "HOSTS",
    help: "the etcd servers: HOST:PORT, several separated by commas",
  },
  "data-dir": { type: "string", value: "DIR", help: "the folder of the local store" },
};

/** How results are printed. */
export const outputOptions: Options = {
  output: { type: "string", short: "o", value: "FORMAT", help: "text (default) or json" },
};

/** Options of commands that free something. */
export const freeingOptions: Options = {
  "dry-run": { type: "boolean", help: "show what would be freed and why, and free nothing" },
  yes: { type: "boolean", short: "y", help: "do not ask" },
};

/** A mistake in the call itself, not in what it found. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Reads the arguments of a command. Throws {@link UsageError}. */
export function parseOptions(options: Options, argv: readonly string[]): Given {
  // An import would be loaded at the start of every plugin call as well (docs/decisions/0002).
  const { parseArgs } = process.getBuiltinModule("node:util");
  let parsed;
  try {
    parsed = parseArgs({
      args: [...argv],
      options: { ...options },
      allowPositionals: true,
      strict: true,
    });
  } catch (error) {
    // What follows the first sentence is about how to name a file that begins with a dash.
    throw new UsageError(errorMessage(error).replace(/\. To specify .*$/s, ""));
  }
  const { values, positionals } = parsed;
  return {
    positionals,
    text: (name) => {
      const value = values[name];
      return typeof value === "string" ? value : undefined;
    },
    flag: (name) => values[name] === true,
  };
}

/** Whether JSON is asked for. Throws {@link UsageError} for an unknown format. */
export function wantsJson(given: Given): boolean {
  const format = given.text("output") ?? "text";
  if (format !== "text" && format !== "json") {
    throw new UsageError(`--output: "${format}" is neither text nor json`);
  }
  return format === "json";
}

/** The lines that explain options. */
export function describeOptions(options: Options): readonly (readonly [string, string])[] {
  return Object.entries(options).map(([name, { short, value, help }]) => {
    const names = `${short === undefined ? "    " : `-${short}, `}--${name}`;
    return [`${names}${value === undefined ? "" : ` ${value}`}`, help];
  });
}

/** The exit code that an error calls for: 2 for a wrong call, 1 for everything else. */
export function exitCodeOf(error: unknown): 1 | 2 {
  return error instanceof UsageError ? 2 : 1;
}

/** An error as the command line prints it. */
export function describeError(error: unknown): string {
  const details = error instanceof WhereaboutsError ? error.details : undefined;
  return `whereabouts: ${errorMessage(error)}${details === undefined ? "" : `\n${details}`}\n`;
}
