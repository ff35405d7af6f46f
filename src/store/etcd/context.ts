/** What all parts of the etcd store work with. */
import type { EtcdClient } from "./client.ts";
import type { Answer, Found, Operation, Outcome, Written } from "./gateway.ts";
import type { Keys } from "./keys.ts";

/** The store's means. */
export interface Context {
  readonly client: EtcdClient;
  readonly keys: Keys;
  /** Wall clock in whole milliseconds since the epoch. */
  readonly now: () => number;
  /** How lists of the old implementation are treated. */
  readonly legacy: "mixed" | "off" | undefined;
  /** Whether etcd asks for a user. */
  readonly hasUsers: boolean;
  /** Says what a person should know, and nothing hangs on. */
  readonly warn: (message: string) => void;
}

/** Reads several things at one revision. */
export async function readAll(
  { client }: Context,
  operations: readonly Operation[],
): Promise<{ readonly results: readonly Found[]; readonly revision: number }> {
  const transaction = { compare: [], success: operations, failure: [] };
  const answer = await client.transact(transaction, "repeatable");
  return { results: answer.results.map(asFound), revision: answer.revision };
}

/** A result of a read; that of a write is empty. */
export function asFound(result: Found | Outcome | Written | undefined): Found {
  return result?.kind === "found" ? result : { kind: "found", entries: [], count: 0 };
}

/** A result of a transaction within a transaction. */
export function asOutcome(result: Found | Outcome | Written | Answer | undefined): Outcome {
  return result?.kind === "outcome" ? result : { kind: "outcome", succeeded: false, results: [] };
}
