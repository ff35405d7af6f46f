/** One step of a schedule. A schedule is a list of these: whoever has the list can play it again. */

/** What happens next. Processes and containers bear the numbers under which they began. */
export type Decision =
  /** The runtime adds a container: the slot's own again, or a new one. `ask`: which address it requests, -1 for any. */
  | { kind: "add"; process: number; slot: number; container: number; ask: number }
  | { kind: "del"; process: number; slot: number; container: number }
  /** The slot's container and its network namespace go, without a DEL. */
  | { kind: "kill"; slot: number }
  /** The slot's next container finds other ranges configured. */
  | { kind: "configure"; slot: number }
  | { kind: "check"; process: number; slot: number }
  | { kind: "status"; process: number; slot: number }
  /** `foreign`: its list is that of another runtime, which does not know the containers here. */
  | { kind: "gc"; process: number; node: number; foreign: boolean }
  /** A pass of a loop that takes back what is dead. */
  | { kind: "reclaim"; process: number; node: number }
  /** A request of a process reaches the store. */
  | { kind: "apply"; process: number }
  /** A process gets its reply. */
  | { kind: "reply"; process: number }
  | { kind: "wake"; process: number }
  /** A delayed or doubled request reaches the store. */
  | { kind: "late"; ghost: number }
  | { kind: "thaw"; process: number }
  | { kind: "see"; node: number }
  | { kind: "pass"; ms: number }
  | Fault;

/** What goes wrong. */
export type Fault =
  | { kind: "lose-request"; process: number }
  | { kind: "lose-reply"; process: number }
  /** The process is told of an error; its request arrives later all the same. */
  | { kind: "delay"; process: number }
  /** The request arrives now, and once more later. */
  | { kind: "duplicate"; process: number }
  /** SIGKILL; `keep`: what it has sent arrives later. */
  | { kind: "crash"; process: number; keep: boolean }
  /** SIGSTOP. */
  | { kind: "freeze"; process: number }
  /** Whoever waits for the answer goes; `noticed`: the process can tell. */
  | { kind: "hang-up"; process: number; noticed: boolean }
  /** A process hangs, and another one is asked in its place. */
  | { kind: "fall-back"; process: number; successor: number; noticed: boolean }
  | { kind: "jump"; node: number; ms: number }
  | { kind: "reboot"; node: number; keep: boolean }
  /** No network namespace can be looked at for a while. */
  | { kind: "blind"; node: number }
  /** The slot's network namespace seems to be gone for two seconds. */
  | { kind: "flicker"; slot: number };

/** Every kind of fault. */
export const faultKinds = [
  "lose-request",
  "lose-reply",
  "delay",
  "duplicate",
  "crash",
  "freeze",
  "hang-up",
  "fall-back",
  "jump",
  "reboot",
  "blind",
  "flicker",
] as const satisfies readonly Fault["kind"][];

const faults: ReadonlySet<string> = new Set(faultKinds);

/** Whether a decision is a fault. */
export function isFault(decision: Decision): decision is Fault {
  return faults.has(decision.kind);
}

/**
 * A number for the order in which things happen in a schedule: who did what. Processes count by when they first come up;
 * how far a clock jumped, say, makes no difference.
 */
export function hashDecisions(decisions: readonly Decision[]): number {
  const seen = new Map<number, number>();
  let text = "";
  for (const decision of decisions) {
    text += `${decision.kind} `;
    if ("slot" in decision) text += `${decision.slot} `;
    else if ("node" in decision) text += `${decision.node} `;
    if (!("process" in decision)) continue;
    const number = seen.get(decision.process) ?? seen.size;
    seen.set(decision.process, number);
    text += `${number} `;
  }
  return Number(Bun.hash(text));
}
