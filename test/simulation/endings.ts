/** What the answer of a call must be, given all that happened while it ran. */
import { tryParseInterface } from "../../src/core/cidr.ts";
import { isJsonObject } from "../../src/core/json.ts";
import type { Place } from "./model.ts";
import {
  equalKeys,
  excludes,
  isBefore,
  isProvablyDead,
  keysText,
  ownerText,
  placesOf,
  processText,
} from "./model.ts";
import { keyOf } from "./scenario.ts";
import type { Process, Simulation } from "./state.ts";
import { BrokenPromise, note, presentOf } from "./state.ts";

/** What a call printed. */
interface Answer {
  readonly code: number | undefined;
  readonly message: string;
  readonly keys: readonly number[];
}

function parseAnswer(stdout: string): Answer {
  const answer: unknown = stdout === "" ? {} : JSON.parse(stdout);
  const { code, msg, ips = [] } = isJsonObject(answer) ? answer : {};
  return {
    code: typeof code === "number" ? code : undefined,
    message: typeof msg === "string" ? msg : "",
    keys: Array.isArray(ips) ? ips.map(keyOfIp) : [],
  };
}

function keyOfIp(ip: unknown): number {
  const address = isJsonObject(ip) ? ip["address"] : undefined;
  const parsed = typeof address === "string" ? tryParseInterface(address) : undefined;
  return parsed === undefined ? -1 : keyOf(parsed.address);
}

/** Judges what a process has just sent. Throws {@link BrokenPromise}. */
export function judgeRequest(process: Process): void {
  if (process.isCallerGone && process.waiting?.claim !== undefined)
    throw new BrokenPromise("fencing", `${processText(process)} claims though its caller has gone`);
}

/** Judges a call that has ended. Throws {@link BrokenPromise}. */
export function judgeEnd(simulation: Simulation, process: Process): void {
  const { kind, isUnheard, exitCode, stdout } = process;
  const answer = parseAnswer(stdout);
  const outcome = isUnheard ? "unheard" : exitCode === 0 ? "succeeded" : `code ${answer.code}`;
  note(simulation, `${kind} ${outcome}`);
  simulation.trace?.(
    `    ${processText(process)} ended: ${outcome} ${answer.keys.length > 0 ? keysText(answer.keys) : answer.message}`,
  );
  if (kind === "add") {
    if (exitCode === 0) judgeSuccess(simulation, process, answer);
    else judgeNothingKept(simulation, process);
  }
  if (exitCode === 0 && kind === "del") judgeDel(simulation, process);
  if (exitCode === 0 && kind === "gc") judgeGc(simulation, process);
  if (exitCode !== 0 && !isUnheard) judgeFailure(simulation, process, answer);
}

function judgeSuccess(simulation: Simulation, process: Process, answer: Answer): void {
  const { container, toldBefore, versionBefore, isUnheard } = process;
  if (container === undefined || isUnheard) return;
  const told = answer.keys;
  const holder = simulation.holders.get(container.owner);
  const what = `${processText(process)} answered ${keysText(told)}`;
  if (holder?.container !== container || !equalKeys(holder.keys, told))
    throw new BrokenPromise(
      "durable before spoken",
      `${what}; held is ${keysText(holder?.keys ?? [])}`,
    );
  if (toldBefore !== undefined && container.version === versionBefore) {
    if (!equalKeys(toldBefore, told))
      throw new BrokenPromise("idempotent", `${what}, before that ${keysText(toldBefore)}`);
  }
  // Whoever died meanwhile has no use for it.
  if (!container.isAlive) return;
  container.told = told;
  container.version++;
}

/** A failed ADD keeps nothing that it took, unless its rollback failed as well. */
function judgeNothingKept({ holders }: Simulation, process: Process): void {
  const { container, attempt, isRollbackInDoubt } = process;
  if (container === undefined || isRollbackInDoubt) return;
  const holder = holders.get(container.owner);
  if (holder === undefined || holder.isConfirmation || attempt === "") return;
  if (holder.allocation.attempt === attempt)
    throw new BrokenPromise(
      "all or nothing",
      `${processText(process)} failed and kept ${keysText(holder.keys)}`,
    );
}

