/** What the answers of a storm say, held against what stands in etcd. */
import type { Contents } from "./checker.ts";
import type { History } from "./history.ts";
import { historyOf } from "./history.ts";
import type { Answered, Pod } from "./pod.ts";

/** A pod, and what its calls prove. */
export interface PodHistory extends History {
  readonly pod: Pod;
}

/** The history of each pod. */
export function historiesOf(answers: readonly Answered[]): readonly PodHistory[] {
  const calls = Map.groupBy(answers, ({ pod }) => pod);
  return [...calls].map(([pod, own]) => ({ pod, ...historyOf(own) }));
}

/** Pods that hold something else in etcd than what they were told, in sentences. */
export function contradictions(
  histories: readonly PodHistory[],
  { owners }: Contents,
): readonly string[] {
  const byPod = new Map([...owners.values()].map((entry) => [entry.owner.split(",")[3], entry]));
  const faults = histories.flatMap(({ pod: { uid }, state }) => {
    const entry = byPod.get(uid);
    byPod.delete(uid);
    const held = entry?.holdings.map(({ address }) => address) ?? [];
    switch (state.kind) {
      case "nothing":
        return entry === undefined ? [] : [`${uid} was freed, and holds ${held.join()}`];
      case "holds":
        return held.join() === state.addresses.join()
          ? []
          : [`${uid} was told ${state.addresses.join()}, and holds ${held.join()}`];
      case "unknown":
        return entry === undefined || state.containerIds.has(entry.containerId)
          ? []
          : [`${uid} is held for ${entry.containerId}, of which nobody knows`];
    }
  });
  return [...faults, ...byPod.keys().map((uid) => `${uid} holds, and was never there`)];
}
