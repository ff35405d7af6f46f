/** Calls programs through the C harness (bench/harness.c), so that all are started and timed alike. */

/** A program with all that it is called with. */
export interface Program {
  readonly path: string;
  /** All variables that it gets; `%d` becomes the number of the call. */
  readonly env: Readonly<Record<string, string>>;
  /** The file that it gets on standard input. */
  readonly stdinPath?: string;
  /** What each call must print for its success to be believed. */
  readonly expected?: string;
  /** The exit code of each call. Default: 0. */
  readonly exitCode?: number;
}

/** How often a program is called, and how many calls are in flight. */
export interface Load {
  readonly calls: number;
  readonly parallel: number;
}

/** The times of one run. */
export interface Timing {
  readonly wallMs: number;
  /** Of each call. */
  readonly callMs: readonly number[];
}

/** Compiles the harness into a folder; returns its path. */
export async function compileHarness(folder: string): Promise<string> {
  const path = `${folder}/harness`;
  const source = `${import.meta.dir}/harness.c`;
  await Bun.$`gcc -O2 -Wall -Wextra -Werror -pthread -o ${path} ${source}`.quiet();
  return path;
}

/** Calls a program under a load. Throws with what it printed if a call failed. */
export async function runProgram(harness: string, program: Program, load: Load): Promise<Timing> {
  const { path, env, stdinPath, expected, exitCode = 0 } = program;
  const options = [
    `-n${load.calls}`,
    `-p${load.parallel}`,
    `-s${exitCode}`,
    ...(stdinPath === undefined ? [] : ["-i", stdinPath]),
    ...(expected === undefined ? [] : ["-x", expected]),
    ...Object.entries(env).flatMap(([name, value]) => ["-e", `${name}=${value}`]),
  ];
  const child = Bun.spawn([harness, ...options, path], { stdout: "pipe", stderr: "pipe" });
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  if ((await child.exited) !== 0) throw new Error(`${path}: ${stderr.trim()}`);
  const [wallMs, ...callMs] = stdout.trim().split("\n").map(milliseconds);
  if (wallMs === undefined || callMs.length !== load.calls)
    throw new Error(`The harness printed ${callMs.length} times for ${load.calls} calls`);
  return { wallMs, callMs };
}

function milliseconds(nanoseconds: string): number {
  return Number(nanoseconds) / 1e6;
}

/** The value below which a share of all lies, by nearest rank: 0.5 is the median. NaN for none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}
