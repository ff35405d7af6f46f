/** What one pod's calls, in their order, prove: what it held, and when. */
import { addressesIn, answerOf } from "../process/executable.ts";
import { comparableAddress } from "./layout.ts";
import type { Answered, Pod } from "./pod.ts";

/** From when until when addresses were surely held: from the end of an ADD to the start of what may free them. */
export interface Sure {
  readonly pod: Pod;
  readonly addresses: readonly string[];
  readonly fromMs: number;
  /** Infinity: to the end. */
  untilMs: number;
}

/** What a pod has at the end. */
export type State =
  | { readonly kind: "holds"; readonly containerId: string; readonly addresses: readonly string[] }
  | { readonly kind: "nothing" }
  /** The incarnations that it may be held for. */
  | { readonly kind: "unknown"; readonly containerIds: ReadonlySet<string> };

/** What the calls of one pod prove. */
export interface History {
  readonly state: State;
  readonly sure: readonly Sure[];
  /** What contradicts a promise, in sentences. */
  readonly faults: readonly string[];
}

/** Judges the calls of one pod, of which none began before the one before it ended. */
export function historyOf(calls: readonly Answered[]): History {
  let state: State = { kind: "nothing" };
  const sure: Sure[] = [];
  const faults: string[] = [];
  for (const call of calls) {
    const next = after(state, call);
    const last = sure.at(-1);
    const { pod, startedMs, endedMs } = call;
    if (state.kind === "holds" && next.kind === "holds") {
      const [before, now] = [state.addresses.join(), next.addresses.join()];
      if (before !== now) faults.push(`${pod.uid} held ${before}, and was told ${now}`);
    } else if (next.kind === "holds") {
      sure.push({ pod, addresses: next.addresses, fromMs: endedMs, untilMs: Infinity });
    } else if (state.kind === "holds" && last !== undefined) {
      last.untilMs = startedMs;
    }
    state = next;
  }
  return { state, sure, faults };
}

function after(state: State, { command, containerId, outcome }: Answered): State {
  const isDone = outcome.exitCode === 0;
  const holders = holdersOf(state);
  if (command === "ADD") {
    if (isDone) {
      const addresses = addressesIn(outcome.stdout).map(comparableAddress);
      return { kind: "holds", containerId, addresses };
    }
    // What was only confirmed stays; what was refused outright changed nothing.
    if (state.kind === "holds" && state.containerId === containerId) return state;
    if (/^(?:7|100|101) /.test(answerOf(outcome))) return state;
    return { kind: "unknown", containerIds: new Set([...holders, containerId]) };
  }
  // A late DEL of an earlier incarnation must free nothing.
  if (!holders.has(containerId)) return state;
  if (!isDone) return { kind: "unknown", containerIds: holders };
  const left = new Set([...holders].filter((holder) => holder !== containerId));
  return left.size === 0 ? { kind: "nothing" } : { kind: "unknown", containerIds: left };
}

function holdersOf(state: State): ReadonlySet<string> {
  if (state.kind === "unknown") return state.containerIds;
  return new Set(state.kind === "holds" ? [state.containerId] : []);
}

/** Addresses that two pods surely held at the same time, though they exclude each other. */
export function duplicatesIn(sure: readonly Sure[]): readonly string[] {
  const byAddress = new Map<string, Sure[]>();
  const faults: string[] = [];
  for (const one of sure) {
    for (const address of one.addresses) {
      const others = byAddress.get(address) ?? [];
      byAddress.set(address, [...others, one]);
      for (const other of others) {
        const isApart = one.untilMs <= other.fromMs || other.untilMs <= one.fromMs;
        if (isApart || one.pod === other.pod || !exclude(one.pod, other.pod)) continue;
        faults.push(`${address} was held by ${one.pod.uid} and ${other.pod.uid} at the same time`);
      }
    }
  }
  return faults;
}

/** Whether an address may not be of both: overlapping ranges of one network, or equal prefixes of it. */
function exclude({ ipam: a }: Pod, { ipam: b }: Pod): boolean {
  if (a["network_name"] !== b["network_name"]) return false;
  const areOn = [a, b].every((ipam) => ipam["enable_overlapping_ranges"] !== false);
  return areOn || a["range"] === b["range"];
}
