/** A store every call of which waits until the schedule lets it arrive, and its reply come back. */
import { compareAddresses } from "../../src/core/address.ts";
import type { Allocation, Owner } from "../../src/core/allocation.ts";
import { compareCidrs } from "../../src/core/cidr.ts";
import { openMemoryStore } from "../../src/store/memory/memory-store.ts";
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
} from "../../src/store/store.ts";
import type { Process, Simulation, Waiting } from "./state.ts";
import { wallMsOf } from "./state.ts";

/** How many rows of a listing come with one reply; what follows is read later. */
const PAGE = 3;

/** The store as one process sees it. */
export function openFaultyStore(simulation: Simulation, process: Process): Store {
  const now = (): number => wallMsOf(simulation, process.machine);
  return new FaultyStore(process, openMemoryStore({ data: simulation.data, now }));
}

/** Lets a process wait for something of the schedule. All that `request` does to the store it must do at once. */
export async function wait<T>(
  process: Process,
  name: string,
  request: () => Promise<T>,
  more: Partial<Waiting> = {},
): Promise<T> {
  return await new Promise<T>((resolve, reject) => {
    let outcome: Promise<T> | undefined;
    process.waiting = {
      name,
      isApplied: false,
      apply: () => {
        const result = request();
        outcome ??= result;
      },
      reply: () => resolve(outcome ?? request()),
      fail: reject,
      ...more,
    };
    process.onPause();
  });
}

class FaultyStore implements Store {
  readonly #process: Process;
  readonly #store: Store;

  constructor(process: Process, store: Store) {
    this.#process = process;
    this.#store = store;
  }

  async find(owner: Owner): Promise<Allocation | undefined> {
    return await wait(this.#process, "find", async () => await this.#store.find(owner));
  }

  async claim(claim: Claim): Promise<ClaimResult> {
    const request = async (): Promise<ClaimResult> => await this.#store.claim(claim);
    return await wait(this.#process, "claim", request, { claim });
  }

  async release(owner: Owner, condition: ReleaseCondition): Promise<ReleaseResult> {
    const request = async (): Promise<ReleaseResult> => await this.#store.release(owner, condition);
    return await wait(this.#process, "release", request);
  }

  async *list(filter: ListFilter): AsyncIterable<Listed> {
    let last: Listed | undefined;
    do {
      const after = last;
      const page: readonly Listed[] = await wait(this.#process, "list", async () => {
        const rows: Listed[] = [];
        for await (const row of this.#store.list(filter)) {
          if (after === undefined || compare(row, after) > 0) rows.push(row);
          if (rows.length === PAGE) break;
        }
        return rows;
      });
      yield* page;
      last = page[PAGE - 1];
    } while (last !== undefined);
  }

  async usage(pools?: readonly Pool[]): Promise<readonly Usage[]> {
    return await wait(this.#process, "usage", async () => await this.#store.usage(pools));
  }

  async register(registration: Registration): Promise<void> {
    await wait(this.#process, "register", async () => await this.#store.register(registration));
  }

  /** Nothing that anybody else could notice. */
  async close(): Promise<void> {}
}

function compare(a: Listed, b: Listed): number {
  const [first, second] = [networkOf(a), networkOf(b)];
  if (first !== second) return first < second ? -1 : 1;
  return (
    compareAddresses(a.holding.address, b.holding.address) ||
    compareCidrs(a.holding.cidr, b.holding.cidr)
  );
}

function networkOf(row: Listed): string {
  return row.kind === "held" ? row.allocation.owner.network : row.lastOwner.network;
}
