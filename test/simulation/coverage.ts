/** What many schedules covered, added up. */
import { faultKinds, hashDecisions, isFault } from "./decision.ts";
import type { Played } from "./schedule.ts";
import { FEWEST_FAULTS } from "./schedule.ts";
import { FEWEST_CHOICES } from "./scenario.ts";

/** Sums over schedules. */
export interface Coverage {
  schedules: number;
  choices: number;
  /** Hashes of the lists of choices; each list is an interleaving. */
  readonly interleavings: Set<number>;
  readonly events: Map<string, number>;
}

/** Nothing covered yet. */
export function noCoverage(): Coverage {
  return { schedules: 0, choices: 0, interleavings: new Set(), events: new Map() };
}

/** Adds a schedule. Throws if it was smaller than every schedule must be. */
export function cover(coverage: Coverage, { scenario, decisions, events }: Played): void {
  const faults = decisions.filter(isFault).length;
  const nodes = new Set(scenario.slots.map(({ node }) => node)).size;
  const isSmall = scenario.slots.length < 4 || nodes < 2;
  if (isSmall || decisions.length < FEWEST_CHOICES || faults < FEWEST_FAULTS)
    throw new Error("A schedule is smaller than it must be");
  coverage.schedules++;
  coverage.choices += decisions.length;
  coverage.interleavings.add(hashDecisions(decisions));
  for (const [event, count] of events) addEvent(coverage, event, count);
}

/** Adds one coverage to another. */
export function merge(coverage: Coverage, more: Coverage): void {
  coverage.schedules += more.schedules;
  coverage.choices += more.choices;
  for (const hash of more.interleavings) coverage.interleavings.add(hash);
  for (const [event, count] of more.events) addEvent(coverage, event, count);
}

function addEvent({ events }: Coverage, event: string, count: number): void {
  events.set(event, (events.get(event) ?? 0) + count);
}

function isFaultEvent(event: string): boolean {
  return event.startsWith("fault ");
}

/** A coverage in lines for people. */
export function formatCoverage({
  schedules,
  choices,
  interleavings,
  events,
}: Coverage): readonly string[] {
  const sorted = [...events].toSorted(([a], [b]) => (a < b ? -1 : 1));
  const faults = sorted.filter(([event]) => isFaultEvent(event));
  const others = sorted.filter(([event]) => !isFaultEvent(event));
  const total = faults.reduce((sum, [, count]) => sum + count, 0);
  return [
    `${schedules} schedules of ${choices} choices: ${interleavings.size} distinct interleavings`,
    `${total} faults of ${faults.length} kinds (of ${faultKinds.length}): ${faults
      .map(([event, count]) => `${event.slice("fault ".length)} ${count}`)
      .join(", ")}`,
    `what came of it: ${others.map(([event, count]) => `${event} ${count}`).join(", ")}`,
  ];
}
