/** What the groups of rows have in common. */
import type { Contender, Effort, Figures } from "./measure.ts";
import { alternate } from "./measure.ts";
import type { Workshop } from "./programs.ts";
import type { Budget, Row } from "./report.ts";
import { formatMs, formatRate, judgedRow } from "./report.ts";

/** A group of rows that are measured together. */
export type Group = (workshop: Workshop, effort: Effort) => Promise<readonly Row[]>;

/** A burst of calls. */
export const STORM = { calls: 500, parallel: 50 } as const;

/** Lets contenders take turns, one call at a time. */
export function takeTurns(
  workshop: Workshop,
  { calls, rounds }: Effort,
  contenders: readonly Contender[],
): Promise<readonly Figures[]> {
  return alternate(workshop.harness, contenders, { calls, parallel: 1 }, rounds);
}

/** One program's time against another's. */
export function medianRow(
  what: string,
  floor: Figures | undefined,
  ours: Figures | undefined,
  budget: Budget,
): Row {
  if (floor === undefined || ours === undefined) throw new Error(`${what}: a figure is missing`);
  const ratio = ours.medianMs / floor.medianMs;
  return judgedRow(
    what,
    { floor: formatMs(floor.medianMs), ours: formatMs(ours.medianMs), ratio },
    budget,
  );
}

/** How many calls of a burst were carried out in a second, and how much longer than most the slowest took. */
export function stormRows(
  what: string,
  floor: Figures | undefined,
  ours: Figures | undefined,
  tailBudget?: Budget,
): readonly Row[] {
  if (floor === undefined || ours === undefined) throw new Error(`${what}: a figure is missing`);
  const rates = {
    floor: formatRate(floor.rate),
    ours: formatRate(ours.rate),
    ratio: ours.rate / floor.rate,
  };
  const tails = {
    floor: formatTail(floor),
    ours: formatTail(ours),
    // A budget is of the tail itself.
    ratio: ours.p99Ms / ours.p50Ms / (tailBudget === undefined ? floor.p99Ms / floor.p50Ms : 1),
  };
  return [
    judgedRow(`${what}: rate`, rates, { kind: "least", ratio: 0.7 }),
    judgedRow(`${what}: p50, p99, p99/p50`, tails, tailBudget),
  ];
}

function formatTail({ p50Ms, p99Ms }: Figures): string {
  return `${formatMs(p50Ms)}, ${formatMs(p99Ms)}, ${(p99Ms / p50Ms).toFixed(1)}`;
}
