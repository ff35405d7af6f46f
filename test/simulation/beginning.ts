/** How containers and calls begin, and how they end. */
import { carryOut } from "./calls.ts";
import { judgeEnd, judgeRequest } from "./endings.ts";
import type { CallKind, Container, Machine, Process, Simulation, Slot } from "./state.ts";
import { presentOf } from "./state.ts";

/** Makes a container and its network namespace in a slot. */
export function makeContainer(
  simulation: Simulation,
  slot: Slot,
  number: number,
  ask: number,
): Container {
  const { machine, profile, hasUid, sharesPath, index } = slot;
  const id = `c${number}`;
  const path = sharesPath ? `/run/netns/slot-${index}` : `/run/netns/${id}`;
  // The kernel uses inode numbers again.
  const inode = (number % 3 === 0 ? machine.freed.pop() : undefined) ?? `4:${number}`;
  const pod = hasUid ? `u${index}` : id;
  const container: Container = {
    number,
    id,
    slot,
    profile,
    owner: `${profile.network}|${machine.id}|${pod}|eth0`,
    path,
    inode,
    ask,
    isAlive: true,
    diedUs: Infinity,
    told: undefined,
    version: 0,
    flickersUntilUs: 0,
    hasFlickered: false,
  };
  machine.namespaces.set(path, inode);
  slot.container = container;
  slot.containers.push(container);
  simulation.containers.set(id, container);
  return container;
}

/** Ends a container; its network namespace goes. */
export function killContainer({ nowUs }: Simulation, container: Container): void {
  if (!container.isAlive) return;
  const { machine } = container.slot;
  container.isAlive = false;
  container.diedUs = nowUs;
  container.told = undefined;
  container.version++;
  machine.namespaces.delete(container.path);
  machine.freed.push(container.inode);
}

/** What a call is about. */
export interface Subject {
  readonly slot?: Slot | undefined;
  readonly container?: Container | undefined;
  readonly valid?: ReadonlySet<string>;
}

/** Begins a call; returns when it waits for the store, or has ended. */
export async function begin(
  simulation: Simulation,
  number: number,
  kind: CallKind,
  machine: Machine,
  { slot, container, valid = new Set() }: Subject,
): Promise<Process> {
  const process: Process = {
    number,
    kind,
    machine,
    slot,
    container,
    received: presentOf(simulation, machine),
    startUs: simulation.nowUs,
    startStep: simulation.step,
    valid,
    toldBefore: container?.told,
    versionBefore: container?.version ?? 0,
    waiting: undefined,
    isFrozen: false,
    isUnheard: false,
    isCallerGone: false,
    exitCode: undefined,
    stdout: "",
    attempt: "",
    attempts: 0,
    claims: 0,
    failures: 0,
    isRollbackInDoubt: false,
    sawFull: false,
    isOvertaken: false,
    onPause: () => {},
  };
  simulation.processes.set(number, process);
  await resume(simulation, process, () => void carryOut(simulation, process));
  return process;
}

/** Lets a process go on until it waits again or has ended. */
export async function resume(
  simulation: Simulation,
  process: Process,
  go: () => void,
): Promise<void> {
  process.waiting = undefined;
  await new Promise<void>((resolve) => {
    process.onPause = resolve;
    go();
  });
  if (process.exitCode === undefined) {
    judgeRequest(process);
    return;
  }
  remove(simulation, process);
  judgeEnd(simulation, process);
}

/** A process is no more, whether it ended or was killed. */
export function remove(simulation: Simulation, process: Process): void {
  simulation.processes.delete(process.number);
  const { slot } = process;
  if (slot?.attached === process) slot.attached = undefined;
}

/** An ADD begins: those of the same owner that run already are out of date. */
export function overtake({ processes }: Simulation, { owner }: Container): void {
  for (const process of processes.values()) {
    if (process.container?.owner === owner) process.isOvertaken = true;
  }
}
