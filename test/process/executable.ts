/** The real executable, run as runtimes run it: a process of its own, environment and standard input. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { JsonObject } from "../../src/core/json.ts";
import { isJsonObject } from "../../src/core/json.ts";

/** Where `make build` puts it. */
export const EXECUTABLE = join(import.meta.dir, "../../dist/whereabouts");

if (!existsSync(EXECUTABLE)) throw new Error(`${EXECUTABLE} is not there: run make build`);

/** How long any process may take; longer is a hang. */
export const HANG_MS = 15_000;

/** The node of all processes, so that none makes an id on this machine. */
export const NODE = "process-test";

/** One call of the plugin. */
export interface Call {
  readonly command: string;
  readonly containerId: string;
  /** The `ipam` object, to which `type` is added. */
  readonly ipam: JsonObject;
  readonly cniVersion?: string;
}

/** What a process left behind. */
export interface Outcome {
  /** Null if a signal ended it. */
  readonly exitCode: number | null;
  readonly signal: string | number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** From before it was started until it was gone. */
  readonly elapsedMs: number;
}

/** The document that a runtime writes to standard input. */
export function documentOf({ ipam, cniVersion }: Pick<Call, "ipam" | "cniVersion">): string {
  return JSON.stringify({
    cniVersion: cniVersion ?? "1.0.0",
    name: "net",
    type: "macvlan",
    ipam: { type: "whereabouts", ...ipam },
  });
}

/** The whole environment of a call; the network namespace was never there, so that nobody is suspected dead. */
export function environmentOf({
  command,
  containerId,
}: Pick<Call, "command" | "containerId">): Record<string, string> {
  return {
    CNI_COMMAND: command,
    CNI_CONTAINERID: containerId,
    CNI_IFNAME: "eth0",
    CNI_NETNS: "/run/netns/whereabouts-process-test",
    NODENAME: NODE,
  };
}

/** A process that was started and not yet seen to its end. */
export interface Running {
  readonly pid: number;
  readonly outcome: Promise<Outcome>;
  /** Does nothing once it ended. */
  kill(signal: NodeJS.Signals): void;
  isOver(): boolean;
}

const running = new Set<Running>();

/** How a process is started; what is left out is a pipe that is read to its end, or an empty standard input. */
export interface StartOptions {
  readonly environment: Readonly<Record<string, string>>;
  /** Text or bytes, or a descriptor, which stays the caller's. */
  readonly stdin?: string | Uint8Array<ArrayBuffer> | number;
  /** A descriptor, which stays the caller's. */
  readonly stdout?: number;
  readonly stderr?: number;
  readonly argv?: readonly string[];
  /** Called with each piece of standard output as it comes. */
  readonly onOutput?: () => void;
  /** Longer is a hang: the process is killed, and its outcome fails. Default: {@link HANG_MS}. */
  readonly hangMs?: number;
}

/** Starts the executable, or with `argv` another program. */
export function start(options: StartOptions): Running {
  const startedMs = performance.now();
  const { stdin = "", stdout, stderr, argv = [EXECUTABLE], onOutput, hangMs = HANG_MS } = options;
  const child = Bun.spawn([...argv], {
    env: { ...options.environment },
    stdin: typeof stdin === "string" ? Buffer.from(stdin) : stdin,
    stdout: stdout ?? "pipe",
    stderr: stderr ?? "pipe",
  });
  let hung = false;
  const alarm = setTimeout(() => {
    hung = true;
    child.kill("SIGKILL");
  }, hangMs);
  const one: Running = {
    pid: child.pid,
    outcome: finish(),
    kill: (signal) => void (child.exitCode ?? child.signalCode ?? child.kill(signal)),
    isOver: () => child.exitCode !== null || child.signalCode !== null,
  };
  running.add(one);
  return one;

  async function finish(): Promise<Outcome> {
    const output = Promise.all([
      typeof child.stdout === "object" ? readAll(child.stdout, onOutput) : "",
      typeof child.stderr === "object" ? readAll(child.stderr) : "",
    ]);
    await child.exited;
    const elapsedMs = performance.now() - startedMs;
    clearTimeout(alarm);
    running.delete(one);
    const [out, error] = await output;
    if (hung) throw new Error(`Process ${child.pid} hung for ${hangMs} ms: ${out}${error}`);
    const { exitCode, signalCode: signal } = child;
    return { exitCode, signal, stdout: out, stderr: error, elapsedMs };
  }
}

