/** Alternating rounds of programs that are compared, and what came of them. */
import type { Load, Program, Timing } from "./harness.ts";
import { quantile, runProgram } from "./harness.ts";

/** One of the programs that take turns: what is called in a round, which may start from fresh data each time. */
export type Contender = (round: number) => Program | Promise<Program>;

/** How thoroughly is measured. */
export interface Effort {
  /** At least 5 for a result that counts. */
  readonly rounds: number;
  /** Of each program in each round, one after the other. */
  readonly calls: number;
}

/** What one contender achieved. */
export interface Figures {
  /** The median over the rounds of each round's median call. */
  readonly medianMs: number;
  /** Over all calls of all rounds. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Calls a second, the median over the rounds. */
  readonly rate: number;
}

/**
 * Lets the contenders take turns: first, second, first, second, … so that a disturbance of the machine meets
 * all of them. Before each round of a program goes one call that is not measured: it makes and caches its files.
 */
export async function alternate(
  harness: string,
  contenders: readonly Contender[],
  load: Load,
  rounds: number,
): Promise<readonly Figures[]> {
  const timings = contenders.map((): Timing[] => []);
  for (let round = 0; round < rounds; round++) {
    for (const [index, contender] of contenders.entries()) {
      const program = await contender(round);
      await warmUp(harness, program, round);
      timings[index]?.push(await runProgram(harness, program, load));
    }
  }
  return timings.map(figuresOf);
}

function figuresOf(timings: readonly Timing[]): Figures {
  const all = timings.flatMap(({ callMs }) => callMs);
  return {
    medianMs: median(timings.map(({ callMs }) => median(callMs))),
    p50Ms: median(all),
    p99Ms: quantile(all, 0.99),
    rate: median(timings.map(({ wallMs, callMs }) => callMs.length / (wallMs / 1000))),
  };
}

function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

async function warmUp(harness: string, program: Program, round: number): Promise<void> {
  const env = { ...program.env, CNI_CONTAINERID: `warm-up-${round}` };
  await runProgram(harness, { ...program, env }, { calls: 1, parallel: 1 });
}
