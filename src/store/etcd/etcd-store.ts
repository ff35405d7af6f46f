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
  Usage,
} from "../store.ts";
import { claimInEtcd } from "./claim.ts";
import { EtcdClient } from "./client.ts";
import type { ConnectionFiles } from "./connection-files.ts";
import { endpointMemory, readConnectionFiles } from "./connection-files.ts";
import type { Context, OwnerState } from "./context.ts";
import { readOwnerState } from "./context.ts";
import { put } from "./gateway.ts";
import { Keys, ownerPart } from "./keys.ts";
import { listAddresses } from "./listing.ts";
import { recordedPools, usageOf } from "./pool-usage.ts";
import { bootText } from "./records.ts";
import { releaseInEtcd } from "./release.ts";

/** Which cluster, and where in it. */
export interface EtcdStoreOptions extends ConnectionFiles {
  /** `http://HOST:PORT` or `https://…`. */
  readonly endpoints: readonly string[];
  /** What the keys begin with; ends with `/`. */
  readonly prefix: string;
  /** For how many milliseconds from now a request may still take. */
  readonly leftMs: () => number;
  /** Where it is kept which member was good last; default: nowhere. */
  readonly memoryPath?: string;
  /** Wall clock in whole milliseconds since the epoch; default: `Date.now`. */
  readonly now?: () => number;
}

/** So many owners are remembered between `find()` and what follows it. */
const MOST_KNOWN = 256;

/** Opens the store. Nothing is asked of a server before the first call. Throws `input-output` for files that cannot be read. */
export function openEtcdStore(options: EtcdStoreOptions): Store {
  const { endpoints, prefix, leftMs, memoryPath, now = Date.now } = options;
  const client = new EtcdClient({
    endpoints,
    leftMs,
    ...readConnectionFiles(options),
    memory: memoryPath === undefined ? undefined : endpointMemory(memoryPath),
  });
  return new EtcdStore({ client, keys: new Keys(prefix), now });
}

class EtcdStore implements Store {
  readonly #context: Context;
  /** What `find()` read, for the claim or release of the same owner that follows: it saves them a round trip. */
  readonly #known = new Map<string, OwnerState>();

  constructor(context: Context) {
    this.#context = context;
  }

  async find(owner: Owner): Promise<Allocation | undefined> {
    const state = await readOwnerState(this.#context, owner);
    if (this.#known.size >= MOST_KNOWN) this.#known.clear();
    this.#known.set(ownerPart(owner), state);
    return state.current;
  }

  async claim(claim: Claim): Promise<ClaimResult> {
    return await claimInEtcd(this.#context, claim, this.#take(claim.owner));
  }

  async release(owner: Owner, condition: ReleaseCondition): Promise<ReleaseResult> {
    return await releaseInEtcd(this.#context, owner, condition, this.#take(owner));
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
