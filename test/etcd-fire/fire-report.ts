/** What a storm came to, for people; nothing is held against it, since machines differ. */
import { answerOf } from "../process/executable.ts";
import { percentile } from "../process/parallel.ts";
import type { Answered } from "./pod.ts";

/** Prints it. */
export function report(name: string, answers: readonly Answered[], startedMs: number): void {
  const counts = (["ADD", "DEL"] as const).map((command) => {
    const own = answers.filter((one) => one.command === command);
    const codes = Map.groupBy(
      own.filter(({ outcome }) => outcome.exitCode !== 0),
      ({ outcome }) => answerOf(outcome).split(" ")[0],
    );
    const failed = [...codes].map(([code, { length }]) => `${length} with code ${code}`).join(", ");
    return `${own.length} ${command}s (${failed || "none failed"})`;
  });
  const times = answers.map(({ startedMs: from, endedMs }) => endedMs - from);
  const figures = [0.5, 0.99, 1].map((share) => percentile(times, share).toFixed(0));
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  process.stdout.write(
    `${name}: ${counts.join(", ")} in ${seconds} s; p50 ${figures[0]}, p99 ${figures[1]}, ` +
      `max ${figures[2]} ms\n`,
  );
}
