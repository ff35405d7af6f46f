/** Makes a failing schedule short enough to read: leaves out all that does not matter. */
import type { Decision } from "./decision.ts";
import type { Played } from "./schedule.ts";
import { playDecisions } from "./schedule.ts";

/** How often a schedule is played to shorten it, at most. */
const PATIENCE = 600;

/** A schedule that breaks the same promise with as few decisions as could be found. */
export async function shrink(played: Played): Promise<Played> {
  const { scenario, broken } = played;
  if (broken === undefined) return played;
  let best = played;
  let tries = 0;

  async function attempt(decisions: readonly Decision[]): Promise<boolean> {
    tries++;
    const shorter = await playDecisions(scenario, decisions);
    const isSame = shorter.broken?.promise === broken?.promise;
    // What was not possible any more is left out as well.
    if (!isSame || shorter.decisions.length >= best.decisions.length) return false;
    best = shorter;
    return true;
  }

  let size = Math.ceil(best.decisions.length / 2);
  while (size >= 1 && tries < PATIENCE) {
    let hasShrunk = false;
    // From the end: what comes later hangs on what came before.
    for (let end = best.decisions.length; end > 0 && tries < PATIENCE; end -= size) {
      const first = Math.max(0, end - size);
      const { decisions } = best;
      if (await attempt([...decisions.slice(0, first), ...decisions.slice(end)])) hasShrunk = true;
    }
    if (!hasShrunk || size > 1) size = size === 1 ? 0 : Math.floor(size / 2);
  }
  return best;
}

/** The history of a schedule in lines, down to the promise that is broken. */
export async function historyOf({ scenario, decisions }: Played): Promise<readonly string[]> {
  const lines: string[] = [];
  const slots = scenario.slots.map(({ node, profiles, hasUid, sharesPath }, index) => {
    const pod = `${hasUid ? "a pod" : "containers"}${sharesPath ? ", one netns path" : ""}`;
    return `slot ${index} on node-${node === 0 ? "a" : "b"}: ${pod}, ${profiles.map(({ name }) => name).join(" or ")}`;
  });
  const { broken } = await playDecisions(scenario, decisions, (line) => lines.push(line));
  const { reuseDelaySeconds, addTimeoutSeconds } = scenario;
  return [
    ...slots,
    `reuse_delay ${reuseDelaySeconds} s, add_timeout ${addTimeoutSeconds} s`,
    ...lines,
    ...(broken === undefined ? [] : [`BROKEN ${broken.message}`]),
  ];
}
