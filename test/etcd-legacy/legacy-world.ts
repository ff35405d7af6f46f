/** New nodes and old ones over one real etcd. */
import { addressesOf, call } from "../ipam/calls.ts";
import type { FakeNode } from "../plugin-call.ts";
import { makeNode } from "../plugin-call.ts";
import { openContext, openEtcdStore } from "../../src/store/etcd/etcd-store.ts";
import type { Context } from "../../src/store/etcd/context.ts";

/** Removes every key. */
export async function emptyEtcd(endpoint: string): Promise<void> {
  const body = JSON.stringify({ key: "AA==", range_end: "AA==" });
  const answer = await fetch(`${endpoint}/v3/kv/deleterange`, { method: "POST", body });
  await answer.text();
}

/** What a new node is told. */
export interface NewNodeOptions {
  readonly endpoint: string;
  readonly legacy?: "mixed" | "off";
  readonly leftMs?: number;
  readonly name?: string;
  readonly prefix?: string;
}

/** A new node whose plugin calls run in this process. */
export class NewNode {
  readonly warnings: string[] = [];
  readonly #node: FakeNode;
  readonly #range: string;
  #startMs = performance.now();

  constructor(range: string, options: NewNodeOptions) {
    const { endpoint, legacy, leftMs = 30_000, name = "new", prefix = "/t/" } = options;
    this.#range = range;
    const store = openEtcdStore({
      endpoints: [endpoint],
      prefix,
      leftMs: () => this.#startMs + leftMs - performance.now(),
      warn: (message) => this.warnings.push(message),
      ...(legacy !== undefined && { legacy }),
    });
    this.#node = makeNode({ store, node: name });
  }

  /** The address without its prefix length, or the error. */
  async add(containerId: string, more: object = {}): Promise<string> {
    this.#startMs = performance.now();
    const result = await call(this.#node, "ADD", { range: this.#range, ...more }, { containerId });
    return addressesOf(result)[0]?.replace(/\/\d+$/, "") ?? "none";
  }

  /** Empty, or the error. */
  async del(containerId: string, previous: readonly string[] = []): Promise<string> {
    this.#startMs = performance.now();
    const ips = previous.map((address) => ({ address }));
    const stdin = {
      cniVersion: "1.0.0",
      name: "net",
      type: "macvlan",
      ipam: { type: "whereabouts", range: this.#range },
      ...(previous.length > 0 && { prevResult: { cniVersion: "1.0.0", ips } }),
    };
    const result = await call(this.#node, "DEL", {}, { containerId, stdin });
    return result.msg ?? "";
  }

  /** Empty, or the error. */
  async check(containerId: string, address: string): Promise<string> {
    this.#startMs = performance.now();
    const stdin = {
      cniVersion: "1.0.0",
      name: "net",
      type: "macvlan",
      ipam: { type: "whereabouts", range: this.#range },
      prevResult: { cniVersion: "1.0.0", ips: [{ address }] },
    };
    return (await call(this.#node, "CHECK", {}, { containerId, stdin })).msg ?? "";
  }

  /** What the node's store lists: `ADDRESS CONTAINER`. */
  async held(): Promise<readonly string[]> {
    this.#startMs = performance.now();
    const lines: string[] = [];
    for await (const line of this.#node.store.list({})) {
      if (line.kind !== "held") continue;
      const { value } = line.holding.address;
      lines.push(`.${value & 255n} ${line.allocation.containerId}`);
    }
    return lines;
  }
}

/** A context for takeovers. */
export function contextOf(endpoint: string): Context {
  return openContext({ endpoints: [endpoint], prefix: "/t/", leftMs: () => 30_000 });
}
