/** `whereabouts import etcd`: takes over the lists that the Go implementation (v0.1 to v0.5.4) keeps in etcd. */
import { formatAddress } from "../core/address.ts";
import { formatCidr, tryParseInterface } from "../core/cidr.ts";
import { WhereaboutsError } from "../core/error.ts";
import { printable } from "../lib/printable.ts";
import type { Context } from "../store/etcd/context.ts";
import type { ListLine } from "../store/etcd/legacy/legacy-list.ts";
import type { FoundList, ListSurvey } from "../store/etcd/legacy/legacy-survey.ts";
import { findLists, surveyList } from "../store/etcd/legacy/legacy-survey.ts";
import { byMutex, finishLists, importList, undoLists } from "../store/etcd/legacy/takeover.ts";
import { agree } from "./agree.ts";
import type { CliHost } from "./cli-host.ts";
import { networkName } from "./describe.ts";
import type { Given } from "./options.ts";
import { UsageError, wantsJson } from "./options.ts";
import { showLine } from "./progress.ts";
import { selectedNetwork, withEtcd } from "./select-store.ts";
import { formatBar, formatTable } from "./terminal.ts";

/** What is to be done with the lists. */
type Step = "import" | "finish" | "undo";

const BAR_WIDTH = 24;

/** Imports, and returns the exit code: 1 where nothing was done, or not everything could be. */
export async function runImportEtcd(host: CliHost, given: Given): Promise<0 | 1> {
  const [source] = given.positionals;
  if (source !== "etcd") throw new UsageError(`import: "${source}" is no source; there is etcd`);
  const step = stepOf(given);
  const isJson = wantsJson(given);
  const network = selectedNetwork(host, given) ?? "";
  return await withEtcd(host, given, async (context) => {
    const lists = await selectLists(context, given);
    const surveys: ListSurvey[] = [];
    for (const list of lists) surveys.push(await surveyList(context, list, network));
    const chosen = surveys.filter(({ isFinished, isClosed }) =>
      step === "undo" ? isFinished || isClosed : !isFinished,
    );
    if (step !== "import") await refusePart(context, chosen, step);
    const preview = formatPreview(surveys, network);
    if (chosen.length === 0) {
      const nothing = `${preview}Nothing is to be done.\n`;
      host.write(isJson ? `${JSON.stringify(surveys.map(surveyToJson), null, 2)}\n` : nothing);
      return 0;
    }
    const plan = `${preview}${announce(step, chosen)}`;
    if (!agree(host, given, plan, isJson, "Nothing was done")) {
      if (isJson) host.write(`${JSON.stringify(surveys.map(surveyToJson), null, 2)}\n`);
      return given.flag("dry-run") ? 0 : 1;
    }
    for (const group of byMutex(chosen)) await carryOut(host, context, step, group, network);
    if (!isJson) for (const list of chosen) host.write(`${report(step, list)}\n`);
    const done: ListSurvey[] = [];
    for (const list of await selectLists(context, given))
      done.push(await surveyList(context, list, network));
    if (isJson) host.write(`${JSON.stringify(done.map(surveyToJson), null, 2)}\n`);
    const left = done.flatMap(({ conflicts, unreadable }) => [...conflicts, ...unreadable]);
    return left.length > 0 && step !== "undo" ? 1 : 0;
  });
}

function stepOf(given: Given): Step {
  if (given.flag("finish") && given.flag("undo"))
    throw new UsageError("--finish and --undo are opposites: give one of them");
  return given.flag("finish") ? "finish" : given.flag("undo") ? "undo" : "import";
}

async function selectLists(context: Context, given: Given): Promise<readonly FoundList[]> {
  const lists = await findLists(context);
  const text = given.text("range");
  if (text === undefined) return lists;
  const cidr = tryParseInterface(text, { leadingZeros: true })?.cidr;
  if (cidr === undefined) throw new UsageError(`--range: "${text}" is not an address prefix`);
  const selected = lists.filter((list) => formatCidr(list.cidr) === formatCidr(cidr));
  if (selected.length > 0) return selected;
  const known = lists.map(({ place }) => place.key).join(", ");
  throw new WhereaboutsError(
    "address-unavailable",
    `There is no list of ${formatCidr(cidr)}; ${known === "" ? "there is none at all" : `there are ${known}`}`,
  );
}

