/** The old implementation's lock, taken by etcd's own lock service, which makes the same keys. */
import { WhereaboutsError } from "../../../core/error.ts";
import type { Context } from "../context.ts";
import { readAll } from "../context.ts";
import type { Comparison } from "../gateway.ts";
import { createdAt, get } from "../gateway.ts";

/** As long as the old implementation's own sessions: a node that dies keeps others waiting for so long. */
const LEASE_SECONDS = 60;

/** Mutexes that are held, all under one lease. */
export interface HeldMutexes {
  /** True as long as all of them are held: what a lost lease would have others write. */
  readonly compare: readonly Comparison[];
  /** Renews the lease, for work that may take longer than it lasts. */
  keep(): Promise<void>;
  release(): Promise<void>;
}

/** Takes mutexes, in the order of their names. Throws `try-later` where one is not to be had in time. */
export async function takeMutexes(
  context: Context,
  names: readonly string[],
): Promise<HeldMutexes> {
  const { client } = context;
  const lease = await client.request(
    "/v3/lease/grant",
    { TTL: LEASE_SECONDS },
    "repeatable",
    (body) => textIn(body, "ID"),
  );
  const keep = async (): Promise<void> => {
    // A lease that is lost shows in the comparisons.
    await client
      .request("/v3/lease/keepalive", { ID: lease }, "repeatable", (body) => body ?? undefined)
      .catch(() => undefined);
  };
  const release = async (): Promise<void> => {
    // What cannot be released ends with its lease.
    await client
      .request("/v3/lease/revoke", { ID: lease }, "repeatable", (body) => body ?? undefined)
      .catch(() => undefined);
  };
  try {
    const compare: Comparison[] = [];
    for (const name of [...new Set(names)].toSorted()) {
      const key = await lock(context, name, lease);
      const { results } = await readAll(context, [get(key)]);
      const [entry] = results[0]?.entries ?? [];
      if (entry === undefined) throw lost(name);
      compare.push(createdAt(key, entry.createRevision));
    }
    return { compare, keep, release };
  } catch (error) {
    await release();
    throw error;
  }
}

async function lock({ client }: Context, name: string, lease: string): Promise<string> {
  try {
    const body = { name: btoa(name), lease };
    const key = await client.request("/v3/lock/lock", body, "waiting", (answer) =>
      textIn(answer, "key"),
    );
    return atob(key);
  } catch (error) {
    // Anything but patience that came to its end is told as it is.
    if (!(error instanceof WhereaboutsError) || (await client.rest(0))) throw error;
    throw new WhereaboutsError(
      "try-later",
      `Cannot have the lock ${name} of the old whereabouts in time: another node has it`,
      {
        details:
          "Old nodes (v0.5.4 and older) lock each range for every ADD; a node that died keeps the lock for 60 s. " +
          'Once no old node is left, "whereabouts import etcd --finish" ends this.',
        cause: error,
      },
    );
  }
}

function lost(name: string): WhereaboutsError {
  return new WhereaboutsError("try-later", `The lock ${name} of the old whereabouts was lost`);
}

function textIn(body: unknown, key: string): string | undefined {
  const value = typeof body === "object" && body !== null ? Object.entries(body) : [];
  const found = value.find(([name]) => name === key)?.[1];
  return typeof found === "string" ? found : undefined;
}
