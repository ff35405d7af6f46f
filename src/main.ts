/** Sees argv and environment, and wires everything: the plugin where CNI_COMMAND is set, else the command line. */
import { runPlugin } from "./cni/plugin.ts";
import type { Moment } from "./core/allocation.ts";
import { presentMoment, readBootId } from "./host/boot.ts";
import { defaultStateDir } from "./host/node-id.ts";
import { isOwnNetns } from "./host/netns.ts";
import { isReaderGone, readToEnd, writeAll } from "./lib/streams.ts";
import { openLog } from "./lib/log.ts";
import { openWorld } from "./open-world.ts";

const STDIN = 0;
const STDOUT = 1;
const STDERR = 2;

/** Set by the build, from package.json. */
declare const WHEREABOUTS_VERSION: string;

function writeError(text: string): void {
  try {
    writeAll(STDERR, text);
  } catch {
    // Nobody reads it.
  }
}

async function runAsPlugin(received: Moment): Promise<0 | 1> {
  const defaultDataDir = defaultStateDir(process.env);
  return await runPlugin({
    environment: process.env,
    received,
    present: () => presentMoment(received.bootId),
    defaultDataDir,
    readInput: (limitBytes, timeoutMs) => readToEnd(STDIN, limitBytes, timeoutMs),
    write: (text) => writeAll(STDOUT, text),
    isOwnNetns,
    openLog: (options) =>
      openLog({ ...options, stderr: (line) => writeError(`${line}\n`), now: () => new Date() }),
    openWorld: (options) =>
      openWorld({ ...options, received, isCallerGone: () => isReaderGone(STDOUT) }),
  });
}

/** Loaded only for people, so that a plugin call does not pay for it. */
async function runForPeople(received: Moment): Promise<number> {
  const { runCommandLine } = await import("./cli/command-line.ts");
  const { readFileSync } = await import("node:fs");
  const hasColour =
    process.stdout.isTTY &&
    (process.env["NO_COLOR"] ?? "") === "" &&
    process.env["TERM"] !== "dumb";
  return await runCommandLine(
    {
      version: WHEREABOUTS_VERSION,
      hasColour,
      defaultDataDir: defaultStateDir(process.env),
      now: () => Date.now(),
      write: (text) => writeAll(STDOUT, text),
      writeError: (text) => writeError(text),
      readFile: (path) => readFileSync(path, "utf8"),
      confirm: (question) => (process.stdin.isTTY ? confirm(question) : undefined),
      openWorld: (options) => openWorld({ ...options, received, isCallerGone: () => false }),
    },
    process.argv.slice(2),
  );
}

// The moment at which this call was received: before anything that takes time.
const received = presentMoment(readBootId());
const isPlugin = (process.env["CNI_COMMAND"] ?? "") !== "";
process.exit(isPlugin ? await runAsPlugin(received) : await runForPeople(received));
