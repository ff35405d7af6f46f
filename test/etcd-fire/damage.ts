/** A store on a real server some of whose keys are damaged. */
import type { Allocation } from "../../src/core/allocation.ts";
import { WhereaboutsError } from "../../src/core/error.ts";
import { openEtcdStore } from "../../src/store/etcd/etcd-store.ts";
import type { ListFilter, Store } from "../../src/store/store.ts";
import type { FaultProxy } from "../etcd/fault-proxy.ts";
import { startFaultProxy } from "../etcd/fault-proxy.ts";
import type { EtcdMember } from "../etcd/member.ts";
import { claimed, describeResult, lowest, owner } from "../store-contract/fixtures.ts";
import { claim } from "../store-contract/fixtures.ts";

/** The range of all claims: 14 addresses. */
export const RANGE = "10.0.0.0/28";

/** Text, or bytes. */
export type Raw = string | Uint8Array;

/** A store, and what is needed to damage it. */
export interface Ward {
  readonly store: Store;
  readonly prefix: string;
  readonly server: EtcdMember;
  /** Counts what the store asks. */
  readonly proxy: FaultProxy;
}

let wards = 0;

/** Opens an empty store below a prefix of its own. */
export async function openWard(server: EtcdMember): Promise<Ward> {
  const prefix = `/damage/${++wards}/`;
  const proxy = await startFaultProxy({ targetPort: Number(server.hostPort.split(":")[1]) });
  const endpoints = [`http://${proxy.hostPort}`];
  // What asks without end runs into this.
  const endMs = performance.now() + 20_000;
  const store = openEtcdStore({ endpoints, prefix, leftMs: () => endMs - performance.now() });
  return { store, prefix, server, proxy };
}

/** Writes a key; both begin below the prefix. */
export async function putRaw({ server, prefix }: Ward, key: Raw, value: Raw): Promise<void> {
  const base64 = (raw: Raw): string => Buffer.from(raw).toString("base64");
  const whole = Buffer.concat([Buffer.from(prefix), Buffer.from(key)]);
  const answer = await fetch(`${server.endpoint}/v3/kv/put`, {
    method: "POST",
    body: JSON.stringify({ key: base64(whole), value: base64(value) }),
  });
  if (!answer.ok) throw new Error(`put failed: ${await answer.text()}`);
}

/** What etcdctl shows of a key below the prefix. */
export async function textAt({ server, prefix }: Ward, key: string): Promise<string> {
  return (await server.etcdctl("get", "--print-value-only", prefix + key)).replace(/\n$/, "");
}

/** The only key below the prefix that begins so. */
export async function keyLike({ server, prefix }: Ward, start: string): Promise<string> {
  const text = await server.etcdctl("get", "--prefix", "--keys-only", prefix + start);
  const [key, ...more] = text.split("\n").filter((line) => line !== "");
  if (key === undefined || more.length > 0) throw new Error(`Not one key: ${text}`);
  return key.slice(prefix.length);
}

/** A pod gets the lowest free address. */
export async function admit({ store }: Ward, pod: string): Promise<Allocation> {
  return await claimed(store, owner(pod), [lowest(RANGE)]);
}

/** Pods come until one is refused: how many came, and why the last one did not. */
export async function fillUp({ store }: Ward): Promise<readonly [count: number, why: string]> {
  for (let count = 0; ; count++) {
    const result = await store.claim(claim(owner(`filler-${count}`), [lowest(RANGE)]));
    if (result.kind !== "claimed") return [count, describeResult(result)];
  }
}

/** What a call fails with: `CODE message`. Throws if it succeeds, or fails with what is no error of ours. */
export async function errorOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
  } catch (error) {
    if (error instanceof WhereaboutsError) return `${error.code} ${error.message} ${error.details}`;
    throw error;
  }
  throw new Error("It succeeded");
}

/** All pods that a listing shows before it ends, and what it ends with, if that is an error. */
export async function listed(
  { store }: Ward,
  filter: ListFilter = {},
): Promise<{ readonly pods: readonly string[]; readonly error: string | undefined }> {
  const pods: string[] = [];
  const read = async (): Promise<void> => {
    for await (const line of store.list(filter))
      pods.push(line.kind === "held" ? line.allocation.owner.pod : line.lastOwner.pod);
  };
  let isDone = false;
  const error = await errorOf(read().then(() => (isDone = true))).catch((other: unknown) => {
    if (isDone) return undefined;
    throw other;
  });
  return { pods, error };
}

/** What a value may have become, by name. */
export function damagesOf(value: string): readonly (readonly [name: string, value: Raw])[] {
  return [
    ["empty", ""],
    ["cut off at its start", value.slice(0, 1)],
    ["cut off in the middle", value.slice(0, value.length / 2)],
    ["cut off before its end", value.slice(0, -1)],
    ["without its start", value.slice(1)],
    ["not JSON", "hello"],
    ["null", "null"],
    ["a list", "[]"],
    ["an empty object", "{}"],
    ["nothing but a version", '{"v":1}'],
    ["of another shape", '{"v":1,"owner":[],"confirmation":{},"holdings":{},"free":0,"rest":1}'],
    ["of version 2", value.replace('"v":1', '"v":2')],
    ["binary", Uint8Array.of(0xff, 0, 0xfe, 0x80, 0x7b)],
  ];
}