async function readAll(stream: ReadableStream<Uint8Array>, onOutput?: () => void): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) {
    chunks.push(chunk);
    onOutput?.();
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** Ends every process that a test left, by its id: for `afterEach`. */
export async function killLeftovers(): Promise<void> {
  const left = [...running];
  for (const one of left) one.kill("SIGKILL");
  await Promise.allSettled(left.map(({ outcome }) => outcome));
}

/** Starts a call of the plugin. */
export function startCall(
  call: Call,
  more: Partial<Omit<StartOptions, "environment">> = {},
): Running {
  return start({ environment: environmentOf(call), stdin: documentOf(call), ...more });
}

/** Makes a call of the plugin and waits for its end. */
export async function run(call: Call): Promise<Outcome> {
  return await startCall(call).outcome;
}

/** What a call answered, in one line that a comparison shows: its addresses, `CODE message`, or nothing. */
export function answerOf({ exitCode, signal, stdout }: Outcome): string {
  if (stdout === "") return exitCode === 0 ? "" : `(exit ${exitCode ?? signal})`;
  const { code, msg } = parseAnswer(stdout);
  if (code !== undefined) return `${JSON.stringify(code)} ${String(msg)}`;
  return exitCode === 0 ? addressesIn(stdout).join(" ") : `(exit ${exitCode ?? signal}) ${stdout}`;
}

/** The addresses of an ADD's result, without prefix length. */
export function addressesIn(stdout: string): readonly string[] {
  const { ips } = parseAnswer(stdout);
  if (!Array.isArray(ips)) throw new Error(`Not the result of an ADD: ${stdout}`);
  return ips.map((ip: unknown) => {
    const address = isJsonObject(ip) ? ip["address"] : undefined;
    if (typeof address !== "string") throw new Error(`Not an address in: ${stdout}`);
    return address.replace(/\/.*$/, "");
  });
}

function parseAnswer(stdout: string): { code?: unknown; msg?: unknown; ips?: unknown } {
  const answer: unknown = JSON.parse(stdout);
  if (!isJsonObject(answer)) throw new Error(`Not an object: ${stdout}`);
  return answer;
}

/** A held address, as `whereabouts ls` tells it. */
export interface Held {
  readonly address: string;
  readonly range: string;
  readonly overlapping: boolean;
  readonly containerId: string;
}

/** What is held in the store of a folder, in order, asked as people ask. */
export async function listHeld(dataDir: string): Promise<readonly Held[]> {
  // Where nothing was ever allocated there is no database.
  if (!existsSync(join(dataDir, "whereabouts.db"))) return [];
  const { exitCode, stdout, stderr } = await start({
    environment: { NODENAME: NODE },
    argv: [EXECUTABLE, "ls", "-o", "json", "--data-dir", dataDir],
  }).outcome;
  if (exitCode !== 0) throw new Error(`ls failed: ${stderr}`);
  const rows: unknown = JSON.parse(stdout);
  if (!Array.isArray(rows)) throw new Error(`Not a list: ${stdout}`);
  return rows.map((row: unknown) => {
    if (!isJsonObject(row)) throw new Error(`Not an object: ${stdout}`);
    const { address, range, overlappingRanges, containerId } = row;
    return {
      address: String(address),
      range: String(range),
      overlapping: overlappingRanges === true,
      containerId: String(containerId),
    };
  });
}

/** What is held, each `ADDRESS CONTAINER`. */
export async function heldLines(dataDir: string): Promise<readonly string[]> {
  return (await listHeld(dataDir)).map(({ address, containerId }) => `${address} ${containerId}`);
}
