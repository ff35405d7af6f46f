/** A member of an etcd cluster, which may be its only one: a real process on loopback. */
import { closeSync, mkdirSync, openSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { EtcdOptions, Membership } from "./member-options.ts";
import { flagsOf } from "./member-options.ts";
import { freePort } from "./port.ts";
import type { EtcdVersion } from "./program.ts";
import { ETCDCTL, etcdProgram } from "./program.ts";
import { makeServerFolder } from "./server-folder.ts";

/** Longer is a hang, of a start, a stop or an etcdctl. */
const HANG_MS = 20_000;

const members = new Set<EtcdMember>();

/** A server, running or ended. Made by `startEtcd()` and `startCluster()`. */
export class EtcdMember {
  readonly version: EtcdVersion;
  readonly name: string;
  /** Where clients reach it: `127.0.0.1:PORT`. It stays the same when the server is started again. */
  readonly hostPort: string;
  /** The same as a URL. */
  readonly endpoint: string;
  readonly #folder = makeServerFolder();
  readonly #metricsPort = freePort();
  readonly #options: EtcdOptions;
  readonly #membership: Membership;
  #process: Bun.Subprocess | undefined;

  constructor(options: EtcdOptions, membership: Membership) {
    this.#options = options;
    this.#membership = membership;
    this.version = options.version ?? "oldest";
    this.name = membership.name;
    this.hostPort = `127.0.0.1:${freePort()}`;
    this.endpoint = `${options.tls === undefined ? "http" : "https"}://${this.hostPort}`;
    mkdirSync(this.dataDir, { mode: 0o700 });
    members.add(this);
  }

  get dataDir(): string {
    return join(this.#folder, "data");
  }

  /** What the server has logged. */
  get log(): string {
    return readFileSync(this.#logFile, "utf8");
  }

  get #logFile(): string {
    return join(this.#folder, "log");
  }

  /** The process id; throws if it is not running. */
  get pid(): number {
    if (this.#process === undefined || !this.isRunning) throw new Error(`${this.name} is ended`);
    return this.#process.pid;
  }

  get isRunning(): boolean {
    return this.#process !== undefined && !isOver(this.#process);
  }

  /** Starts it where it is not running, without waiting until it answers. */
  launch(): void {
    if (this.isRunning) return;
    const log = openSync(this.#logFile, "a");
    try {
      // The server dies with this process, even if that is killed.
      this.#process = Bun.spawn(
        [
          "setpriv",
          "--pdeathsig",
          "KILL",
          etcdProgram(this.version),
          ...flagsOf(this.#options, this.#membership, {
            dataDir: this.dataDir,
            endpoint: this.endpoint,
            metricsPort: this.#metricsPort,
          }),
        ],
        { env: {}, stdin: "ignore", stdout: log, stderr: log },
      );
    } finally {
      closeSync(log);
    }
  }

  /** Waits until it has a leader and answers; throws with the end of its log if it ends instead, or hangs. */
  async untilHealthy(): Promise<void> {
    const deadlineMs = performance.now() + HANG_MS;
    while (!(await this.isHealthy())) {
      const hangs = performance.now() > deadlineMs;
      if (hangs || !this.isRunning) {
        const end = this.log.trim().split("\n").slice(-5).join("\n");
        throw new Error(`etcd ${this.name} (${this.version}) ${hangs ? "hangs" : "ended"}: ${end}`);
      }
      await Bun.sleep(10);
    }
  }

  /** Whether it has a leader and answers reads; false also where it is not running. A full server is healthy. */
  async isHealthy(): Promise<boolean> {
    try {
      const url = `http://127.0.0.1:${this.#metricsPort}/health?exclude=NOSPACE`;
      const answer = await fetch(url, { keepalive: false, signal: AbortSignal.timeout(2000) });
      return answer.ok;
    } catch {
      return false;
    }
  }

  /** One of its metrics, as `etcd_server_is_leader`; undefined where it does not answer in half a second. */
  async metric(name: string): Promise<number | undefined> {
    try {
      const url = `http://127.0.0.1:${this.#metricsPort}/metrics`;
      const answer = await fetch(url, { keepalive: false, signal: AbortSignal.timeout(500) });
      const value = new RegExp(`^${name} (\\S+)$`, "m").exec(await answer.text())?.[1];
      return value === undefined ? undefined : Number(value);
    } catch {
      return undefined;
    }
  }

  /** Sends a signal: `SIGSTOP` makes it hang, `SIGKILL` is a crash. Does nothing if it is not running. */
  kill(signal: NodeJS.Signals): void {
    if (this.#process !== undefined && !isOver(this.#process)) this.#process.kill(signal);
  }

  /** Ends it, in order unless the signal is another, and waits for its end. Its data stay. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    if (this.#process === undefined) return;
    this.kill(signal);
    this.kill("SIGCONT");
    const alarm = setTimeout(() => this.kill("SIGKILL"), HANG_MS);
    await this.#process.exited;
    clearTimeout(alarm);
  }

  /** Ends it with the signal if it is running, starts it with the same data and address, and waits until healthy. */
  async restart(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    await this.stop(signal);
    this.launch();
    await this.untilHealthy();
  }

  /** Kills it, waits for its end and removes its data. */
  async remove(): Promise<void> {
    await this.stop("SIGKILL");
    members.delete(this);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** For `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.remove();
  }

  /** What etcdctl writes to standard output; throws with its standard error if it fails. */
  async etcdctl(...args: readonly string[]): Promise<string> {
    const { tls } = this.#options;
    const own = [`--endpoints=${this.endpoint}`];
    if (tls !== undefined) own.push(`--cacert=${tls.authority}`);
    if (tls?.clients !== undefined) {
      const { certFile, keyFile } = tls.clients.etcdctl;
      own.push(`--cert=${certFile}`, `--key=${keyFile}`);
    }
    const child = Bun.spawn([ETCDCTL, ...own, ...args], {
      env: { ETCDCTL_API: "3" },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
      timeout: HANG_MS,
    });
    const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
    if ((await child.exited) === 0) return stdout;
    throw new Error(`etcdctl ${args.join(" ")} failed: ${stderr.trim()}${stdout.trim()}`);
  }
}

function isOver({ exitCode, signalCode }: Bun.Subprocess): boolean {
  return exitCode !== null || signalCode !== null;
}

/** Kills every server that is left, and removes its data: for `afterEach` or `afterAll`. */
export async function removeServers(): Promise<void> {
  await Promise.all(Array.from(members, async (member) => await member.remove()));
}
