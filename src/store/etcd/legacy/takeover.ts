/**
 * Lists of the old implementation are taken over, finished, and made valid again. Each step may be repeated, and
 * ended at any moment: what is there is looked at first. Lists themselves are never removed.
 */
import { equalAddresses } from "../../../core/address.ts";
import { equalCidrs } from "../../../core/cidr.ts";
import { WhereaboutsError } from "../../../core/error.ts";
import type { Context } from "../context.ts";
import { asOutcome, readAll } from "../context.ts";
import type { Comparison, KeyValue, Operation } from "../gateway.ts";
import {
  createdAt,
  exists,
  get,
  getKey,
  getSpan,
  nested,
  put,
  putText,
  remove,
  spanOf,
  writtenAt,
} from "../gateway.ts";
import { listAddresses } from "../listing.ts";
import { allocationOf, allocationText, finishedText, heldText, writtenOf } from "../records.ts";
import { importedConfirmation, importedOwner } from "./legacy-holdings.ts";
import type { ListLine, ListPlace } from "./legacy-list.ts";
import { closingKey, editedList } from "./legacy-list.ts";
import type { FoundList, ListSurvey } from "./legacy-survey.ts";
import { holdingOf, surveyList } from "./legacy-survey.ts";
import { takeMutexes } from "./mutex.ts";

/** Told how many of how many lines are done. */
export type Progress = (done: number, total: number) => void;

/** What was done to a list, which is as `survey` says now. */
export interface Takeover {
  readonly survey: ListSurvey;
  readonly imported: number;
  readonly removed: number;
}

/** So long do nodes of the old implementation wait for their lock at the most: 2 min for an ADD. */
const OLD_NODES_MS = 125_000;
const POLL_MS = 200;
/** So many lines are taken over in one transaction. */
const BATCH = 20;
/** After so many lines the lease of the lock is renewed. */
const KEEP_EACH = 400;
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

/** Imports what nobody has a record of, and removes imported records whose line is gone. */
async function takeOver(
  context: Context,
  list: FoundList,
  network: string,
  locks: readonly Comparison[],
  progress: Progress,
  keep = async (): Promise<void> => {},
): Promise<Takeover> {
  const { results } = await readAll(context, [get(list.place.key)]);
  const entry = results[0]?.entries[0] ?? list.entry;
  const before = await surveyList(context, { ...list, entry }, network);
  const unchanged = [...locks, writtenAt(list.place.key, entry.modRevision)];
  for (const line of before.vanished) {
    await removeImported(context, before, network, line, unchanged);
    await keep();
  }
  // Addresses of lines that are gone may stand in new ones.
  const survey =
    before.vanished.length === 0
      ? before
      : { ...(await surveyList(context, before, network)), vanished: before.vanished };
  const total = survey.unknown.length;
  let done = 0;
  for (let start = 0; start < survey.unknown.length; start += BATCH) {
    const batch = survey.unknown.slice(start, start + BATCH);
    await importLines(context, survey, network, batch, unchanged);
    done += batch.length;
    progress(done, total);
    if (done % KEEP_EACH === 0) await keep();
  }
  return { survey, imported: survey.unknown.length, removed: survey.vanished.length };
}

async function importLines(
  context: Context,
  { cidr, place }: ListSurvey,
  network: string,
  lines: readonly ListLine[],
  unchanged: readonly Comparison[],
): Promise<void> {
  const { keys } = context;
  const containers = [...new Set(lines.map(({ containerId }) => containerId))];
  const owners = containers.map((containerId) => importedOwner(network, containerId));
  const addresses = lines.map((line) => keys.address(network, holdingOf(line, cidr)));
  const { results } = await readAll(context, [
    ...owners.map((owner) => get(keys.owner(owner))),
    ...addresses.map(get),
  ]);
  const read = results.map(({ entries: [entry] }) => entry);
  const compare = [...owners.map((owner) => keys.owner(owner)), ...addresses].map((key, index) =>
    writtenAt(key, read[index]?.modRevision ?? 0),
  );
  const records = owners.map((owner, index) => {
    const record = read[index];
    const known = record === undefined ? [] : allocationOf(owner, record).holdings;
    const own = lines.filter(({ containerId }) => containerId === owner.pod);
    const holdings = [...known, ...own.map((line) => holdingOf(line, cidr))];
    const confirmation = importedConfirmation(owner.pod, context.now());
    return put(keys.owner(owner), allocationText(confirmation, holdings, namesOf(place, record)));
  });
  const writes = lines.flatMap((line, index) => {
    const key = addresses[index] ?? "";
    const owner = importedOwner(network, line.containerId);
    return [put(key, heldText(owner, cidr)), remove(keys.restOfAddress(key))];
  });
  await commit(context, [...unchanged, ...compare], [...records, ...writes], place.key);
}

/** How the range of an imported record is written where its list is named so. */
function namesOf({ layout, key }: ListPlace, record: KeyValue | undefined): readonly string[] {
  const known = record === undefined ? [] : writtenOf(record);
  return layout === "masked" ? known : [...new Set([...known, key.slice(1)])];
}

async function removeImported(
  context: Context,
  { cidr, place }: ListSurvey,
  network: string,
  line: ListLine,
  unchanged: readonly Comparison[],
): Promise<void> {
  const { keys } = context;
  const owner = importedOwner(network, line.containerId);
  const key = keys.owner(owner);
  const { results } = await readAll(context, [get(key)]);
  const [record] = results[0]?.entries ?? [];
  if (record === undefined) return;
  const { holdings, ...confirmation } = allocationOf(owner, record);
  const left = holdings.filter(({ address }) => !equalAddresses(address, line.address));
  const writes = [
    left.length === 0
      ? remove(key)
      : put(key, allocationText(confirmation, left, writtenOf(record))),
    remove(keys.address(network, holdingOf(line, cidr))),
  ];
  const compare = [...unchanged, writtenAt(key, record.modRevision)];
  await commit(context, compare, writes, place.key);
}

async function commit(
  { client }: Context,
  compare: readonly Comparison[],
  success: readonly Operation[],
  list: string,
): Promise<void> {
  const transaction = { compare, success: [...success], failure: [] };
  const answer = await client.transact(
    { compare: [], success: [nested(transaction)], failure: [] },
    "repeatable",
  );
  if (!asOutcome(answer.results[0]).succeeded) throw interrupted(list);
}

function halfOpen(list: string): WhereaboutsError {
  return new WhereaboutsError(
    "try-later",
    `The list ${list} is not up to date: --undo was interrupted; run it again first`,
  );
}

function interrupted(list: string): WhereaboutsError {
  return new WhereaboutsError(
    "try-later",
    `The list ${list}, its lock or a record of it changed meanwhile; run the same command again`,
    { details: "What was taken over so far stays so; nothing is done twice." },
  );
}