/** Lists of one lock go together: one of them closed would close them all. Throws {@link UsageError}. */
async function refusePart(
  context: Context,
  chosen: readonly ListSurvey[],
  step: Step,
): Promise<void> {
  const others = (await findLists(context)).filter(
    ({ place, isFinished }) =>
      isFinished === (step === "undo") &&
      chosen.some((list) => list.place.mutex === place.mutex) &&
      !chosen.some((list) => list.place.key === place.key),
  );
  if (others.length === 0) return;
  const keys = others.map(({ place }) => place.key).join(", ");
  throw new UsageError(`--range: the same lock is that of ${keys}: leave out --range`);
}

async function carryOut(
  host: CliHost,
  context: Context,
  step: Step,
  lists: readonly ListSurvey[],
  network: string,
): Promise<void> {
  const names = lists.map(({ place }) => place.key).join(", ");
  const progress = (done: number, total: number): void =>
    showLine(host, `${names}  ${formatBar(done / total, BAR_WIDTH)}  ${done} of ${total}`);
  try {
    if (step !== "import") showLine(host, `${names}  waiting for the lock`);
    if (step === "finish") await finishLists(context, lists, network, progress);
    else if (step === "undo") await undoLists(context, lists);
    else for (const list of lists) await importList(context, list, network, progress);
  } finally {
    showLine(host, undefined);
  }
}

function formatPreview(surveys: readonly ListSurvey[], network: string): string {
  if (surveys.length === 0) return "There is no list of the old whereabouts.\n";
  const header = ["LIST", "STATE", "LINES", "TO IMPORT", "GONE", "IN CONFLICT", "UNREADABLE"];
  const rows = surveys.map((survey) => [
    survey.place.key,
    survey.isFinished ? "finished" : survey.isClosed ? "closed" : "in use",
    ...[survey.lines, survey.unknown, survey.vanished, survey.conflicts, survey.unreadable].map(
      ({ length }) => String(length),
    ),
  ]);
  // What a finished list says is out of date.
  const notes = surveys
    .filter(({ isFinished }) => !isFinished)
    .flatMap(({ place, conflicts, unreadable }) => [
      ...conflicts.map(
        ({ line, holder }) =>
          `${place.key}: ${formatLine(line)} is not taken over: ${printable(holder)} has the address`,
      ),
      ...unreadable.map((line) => `${place.key}: cannot be read: ${JSON.stringify(line)}`),
    ]);
  const shown = notes.slice(0, 20);
  const more = notes.length > 20 ? [`and ${notes.length - 20} more (-o json has all)`] : [];
  const lines = [...shown, ...more].map((note) => `${note}\n`).join("");
  return `Lists, as compared with ${networkName(network)}:\n${formatTable([header, ...rows])}${lines}`;
}

function formatLine({ address, containerId }: ListLine): string {
  return `${formatAddress(address)} ${printable(containerId)}`;
}

function announce(step: Step, { length }: readonly ListSurvey[]): string {
  const lists = length === 1 ? "1 list" : `${length} lists`;
  switch (step) {
    case "import":
      return `${lists} will be taken over; old nodes may go on using them.`;
    case "finish":
      return `${lists} will be taken over and closed for good: old nodes will fail to add or free addresses of them.`;
    case "undo":
      return `${lists} will be brought up to date and opened again for old nodes.`;
  }
}

function report(
  step: Step,
  { place, unknown, vanished, conflicts, unreadable }: ListSurvey,
): string {
  if (step === "undo") return `${place.key}: valid again`;
  const left = conflicts.length + unreadable.length;
  const problems = left > 0 ? `, ${left} not taken over` : "";
  const closed = step === "finish" ? "; closed" : "";
  return `${place.key}: ${unknown.length} imported, ${vanished.length} gone${problems}${closed}`;
}

function surveyToJson(survey: ListSurvey): object {
  const { place, cidr, isFinished, lines, unknown, vanished, conflicts, unreadable } = survey;
  return {
    list: place.key,
    range: formatCidr(cidr),
    finished: isFinished,
    lines: lines.length,
    toImport: unknown.map(lineToJson),
    gone: vanished.map(lineToJson),
    conflicts: conflicts.map(({ line, holder }) => ({ ...lineToJson(line), holder })),
    unreadable,
  };
}

function lineToJson({ address, containerId }: ListLine): object {
  return { address: formatAddress(address), containerId };
}
