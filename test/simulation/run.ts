/** Plays many schedules, in several processes at once. */
import type { Coverage } from "./coverage.ts";
import { cover, merge, noCoverage } from "./coverage.ts";
import { playSeed } from "./schedule.ts";

/** How many schedules are reported at once. */
const CHUNK = 5000;

/** Which schedules: those of the seeds from `first` on. */
export interface Slice {
  readonly first: number;
  readonly count: number;
}

/** What a run came to. */
export interface Ran {
  readonly coverage: Coverage;
  /** The seed of a schedule that broke a promise. */
  readonly failing: number | undefined;
}

/** Plays a slice in this process until a promise is broken; `report` is given what was covered since it was called. */
export async function playSlice(
  { first, count }: Slice,
  report: (ran: Ran) => void,
): Promise<number | undefined> {
  // Errors are made by the million here, and nobody reads where.
  Error.stackTraceLimit = 0;
  let coverage = noCoverage();
  for (let seed = first; seed < first + count; seed++) {
    const played = await playSeed(seed);
    if (played.broken !== undefined) {
      report({ coverage, failing: seed });
      return seed;
    }
    cover(coverage, played);
    if (coverage.schedules < CHUNK) continue;
    report({ coverage, failing: undefined });
    coverage = noCoverage();
  }
  report({ coverage, failing: undefined });
  return undefined;
}

/** Plays a slice in `jobs` processes until one finds a promise broken. `progress` is told how many are done. */
export async function playInParallel(
  { first, count }: Slice,
  jobs: number,
  progress: (schedules: number) => void = () => {},
): Promise<Ran> {
  const coverage = noCoverage();
  let failing: number | undefined;
  const size = Math.ceil(count / jobs);
  const children = Array.from({ length: jobs }, (_, index) => {
    const begin = first + index * size;
    const own = Math.max(0, Math.min(size, first + count - begin));
    return Bun.spawn([process.execPath, import.meta.path, `${begin}`, `${own}`], {
      stdin: "ignore",
      stdout: "inherit",
      stderr: "inherit",
      serialization: "advanced",
      ipc: (message: Ran) => {
        merge(coverage, message.coverage);
        if (message.failing !== undefined) {
          failing = Math.min(failing ?? Infinity, message.failing);
          for (const child of children) child.kill();
        }
        progress(coverage.schedules);
      },
    });
  });
  const codes = await Promise.all(children.map(async (child) => await child.exited));
  if (failing === undefined && codes.some((code) => code !== 0))
    throw new Error(`A process of the simulation failed: exit codes ${codes.join()}`);
  if (failing === undefined && coverage.schedules !== count)
    throw new Error(`Of ${count} schedules ${coverage.schedules} were played`);
  return { coverage, failing };
}

/** Whoever started this process is gone. */
function stop(): never {
  process.exit(1);
}

if (import.meta.main) {
  process.on("disconnect", stop);
  const [first = 0, count = 0] = process.argv.slice(2).map(Number);
  await playSlice({ first, count }, (ran) => process.send?.(ran));
  process.off("disconnect", stop);
  process.disconnect?.();
}
