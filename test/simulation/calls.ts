/** Calls of the product's own code: whole plugin calls, or from where they have been parsed. */
import { runPlugin } from "../../src/cni/plugin.ts";
import { errorMessage, WhereaboutsError } from "../../src/core/error.ts";
import { reclaim, SIGHTING_INTERVAL_MS, sightSuspects } from "../../src/ipam/reclaim.ts";
import type { World } from "../../src/ipam/world.ts";
import { openFaultyStore, wait } from "./faulty-store.ts";
import { hostOf, silence } from "./plugin-calls.ts";
import { runParsed } from "./parsed-calls.ts";
import type { Process, Simulation } from "./state.ts";
import { note, presentOf, wallMsOf } from "./state.ts";

/** Carries a call out. Never throws; leaves exit code and answer in the process. */
export async function carryOut(simulation: Simulation, process: Process): Promise<void> {
  if (process.kind === "reclaim") {
    process.exitCode = await passOfReclaiming(simulation, process);
  } else {
    const world = worldOf(simulation, process);
    const host = hostOf(simulation, process, world);
    process.exitCode = await (simulation.scenario.isWhole
      ? runPlugin(host)
      : runParsed(simulation.scenario, process, host, world));
  }
  process.waiting = undefined;
  process.onPause();
}

/** What the reclaim loop of a node does in one pass. */
async function passOfReclaiming(simulation: Simulation, process: Process): Promise<0 | 1> {
  const world = worldOf(simulation, process);
  try {
    const suspects = await sightSuspects(world, () => true);
    if (suspects.length > 0) await world.sleep(SIGHTING_INTERVAL_MS);
    for (const suspect of suspects) await reclaim(world, suspect);
    return 0;
  } catch (error) {
    const code = error instanceof WhereaboutsError ? 11 : 199;
    process.stdout = JSON.stringify({ code, msg: errorMessage(error) });
    return 1;
  }
}

function worldOf(simulation: Simulation, process: Process): World {
  const { machine } = process;
  return {
    store: openFaultyStore(simulation, process),
    log: { ...silence, verbose: (message) => noteProof(simulation, message) },
    node: machine.id,
    now: () => presentOf(simulation, machine),
    wallTime: () => new Date(wallMsOf(simulation, machine)),
    sleep: async (milliseconds) => {
      const wakeUs = simulation.nowUs + milliseconds * 1000;
      await wait(process, "sleep", async () => {}, { wakeUs });
    },
    randomId: () => {
      process.attempts++;
      process.attempt = `attempt-${process.number}-${process.attempts}`;
      return process.attempt;
    },
    identifyNetns: (path) => {
      const namespace = lookAt(simulation, process, path);
      return typeof namespace === "string" ? { path, namespace, seenFrom: "1:1" } : undefined;
    },
    sightNetns: ({ path, namespace }) => {
      const now = lookAt(simulation, process, path);
      if (now === false) return "unknown";
      return now === undefined ? "missing" : now === namespace ? "same" : "replaced";
    },
    isCallerGone: () => process.isCallerGone,
  };
}

/** Which proofs of death came about shows in the log alone. */
function noteProof(simulation: Simulation, message: string): void {
  if (message.startsWith("Reclaimed")) note(simulation, `dead: ${message.replace(/^.*: /, "")}`);
}

/** The inode at a path; undefined if nothing is there, false if nobody can tell. */
function lookAt(
  { slots, nowUs }: Simulation,
  { machine }: Process,
  path: string,
): string | undefined | false {
  if (machine.isBlind) return false;
  for (const { container, machine: home } of slots) {
    if (container === undefined || container.flickersUntilUs <= nowUs) continue;
    if (container.path === path && home === machine) return undefined;
  }
  return machine.namespaces.get(path);
}
