/** Sees argv and environment, and wires everything: the plugin where CNI_COMMAND is set, else the command line. */
import { runCommandLine } from "./cli/command-line.ts";
import { runPlugin } from "./cni/plugin.ts";
import type { Moment } from "./core/allocation.ts";
import { presentMoment, readBootId } from "./host/boot.ts";
import { isOwnNetns } from "./host/netns.ts";
import { defaultStateDir } from "./host/node-id.ts";
import { readSome, readTextFile } from "./lib/files.ts";
import { errorCode } from "./lib/system-call.ts";
import { openLog } from "./lib/log.ts";
import { exitAtOnce } from "./lib/process.ts";
import { isReaderGone, readToEnd, writeAll } from "./lib/streams.ts";
import { openContext } from "./store/etcd/etcd-store.ts";
import { openWorld } from "./open-world.ts";

const STDIN = 0;
const STDOUT = 1;
const STDERR = 2;

/** How long a caller may take to read an answer: as long as it has by default for a whole ADD. */
const READER_TIMEOUT_MS = 10_000;

/** What shells report of a program whose reader went away: 128 + SIGPIPE. */
const READER_GONE = 141;

/** Set by the build, from package.json. */
declare const WHEREABOUTS_VERSION: string;

let bootId: string | undefined;

function present(): Moment {
  bootId ??= readBootId();
  return presentMoment(bootId);
}

function writeError(text: string): void {
  try {
    writeAll(STDERR, text, READER_TIMEOUT_MS);
  } catch {
    // Nobody reads it.
  }
}

async function runAsPlugin(): Promise<0 | 1> {
  const stateDir = defaultStateDir(process.env);
  return await runPlugin({
    environment: process.env,
    present,
    defaultDataDir: stateDir,
    readInput: (limitBytes, timeoutMs) => readToEnd(STDIN, limitBytes, timeoutMs),
    write: (text) => writeAll(STDOUT, text, READER_TIMEOUT_MS),
    isOwnNetns,
    openLog: (options) =>
      openLog({ ...options, stderr: (line) => writeError(`${line}\n`), now: () => new Date() }),
    openWorld: (options) =>
      openWorld({
        ...options,
        stateDir,
        present,
        isCallerGone: () => isReaderGone(STDOUT),
        mustExist: false,
      }),
  });
}

async function runForPeople(): Promise<number> {
  const stateDir = defaultStateDir(process.env);
  const { NO_COLOR: noColour = "", TERM: terminal } = process.env;
  return await runCommandLine(
    {
      version: WHEREABOUTS_VERSION,
      hasColour: process.stdout.isTTY && noColour === "" && terminal !== "dumb",
      isErrorTerminal: process.stderr.isTTY && terminal !== "dumb",
      isPiped,
      defaultDataDir: stateDir,
      now: () => Date.now(),
      write: writeForPeople,
      writeError,
      readFile: readTextFile,
      confirm: (question) => (process.stdin.isTTY ? ask(question) : undefined),
      openEtcd: ({ choice, leftMs }) => openContext({ ...choice, leftMs }),
      openWorld: (options) =>
        openWorld({ ...options, stateDir, present, isCallerGone: () => false, mustExist: true }),
    },
    process.argv.slice(2),
  );
}

function isPiped(): boolean {
  // An import would be loaded with every call (docs/decisions/0002).
  const status = process.getBuiltinModule("node:fs").fstatSync(STDOUT);
  return status.isFIFO() || status.isSocket();
}

function writeForPeople(text: string): void {
  try {
    writeAll(STDOUT, text);
  } catch (error) {
    if (errorCode(error) !== "EPIPE") throw error;
    // `whereabouts ls | head` is no failure.
    process.exit(READER_GONE);
  }
}

/** Asks on standard error: standard output may be a document for a program. */
function ask(question: string): boolean {
  writeError(`${question} [y/N] `);
  const answer = new TextDecoder().decode(readSome(STDIN, "the terminal"));
  return /^y(es)?$/i.test(answer.trim());
}

const isPlugin = (process.env["CNI_COMMAND"] ?? "") !== "";
// Not awaited: at the first turn of the event loop the runtime starts threads, which a plugin call ends before.
if (isPlugin) void runAsPlugin().then(exitAtOnce);
else void runForPeople().then((code) => process.exit(code));
