/**
 * Lists of the old implementation are taken over, finished, and made valid again. Each step may be repeated, and
 * ended at any moment: what is there is looked at first. Lists themselves are never removed.
 */
import { equalCidrs } from "../../../core/cidr.ts";
import { WhereaboutsError } from "../../../core/error.ts";
import type { Context } from "../context.ts";
import { readAll } from "../context.ts";
import type { Comparison } from "../gateway.ts";
import {
  createdAt,
  exists,
  get,
  getKey,
  getSpan,
  put,
  putText,
  remove,
  spanOf,
  writtenAt,
} from "../gateway.ts";
import { listAddresses } from "../listing.ts";
import { finishedText } from "../records.ts";
import type { Progress, Takeover } from "./import-lines.ts";
import { commit, interrupted, takeOver } from "./import-lines.ts";
import type { ListLine } from "./legacy-list.ts";
import { closingKey, editedList } from "./legacy-list.ts";
import type { FoundList } from "./legacy-survey.ts";
import { surveyList } from "./legacy-survey.ts";
import { takeMutexes } from "./mutex.ts";

/** So long do nodes of the old implementation wait for their lock at the most: 2 min for an ADD. */
const OLD_NODES_MS = 125_000;
const POLL_MS = 200;
/** So large may a value be: the server takes 1.5 MB for a whole request. */
const MOST_BYTES = 1_400_000;

/** Takes a list over, under its lock; old nodes may go on using it. */
export async function importList(
  context: Context,
  list: FoundList,
  network: string,
  progress: Progress,
): Promise<Takeover> {
  if (list.isFinished)
    return { survey: await surveyList(context, list, network), imported: 0, removed: 0 };
  const mutexes = await takeMutexes(context, [list.place.mutex]);
  try {
    const keep = async (): Promise<void> => await mutexes.keep();
    return await takeOver(context, list, network, mutexes.compare, progress, keep);
  } finally {
    await mutexes.release();
  }
}

/**
 * Closes lists of one lock for good: old nodes wait for it and then fail. Takes them over a last time and marks them as
 * finished. Throws `try-later` where old nodes keep their locks too long.
 */
export async function finishLists(
  context: Context,
  lists: readonly FoundList[],
  network: string,
  progress: Progress,
): Promise<readonly Takeover[]> {
  const [first] = lists;
  if (first === undefined) return [];
  const closed = await close(context, first);
  const results: Takeover[] = [];
  for (const list of lists) {
    const marker = context.keys.finished(list.place.key);
    const { results: found } = await readAll(context, [
      getKey(marker),
      getKey(context.keys.reopening(list.place.key)),
    ]);
    // What was finished before says nothing any more.
    if (found[0]?.entries.length === 1) continue;
    if (found[1]?.entries.length === 1) throw halfOpen(list.place.key);
    const result = await takeOver(context, list, network, [closed], progress);
    const { entry, place } = result.survey;
    const compare = [closed, writtenAt(place.key, entry.modRevision)];
    await commit(context, compare, [put(marker, finishedText(context.now()))], place.key);
    results.push({ ...result, survey: { ...result.survey, isFinished: true, isClosed: true } });
  }
  return results;
}

/** Makes lists of one lock valid again: brings them up to date, then takes the lock away. */
export async function undoLists(context: Context, lists: readonly FoundList[]): Promise<void> {
  const { client, keys } = context;
  const [first] = lists;
  if (first === undefined) return;
  for (const list of lists) await refuseTooLarge(context, list);
  // From here on claims want the lock, which is not to be had: nothing changes any more.
  const closed = await close(context, first);
  for (const { place } of lists) {
    const finished = keys.finished(place.key);
    const success = [remove(finished), put(keys.reopening(place.key), finishedText(context.now()))];
    const reopening = { compare: [exists(finished)], success, failure: [] };
    await client.transact(reopening, "repeatable");
  }
  for (const list of lists) {
    const { place } = list;
    const reopening = keys.reopening(place.key);
    const { results } = await readAll(context, [get(place.key), getKey(reopening)]);
    const [entry] = results[0]?.entries ?? [];
    // One that was never finished is as old nodes left it.
    if (results[1]?.entries.length !== 1) continue;
    const lines = await ownLines(context, list);
    const text = editedList(entry?.value ?? "", place.layout, () => true, lines);
    const compare = [closed, writtenAt(place.key, entry?.modRevision ?? 0)];
    await commit(context, compare, [putText(place.key, text), remove(reopening)], place.key);
  }
  await commit(context, [closed], [remove(closingKey(first.place))], first.place.key);
}

/** Lists by their locks, for those of one lock are closed and opened together. */
export function byMutex<L extends FoundList>(lists: readonly L[]): readonly (readonly L[])[] {
  const groups = new Map<string, L[]>();
  for (const list of lists) {
    const { mutex } = list.place;
    groups.set(mutex, [...(groups.get(mutex) ?? []), list]);
  }
  return [...groups.values()];
}

async function refuseTooLarge(context: Context, list: FoundList): Promise<void> {
  const lines = await ownLines(context, list);
  const text = editedList(list.entry.value, list.place.layout, () => true, lines);
  const sizeBytes = new TextEncoder().encode(text).length;
  if (sizeBytes <= MOST_BYTES) return;
  throw new WhereaboutsError(
    "store-unavailable",
    `Cannot make the list ${list.place.key} valid again: with ${lines.length} addresses it would have ${sizeBytes} bytes, and etcd takes ${MOST_BYTES}`,
    { details: "Free addresses first; old nodes cannot use a range with so many." },
  );
}

/** What the list ought to say: all that is held of its range, in whatever network. */
async function ownLines(context: Context, { cidr }: FoundList): Promise<readonly ListLine[]> {
  const lines: ListLine[] = [];
  for await (const line of listAddresses(context, {})) {
    if (line.kind !== "held" || !equalCidrs(line.holding.cidr, cidr)) continue;
    lines.push({ address: line.holding.address, containerId: line.allocation.containerId });
  }
  return lines;
}

/** Takes the lock by a key without lease, and waits for those who were there before. */
async function close(context: Context, { place }: FoundList): Promise<Comparison> {
  const { client } = context;
  const key = closingKey(place);
  const closing = { compare: [createdAt(key, 0)], success: [put(key, "")], failure: [] };
  await client.transact(closing, "repeatable");
  const { results } = await readAll(context, [get(key)]);
  const [entry] = results[0]?.entries ?? [];
  if (entry === undefined) throw interrupted(place.key);
  const startMs = performance.now();
  for (;;) {
    const { results: locks } = await readAll(context, [
      getSpan(spanOf(`${place.mutex}/`), { keysOnly: true }),
    ]);
    const before = (locks[0]?.entries ?? []).filter(
      (lock) =>
        lock.createRevision < entry.createRevision &&
        /^[0-9a-f]+$/.test(lock.key.slice(place.mutex.length + 1)),
    );
    if (before.length === 0) return createdAt(key, entry.createRevision);
    if (performance.now() - startMs > OLD_NODES_MS) {
      throw new WhereaboutsError(
        "try-later",
        `${before.length} old nodes keep the lock ${place.mutex}; run the same command again`,
      );
    }
    await Bun.sleep(POLL_MS);
  }
}

function halfOpen(list: string): WhereaboutsError {
  return new WhereaboutsError(
    "try-later",
    `The list ${list} is not up to date: --undo was interrupted; run it again first`,
  );
}
