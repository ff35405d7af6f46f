/** Everything comes to rest: no more faults, every call ends, every container gets its DEL, and nothing may be left. */
import { begin, makeContainer } from "./beginning.ts";
import type { Decision } from "./decision.ts";
import { execute } from "./execution.ts";
import { keysText } from "./model.ts";
import type { Simulation } from "./state.ts";
import { BrokenPromise, note } from "./state.ts";

/** The numbers of what begins here; choices have lower ones. */
const FIRST_NUMBER = 100_000;

/** Many times what a schedule takes. */
const MOST_STEPS = 20_000;

/** Lets everything end, and holds the promises about that against it. Nothing in it is left to chance. */
export async function settle(simulation: Simulation): Promise<void> {
  const { machines, scenario } = simulation;
  simulation.trace?.("Everything comes to rest:");
  for (const { index, isBlind } of machines) {
    if (isBlind) await execute(simulation, { kind: "see", node: index });
  }
  if (!scenario.isLatestLast) await letArrive(simulation);
  await finish(simulation);
  await letArrive(simulation);
  await deleteAll(simulation);
  if (simulation.data.allocations.length > 0) {
    const left = [...simulation.holders.values()].map(({ container, keys }) => {
      return `${keysText(keys)} of ${container.id}`;
    });
    throw new BrokenPromise(
      "nothing leaks",
      `after a DEL of everything there is ${left.join(", ")}`,
    );
  }
  if (!scenario.isFilled) return;
  // Longer than all rests, however far apart the wall clocks are.
  await execute(simulation, { kind: "pass", ms: 172_800_000 });
  await fill(simulation);
}

async function letArrive(simulation: Simulation): Promise<void> {
  for (const ghost of simulation.ghosts.keys()) await execute(simulation, { kind: "late", ghost });
}

/** Lets every process run to its end, in turns. */
async function finish(simulation: Simulation): Promise<void> {
  const { processes } = simulation;
  while (processes.size > 0) {
    if (simulation.step > MOST_STEPS)
      throw new BrokenPromise("every call ends", `there are still ${processes.size}`);
    for (const { number, waiting, isFrozen } of processes.values()) {
      if (isFrozen) await execute(simulation, { kind: "thaw", process: number });
      if (waiting === undefined) throw new Error(`Process ${number} waits for nothing`);
      const kind: Decision["kind"] =
        waiting.wakeUs !== undefined ? "wake" : waiting.isApplied ? "reply" : "apply";
      await execute(simulation, { kind, process: number });
    }
  }
}

/** One DEL of each container that holds something. */
async function deleteAll(simulation: Simulation): Promise<void> {
  let process = FIRST_NUMBER;
  for (const { container } of simulation.holders.values()) {
    const { number, slot } = container;
    process++;
    await execute(simulation, { kind: "del", process, slot: slot.index, container: number });
    await finish(simulation);
  }
}

/** As many ADDs at once as there are addresses: each must succeed. */
async function fill(simulation: Simulation): Promise<void> {
  const { slots } = simulation;
  const [profile] = slots.map((slot) => slot.profile);
  const alike = slots.filter((slot) => slot.profile === profile);
  const room = Math.min(...(profile?.ranges.map(({ keys }) => keys.length) ?? [0]));
  const before = simulation.holders.size;
  for (let index = 0; index < room; index++) {
    const slot = alike[index % alike.length];
    // Of one owner there is one allocation: further containers need a slot of their own.
    if (slot === undefined || index >= alike.length) break;
    const process = 2 * FIRST_NUMBER + index;
    await execute(simulation, { kind: "kill", slot: slot.index });
    const container = makeContainer(simulation, slot, process, -1);
    slot.attached = await begin(simulation, process, "add", slot.machine, { slot, container });
  }
  await finish(simulation);
  const wanted = Math.min(room, alike.length);
  if (simulation.holders.size - before < wanted)
    throw new BrokenPromise("full use", `of ${wanted} ADDs into free ranges not all succeeded`);
  note(simulation, "filled");
}