function judgeDel({ holders }: Simulation, process: Process): void {
  const { container, received, startStep } = process;
  const holder = holders.get(container?.owner ?? "");
  if (holder === undefined || holder.container !== container) return;
  if (holder.step < startStep && isBefore(holder.allocation, received))
    throw new BrokenPromise(
      "never swallowed",
      `${processText(process)} succeeded and left ${keysText(holder.keys)}`,
    );
}

/** A GC leaves nothing that was dead and unlisted when it came. */
function judgeGc(simulation: Simulation, process: Process): void {
  const { machine, valid, received, startStep } = process;
  for (const { container, allocation, step, keys } of simulation.holders.values()) {
    const { slot, diedUs, id, path, inode } = container;
    if (slot.machine !== machine || valid.has(id) || step >= startStep) continue;
    if (!isBefore(allocation, received) || diedUs >= process.startUs) continue;
    // An inode that was used again at its path hid its death, if only for as long as the GC looked.
    const alike = slot.containers.filter((each) => each.path === path && each.inode === inode);
    if (alike.length > 1) continue;
    throw new BrokenPromise(
      "garbage is collected",
      `${processText(process)} left ${keysText(keys)} of ${id}`,
    );
  }
}

function judgeFailure(simulation: Simulation, process: Process, answer: Answer): void {
  const what = `${processText(process)} failed with code ${answer.code}: ${answer.message}`;
  switch (answer.code) {
    case 11:
    case 50:
      if (answer.code === 50 && process.sawFull) return;
      judgeTryLater(simulation, process, what);
      return;
    case 100:
    case 101:
      if (!process.sawFull) throw new BrokenPromise("full use", `${what}, which was never so`);
      judgeReclaimed(simulation, process, what);
      return;
    case 103:
      if (process.kind === "check" && isUntouched(process)) break;
      return;
    case undefined:
    default:
      break;
  }
  throw new BrokenPromise("no wrong answer", what);
}

function isUntouched({ container, toldBefore, versionBefore }: Process): boolean {
  return toldBefore !== undefined && container?.version === versionBefore;
}

/** "Try again" needs a reason: the store failed, the time was over, or a later ADD came. */
function judgeTryLater(simulation: Simulation, process: Process, what: string): void {
  const { failures, isOvertaken, startUs } = process;
  const patienceUs = (simulation.scenario.addTimeoutSeconds - 3) * 1e6;
  const isLate = process.kind !== "del" && simulation.nowUs - startUs >= Math.min(patienceUs, 2e6);
  if (failures === 0 && !isOvertaken && !isLate)
    throw new BrokenPromise("full use", `${what}, without a reason`);
}

/** Before "full" is said, what was proven dead on this node all the time is taken back. */
function judgeReclaimed(simulation: Simulation, process: Process, what: string): void {
  const { slot, startStep, startUs, kind, container } = process;
  if (slot === undefined || kind !== "add") return;
  for (const holder of simulation.holders.values()) {
    const { slot: theirs, profile } = holder.container;
    if (theirs.machine !== slot.machine || profile.network !== slot.profile.network) continue;
    if (holder.step >= startStep || ownerText(holder.allocation.owner) === container?.owner)
      continue;
    if (!isProvablyDead(simulation, holder, startUs)) continue;
    if (isWanted(process, placesOf(holder)))
      throw new BrokenPromise(
        "full use",
        `${what}; ${holder.container.id} was dead all the time (${presentOf(simulation, slot.machine).bootId})`,
      );
  }
}

/** Whether a dead holder has what the only range of a call gives out. */
function isWanted({ container }: Process, places: readonly Place[]): boolean {
  const [range, second] = container?.profile.ranges ?? [];
  // With several ranges it does not show which one was full.
  if (container === undefined || range === undefined || second !== undefined) return false;
  const { prefix, keys } = range;
  const { overlapping } = container.profile;
  const requested = keys[container.ask];
  const asked = requested === undefined ? keys : [requested];
  return asked.some((key) => places.some((place) => excludes(place, { key, prefix, overlapping })));
}
