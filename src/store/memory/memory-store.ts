/** A store in memory: the plain model of what a store does, for tests and simulations. */
import { compareAddresses } from "../../core/address.ts";
import type { Allocation, Owner } from "../../core/allocation.ts";
import { compareCidrs } from "../../core/cidr.ts";
import { WhereaboutsError } from "../../core/error.ts";
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
import { claimInMemory } from "./memory-claim.ts";
import type { MemoryData } from "./memory-data.ts";
import { emptyMemoryData, equalOwners, recordsOf } from "./memory-data.ts";
import { restAt, restFrom } from "./memory-rest.ts";
import { usageOf } from "./memory-usage.ts";

/** Where a memory store keeps its contents, and its clock. */
export interface MemoryStoreOptions {
  /** Contents that several stores may share; default: new ones. */
  readonly data?: MemoryData;
  /** Wall clock in milliseconds since the epoch; default: `Date.now`. */
  readonly now?: () => number;
}

/** Opens a store in memory. It uses no timers and no randomness; `close` leaves the contents as they are. */
export function openMemoryStore(options: MemoryStoreOptions = {}): Store {
  return new MemoryStore(options.data ?? emptyMemoryData(), options.now ?? Date.now);
}

class MemoryStore implements Store {
  readonly #data: MemoryData;
  readonly #now: () => number;
  #closed = false;

  constructor(data: MemoryData, now: () => number) {
    this.#data = data;
    this.#now = now;
  }

  async find(owner: Owner): Promise<Allocation | undefined> {
    return this.#open().allocations.find((allocation) => equalOwners(allocation.owner, owner));
  }

  async claim(claim: Claim): Promise<ClaimResult> {
    return claimInMemory(this.#open(), claim, this.#now());
  }

  async release(owner: Owner, condition: ReleaseCondition): Promise<ReleaseResult> {
    const data = this.#open();
    const { expected, restSeconds, registration } = condition;
    const current = data.allocations.find((allocation) => equalOwners(allocation.owner, owner));
    if (current?.sequence !== expected) return "changed";
    if (
      registration !== undefined &&
      data.registrations.get(registration.node) !== registration.bootId
    )
      return "changed";
    data.allocations = data.allocations.filter((other) => other !== current);
    const rests = restFrom(current.holdings, owner, restSeconds, this.#now());
    data.rests = [...data.rests, ...rests];
    return "released";
  }

  async *list(filter: ListFilter): AsyncIterable<Listed> {
    yield* listed(this.#open(), filter, this.#now());
  }

  async usage(pools?: readonly Pool[]): Promise<readonly Usage[]> {
    const data = this.#open();
    return (pools ?? data.pools).map((pool) => usageOf(data, pool, this.#now()));
  }

  async register({ node, bootId }: Registration): Promise<void> {
    this.#open().registrations.set(node, bootId);
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  #open(): MemoryData {
    if (this.#closed)
      throw new WhereaboutsError("store-unavailable", "Cannot use a store that is closed");
    return this.#data;
  }
}

function listed(data: MemoryData, filter: ListFilter, nowMs: number): readonly Listed[] {
  const networks = new Set([
    ...data.allocations.map(({ owner }) => owner.network),
    ...data.rests.map(({ lastOwner }) => lastOwner.network),
  ]);
  return [...networks].toSorted().flatMap((network) =>
    recordsOf(data, network)
      .flatMap((record): Listed[] => {
        if (record.kind === "held") return [record];
        const rest = restAt(record.rest, nowMs);
        if (rest === undefined) return [];
        const { holding, lastOwner, untilMs } = rest;
        return [{ kind: "resting", holding, lastOwner, restsUntilMs: untilMs }];
      })
      .filter((line) => matches(line, network, filter))
      .toSorted(
        ({ holding: a }, { holding: b }) =>
          compareAddresses(a.address, b.address) || compareCidrs(a.cidr, b.cidr),
      ),
  );
}

function matches(line: Listed, network: string, filter: ListFilter): boolean {
  const { first, last } = filter;
  const { address } = line.holding;
  const owner = line.kind === "held" ? line.allocation.owner : line.lastOwner;
  const name = line.kind === "held" ? line.allocation.name : undefined;
  return (
    (filter.network === undefined || filter.network === network) &&
    (filter.node === undefined || filter.node === owner.node) &&
    (filter.name === undefined || filter.name === name) &&
    (first === undefined || compareAddresses(address, first) >= 0) &&
    (last === undefined || compareAddresses(address, last) <= 0)
  );
}
