/** Lines of an old list become records, in transactions that hang on its lock and on the list itself. */
import { equalAddresses } from "../../../core/address.ts";
import { WhereaboutsError } from "../../../core/error.ts";
import type { Context } from "../context.ts";
import { asOutcome, readAll } from "../context.ts";
import type { Comparison, KeyValue, Operation } from "../gateway.ts";
import { get, nested, put, remove, writtenAt } from "../gateway.ts";
import { allocationOf, allocationText, heldText, writtenOf } from "../records.ts";
import { importedConfirmation, importedOwner } from "./legacy-holdings.ts";
import type { ListLine, ListPlace } from "./legacy-list.ts";
import type { FoundList, ListSurvey } from "./legacy-survey.ts";
import { holdingOf, surveyList } from "./legacy-survey.ts";

/** Told how many of how many lines are done. */
export type Progress = (done: number, total: number) => void;

/** What was done to a list, which is as `survey` says now. */
export interface Takeover {
  readonly survey: ListSurvey;
  readonly imported: number;
  readonly removed: number;
}

/** So many lines are taken over in one transaction. */
const BATCH = 20;
/** After so many lines the lease of the lock is renewed. */
const KEEP_EACH = 400;
/** Imports what nobody has a record of, and removes imported records whose line is gone. */
export async function takeOver(
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

/** Carries a transaction out. Throws `try-later` where something that it hangs on is not so any more. */
export async function commit(
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

/** The error of a step that somebody else came between. */
export function interrupted(list: string): WhereaboutsError {
  return new WhereaboutsError(
    "try-later",
    `The list ${list}, its lock or a record of it changed meanwhile; run the same command again`,
    { details: "What was taken over so far stays so; nothing is done twice." },
  );
}
