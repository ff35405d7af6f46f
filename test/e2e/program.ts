/** Programs that a test runs: with an environment of their own, and never for ever. */

/** How a program is run. */
export interface ProgramOptions {
  readonly stdin?: string;
  /** Beside PATH, HOME and LC_ALL, which are all that is inherited. */
  readonly environment?: Readonly<Record<string, string>>;
  /** After which it is killed; default 30 s. */
  readonly timeoutMs?: number;
}

/** What a program did. */
export interface Outcome {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end. */
export async function run(
  command: readonly string[],
  options: ProgramOptions = {},
): Promise<Outcome> {
  const { stdin = "", environment, timeoutMs = 30_000 } = options;
  const child = Bun.spawn([...command], {
    stdin: Buffer.from(stdin),
    stdout: "pipe",
    stderr: "pipe",
    env: plainEnvironment(environment),
    timeout: timeoutMs,
    killSignal: "SIGKILL",
  });
  const [stdout, stderr, exitCode] = await Promise.all([
    child.stdout.text(),
    child.stderr.text(),
    child.exited,
  ]);
  return { exitCode, stdout, stderr };
}

/** Runs a program that must succeed, and returns its standard output. Throws with all that it said. */
export async function succeed(
  command: readonly string[],
  options: ProgramOptions = {},
): Promise<string> {
  const { exitCode, stdout, stderr } = await run(command, options);
  if (exitCode === 0) return stdout;
  throw new Error(`\`${command.join(" ")}\` ended with ${exitCode}:\n${stdout}${stderr}`.trimEnd());
}

/** The environment of every program: nothing of the caller's that could change what a plugin does. */
export function plainEnvironment(more: Readonly<Record<string, string>> = {}): {
  [name: string]: string;
} {
  const { PATH = "/usr/sbin:/usr/bin:/sbin:/bin", HOME = "/root" } = process.env;
  return { PATH, HOME, LC_ALL: "C", ...more };
}

/** Asks until the answer is yes. Throws, saying for what it waited, after `timeoutMs`. */
export async function waitFor(
  what: string,
  isSo: () => boolean | Promise<boolean>,
  timeoutMs = 8000,
): Promise<void> {
  const end = performance.now() + timeoutMs;
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error(`Waited ${timeoutMs} ms in vain: ${what}`);
    await Bun.sleep(50);
  }
}
