/** Calls of the plugin inside of the test's own process, over a store in memory and a clock that stands where it is put. */
import type { PluginHost } from "../src/cni/plugin-host.ts";
import { runPlugin } from "../src/cni/plugin.ts";
import type { Moment, NetnsIdentity } from "../src/core/allocation.ts";
import type { NetnsSight } from "../src/core/liveness.ts";
import type { World } from "../src/ipam/world.ts";
import { openMemoryStore } from "../src/store/memory/memory-store.ts";
import type { Store } from "../src/store/store.ts";

/** A machine whose time and namespaces the test moves. */
export interface FakeNode {
  readonly store: Store;
  readonly node: string;
  bootId: string;
  monotonicUs: number;
  wallMs: number;
  /** What stands at each netns path: `device:inode`. */
  readonly namespaces: Map<string, string>;
  isCallerGone: boolean;
  /** Lines that were logged. */
  readonly logged: string[];
  ids: number;
}

/** A node without holdings; several may share a store. */
export function makeNode(options: { store?: Store; node?: string } = {}): FakeNode {
  const node: FakeNode = {
    store: options.store ?? openMemoryStore({ now: () => node.wallMs }),
    node: options.node ?? "node-a",
    bootId: "boot-1",
    monotonicUs: 1_000_000,
    wallMs: Date.parse("2026-01-02T03:04:05Z"),
    namespaces: new Map(),
    isCallerGone: false,
    logged: [],
    ids: 0,
  };
  return node;
}

/** Lets time pass. */
export function pass(node: FakeNode, milliseconds: number): void {
  node.monotonicUs += milliseconds * 1000;
  node.wallMs += milliseconds;
}

function present(node: FakeNode): Moment {
  return { bootId: node.bootId, monotonicUs: node.monotonicUs };
}

/** The world of a fake node; sleeping moves its clock. */
export function worldOf(node: FakeNode): World {
  const log = (level: string) => (message: string) => void node.logged.push(`${level}: ${message}`);
  return {
    store: { ...storeMethods(node.store), close: async () => {} },
    log: {
      error: log("error"),
      warning: log("warning"),
      verbose: log("verbose"),
      debug: log("debug"),
    },
    node: node.node,
    now: () => present(node),
    wallTime: () => new Date(node.wallMs),
    sleep: async (milliseconds) => pass(node, milliseconds),
    randomId: () => `attempt-${++node.ids}`,
    identifyNetns: (path): NetnsIdentity | undefined => {
      const namespace = node.namespaces.get(path);
      return namespace === undefined ? undefined : { path, namespace, seenFrom: "1:1" };
    },
    sightNetns: ({ path, namespace }): NetnsSight => {
      const now = node.namespaces.get(path);
      return now === undefined ? "missing" : now === namespace ? "same" : "replaced";
    },
    isCallerGone: () => node.isCallerGone,
  };
}

/** A store's methods, bound, so that one of them can be replaced. */
export function storeMethods(store: Store): Store {
  return {
    find: (owner, traces) => store.find(owner, traces),
    claim: (claim) => store.claim(claim),
    release: (owner, condition) => store.release(owner, condition),
    list: (filter) => store.list(filter),
    usage: (pools) => store.usage(pools),
    register: (registration) => store.register(registration),
    close: () => store.close(),
  };
}

/** One call; what is left out has a plain value. */
export interface PluginCall {
  readonly command: string;
  readonly stdin: string | object;
  readonly containerId?: string;
  readonly interfaceName?: string;
  readonly netns?: string;
  readonly args?: string;
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Fails the write of the answer. */
  readonly isUnread?: boolean;
  /** When it was received; default: now, a millisecond after whatever was before. */
  readonly received?: Moment;
  readonly flatFiles?: Readonly<Record<string, string>>;
}

/** What a call printed. */
export interface PluginAnswer {
  readonly exitCode: number;
  readonly stdout: string;
}

/** The environment of a call. */
export function environmentOf(call: PluginCall): Record<string, string | undefined> {
  return {
    CNI_COMMAND: call.command,
    CNI_CONTAINERID: call.containerId ?? "c1",
    CNI_IFNAME: call.interfaceName ?? "eth0",
    CNI_NETNS: call.netns ?? "/run/netns/c1",
    ...(call.args !== undefined && { CNI_ARGS: call.args }),
    ...call.environment,
  };
}

/** Makes one call on a node. */
export async function callPlugin(node: FakeNode, call: PluginCall): Promise<PluginAnswer> {
  pass(node, 1);
  let stdout = "";
  let isReceived = false;
  const text = typeof call.stdin === "string" ? call.stdin : JSON.stringify(call.stdin);
  const host: PluginHost = {
    environment: environmentOf(call),
    present: () => {
      const moment = isReceived ? present(node) : (call.received ?? present(node));
      isReceived = true;
      return moment;
    },
    defaultDataDir: "/var/lib/cni/whereabouts",
    readFlatFile: (path) => call.flatFiles?.[path],
    readInput: (limitBytes) =>
      Buffer.byteLength(text) > limitBytes ? { kind: "too-large" } : { kind: "complete", text },
    write: (more) => {
      if (call.isUnread === true) throw Object.assign(new Error("EPIPE"), { code: "EPIPE" });
      stdout += more;
    },
    isOwnNetns: (path) => path === "/proc/self/ns/net",
    openLog: () => worldOf(node).log,
    openWorld: async () => worldOf(node),
  };
  const exitCode = await runPlugin(host);
  return { exitCode, stdout };
}
