/** The store of one host: an SQLite file that many processes use at once (design section 5, local). */
import type { Database } from "bun:sqlite";
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
import { removeAddress, restAddress } from "./address-rows.ts";
import { claimInTransaction } from "./claim.ts";
import { SqliteConnection } from "./connection.ts";
import type { PageKey } from "./listing.ts";
import { readPage } from "./listing.ts";
import { deleteOwner, findOwner, isRegistered, registerNode } from "./owner-rows.ts";
import { recordedPools, usageOf } from "./pool-usage.ts";
import { restEndMs } from "./rests.ts";
import type { Migration } from "./schema.ts";
import { migrations } from "./schema.ts";
import type { Waiting } from "./waiting.ts";

/** Where the store keeps its file, and how long it waits. */
export interface SqliteStoreOptions {
  /** The folder of `whereabouts.db`; made with mode 0700 if it is missing. */
  readonly dataDir: string;
  /** How a call waits for other processes before it ends with `try-later`. */
  readonly waiting: Waiting;
  /** Whether a database that is missing is an error rather than made. */
  readonly mustExist?: boolean;
  /** Wall clock in whole milliseconds since the epoch; default: `Date.now`. */
  readonly now?: () => number;
  /** The steps to the latest schema; default: those of this version. */
  readonly migrations?: readonly Migration[];
}

/**
 * Opens the store of a folder, made or brought to the latest schema if need be. Throws `WhereaboutsError`:
 * `try-later`, `store-unavailable`, `store-damaged`. A process that exits without `close` does no harm.
 */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<Store> {
  const connection = await SqliteConnection.open({ migrations, ...options });
  return new SqliteStore(connection, options.now ?? Date.now);
}

class SqliteStore implements Store {
  readonly #connection: SqliteConnection;
  readonly #now: () => number;

  constructor(connection: SqliteConnection, now: () => number) {
    this.#connection = connection;
    this.#now = now;
  }

  find(owner: Owner): Promise<Allocation | undefined> {
    return this.#connection.read((db) => findOwner(db, owner)?.allocation);
  }

  claim(claim: Claim): Promise<ClaimResult> {
    return this.#connection.write((db) => claimInTransaction(db, claim, this.#now()));
  }

  release(owner: Owner, condition: ReleaseCondition): Promise<ReleaseResult> {
    return this.#connection.write((db) => releaseInTransaction(db, owner, condition, this.#now()));
  }

  async *list(filter: ListFilter): AsyncIterable<Listed> {
    let after: PageKey | undefined;
    do {
      const from = after;
      const page = await this.#connection.read((db) => readPage(db, filter, from, this.#now()));
      yield* page.lines;
      after = page.next;
    } while (after !== undefined);
  }

  usage(pools?: readonly Pool[]): Promise<readonly Usage[]> {
    return this.#connection.snapshot((db) =>
      (pools ?? recordedPools(db)).map((pool) => usageOf(db, pool, this.#now())),
    );
  }

  async register({ node, bootId }: Registration): Promise<void> {
    await this.#connection.write((db) => {
      registerNode(db, node, bootId);
      // As many pages as a claim writes: a smaller write may still fit where a claim does not.
      db.query<unknown, []>(`UPDATE probe SET content = randomblob(28000)`).run();
    });
  }

  async close(): Promise<void> {
    this.#connection.close();
  }
}

function releaseInTransaction(
  db: Database,
  owner: Owner,
  condition: ReleaseCondition,
  nowMs: number,
): ReleaseResult {
  const { expected, restSeconds, registration } = condition;
  const current = findOwner(db, owner);
  if (current?.allocation.sequence !== expected) return "changed";
  if (registration !== undefined && !isRegistered(db, registration)) return "changed";
  const untilMs = restEndMs(restSeconds, nowMs);
  for (const holding of current.allocation.holdings) {
    if (untilMs === undefined) removeAddress(db, owner.network, holding);
    else restAddress(db, owner, holding, nowMs, untilMs);
  }
  deleteOwner(db, current.id);
  return "released";
}
