/** Rests that begin anew because a clock went back. */
import type { Context } from "./context.ts";
import { nested, put, writtenAt } from "./gateway.ts";
import { restText } from "./records.ts";
import type { Rest } from "./records.ts";
import type { Occupied } from "./view.ts";

/** So many rests are written in one transaction. */
const BATCH = 50;

/** Lets rests that were seen begin now, with their full length; one that changed since is left alone. */
export async function restartRests(
  { client, keys }: Context,
  rests: readonly (Occupied & { readonly rest: Rest })[],
  nowMs: number,
): Promise<void> {
  const success = rests.slice(0, BATCH).map(({ key, modRevision, rest }) => {
    const text = restText({
      ...rest,
      sinceMs: nowMs,
      untilMs: nowMs + rest.untilMs - rest.sinceMs,
    });
    return nested({
      compare: [writtenAt(key, modRevision)],
      success: [put(key, text), put(keys.restOfAddress(key), text)],
      failure: [],
    });
  });
  // Done twice it is done once: what was written has another revision.
  await client.transact({ compare: [], success, failure: [] }, "repeatable");
}
