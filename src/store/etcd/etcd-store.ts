/** The store of a cluster: etcd, without a lock (design section 5; docs/decisions/0005). */
import type { Allocation, Owner } from "../../core/allocation.ts";
import type {
  Claim,
  ClaimResult,
  Listed,
  ListFilter,
  Pool,
  Registration,
  ReleaseCondition,
  ReleaseResult,
  Store,
  Traces,
  Usage,
} from "../store.ts";
import { claimInEtcd } from "./claim.ts";
import { EtcdClient } from "./client.ts";
import type { ConnectionFiles } from "./connection-files.ts";
import { endpointMemory, readConnectionFiles } from "./connection-files.ts";
import type { Context } from "./context.ts";
import { readAll } from "./context.ts";
import { put } from "./gateway.ts";
import { Keys, ownerPart } from "./keys.ts";
import { adopt, legacyOperations, parseLegacy } from "./legacy/legacy-holdings.ts";
import { listAddresses } from "./listing.ts";
import { recordedPools, usageOf } from "./pool-usage.ts";
import { bootText } from "./records.ts";
import { releaseInEtcd } from "./release.ts";
import type { OwnerState } from "./owner-state.ts";
import { ownerOperations, parseOwnerState, readOwnerState } from "./owner-state.ts";

/** Which cluster, and where in it. */
export interface EtcdStoreOptions extends ConnectionFiles {
  /** `http://HOST:PORT` or `https://…`. */
  readonly endpoints: readonly string[];
  /** What the keys begin with; ends with `/`. */
  readonly prefix: string;
  /** For how many milliseconds from now a request may still take. */
  readonly leftMs: () => number;
  /** How lists of the old implementation are treated; default: as each of them says. */
  readonly legacy?: "mixed" | "off";
  /** Says what a person should know. */
  readonly warn?: (message: string) => void;
  /** Where it is kept which member was good last; default: nowhere. */
  readonly memoryPath?: string;
  /** Wall clock in whole milliseconds since the epoch; default: `Date.now`. */
  readonly now?: () => number;
}

/** So many owners are remembered between `find()` and what follows it. */
const MOST_KNOWN = 256;

/** Opens the store. Nothing is asked of a server before the first call. Throws `input-output` for files that cannot be read. */
export function openEtcdStore(options: EtcdStoreOptions): Store {
  return new EtcdStore(openContext(options));
}

/** The means of a store, for what is done beside it. */
export function openContext(options: EtcdStoreOptions): Context {
  const { endpoints, prefix, leftMs, memoryPath, now = Date.now } = options;
  const client = new EtcdClient({
    endpoints,
    leftMs,
    ...readConnectionFiles(options),
    memory: memoryPath === undefined ? undefined : endpointMemory(memoryPath),
  });
  return {
    client,
    keys: new Keys(prefix),
    now,
    legacy: options.legacy,
    hasUsers: options.credentials !== undefined,
    warn: options.warn ?? (() => {}),
  };
}

class EtcdStore implements Store {
  readonly #context: Context;
  /** What `find()` read, for the claim or release of the same owner that follows: it saves them a round trip. */
  readonly #known = new Map<string, OwnerState>();

  constructor(context: Context) {
    this.#context = context;
  }

  async find(owner: Owner, traces?: Traces): Promise<Allocation | undefined> {
    const state = await findState(this.#context, owner, traces);
    if (this.#known.size >= MOST_KNOWN) this.#known.clear();
    this.#known.set(ownerPart(owner), state);
    return state.current ?? state.adoptable?.allocation;
  }

  async claim(claim: Claim): Promise<ClaimResult> {
    const { owner, expected } = claim;
    const { state, sequence } = await this.#takeOver(owner, expected);
    return await claimInEtcd(this.#context, { ...claim, expected: sequence }, state);
  }

  async release(owner: Owner, condition: ReleaseCondition): Promise<ReleaseResult> {
    const { state, sequence = condition.expected } = await this.#takeOver(
      owner,
      condition.expected,
    );
    return await releaseInEtcd(this.#context, owner, { ...condition, expected: sequence }, state);
  }

  /** What was found for an owner, as its own record where it was old data until now. */
  async #takeOver(
    owner: Owner,
    expected: number | undefined,
  ): Promise<{ readonly state: OwnerState | undefined; readonly sequence: number | undefined }> {
    const known = this.#take(owner);
    const { adoptable } = known ?? {};
    if (adoptable === undefined || adoptable.allocation.sequence !== expected)
      return { state: known, sequence: expected };
    await adopt(this.#context, adoptable);
    const state = await readOwnerState(this.#context, owner);
    const isOwn = state.current?.moment === undefined && state.current !== undefined;
    return { state, sequence: isOwn ? state.current.sequence : expected };
  }

  list(filter: ListFilter): AsyncIterable<Listed> {
    return listAddresses(this.#context, filter);
  }

  async usage(pools?: readonly Pool[]): Promise<readonly Usage[]> {
    const usages: Usage[] = [];
    for (const pool of pools ?? (await recordedPools(this.#context)))
      usages.push((await usageOf(this.#context, pool)).usage);
    return usages;
  }

  async register({ node, bootId }: Registration): Promise<void> {
    const { client, keys } = this.#context;
    const success = [put(keys.node(node), bootText(bootId))];
    await client.transact({ compare: [], success, failure: [] }, "repeatable");
  }

  async close(): Promise<void> {
    this.#context.client.close();
  }

  #take(owner: Owner): OwnerState | undefined {
    const key = ownerPart(owner);
    const state = this.#known.get(key);
    this.#known.delete(key);
    return state;
  }
}

/** Reads an owner's state, and where it may have none what old data say of its container. */
async function findState(
  context: Context,
  owner: Owner,
  traces: Traces | undefined,
): Promise<OwnerState> {
  const own = ownerOperations(context.keys, owner);
  const old = traces === undefined ? [] : legacyOperations(context, owner, traces);
  const { results, revision } = await readAll(context, [...own, ...old]);
  const state = parseOwnerState(owner, results, revision);
  if (traces === undefined || old.length === 0) return state;
  const found = results.slice(own.length);
  const { lists, adoptable } = await parseLegacy(context, owner, traces, found, state.current);
  return { ...state, lists, adoptable };
}
