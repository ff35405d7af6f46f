/** A release, in one transaction that hangs on the sequence which was read. */
import type { Allocation, Owner } from "../../core/allocation.ts";
import type { ReleaseCondition, ReleaseResult } from "../store.ts";
import type { Context } from "./context.ts";
import { asOutcome } from "./context.ts";
import { UnknownOutcome } from "./etcd-error.ts";
import type { Answer, KeyValue, Operation } from "./gateway.ts";
import { hasValue, nested, put, remove, writtenAt } from "./gateway.ts";
import type { Freed } from "./hint-updates.ts";
import { MOST_HINTS, freeingOperation, noteFreed, overtaken } from "./hint-updates.ts";
import { LegacyGuard, heldRanges } from "./legacy/legacy-guard.ts";
import { bootText, restFrom, restText } from "./records.ts";
import type { OwnerState } from "./owner-state.ts";
import { readOwnerState } from "./owner-state.ts";

/** So many operations may one transaction have, less what its levels take. */
const MOST_OPERATIONS = 120;

/** Ends an allocation, if the condition holds. `known` is the owner's state, if it was read for this release. */
export async function releaseInEtcd(
  context: Context,
  owner: Owner,
  condition: ReleaseCondition,
  known: OwnerState | undefined,
): Promise<ReleaseResult> {
  // What was read before may be out of date: only what is read now says that the owner changed.
  const isFresh = known?.current?.sequence === condition.expected;
  const state = isFresh ? known : await readOwnerState(context, owner);
  const ranges = heldRanges(state.current?.holdings ?? [], state.written);
  const guard = await LegacyGuard.open(context, ranges, known?.lists ?? new Map());
  try {
    return await releaseGuarded(context, owner, condition, state, guard);
  } finally {
    await guard.close();
  }
}

async function releaseGuarded(
  context: Context,
  owner: Owner,
  condition: ReleaseCondition,
  known: OwnerState,
  guard: LegacyGuard,
): Promise<ReleaseResult> {
  let state = known;
  let isNoting = true;
  for (let round = 0; ; round++) {
    const { current, hints } = state;
    if (current?.sequence !== condition.expected) return "changed";
    const freed = freedBy(context, current, condition.restSeconds);
    const { holdings, containerId } = current;
    const writes = [
      ...writesOf(context, current, freed, condition.restSeconds),
      ...guard.writes({ released: holdings, held: [], containerId }),
    ];
    const covering = [...hints.values()].filter(
      (entry) => freeingOperation(context.keys, entry, freed) !== undefined,
    );
    const fitting = Math.max(0, Math.min(MOST_HINTS, MOST_OPERATIONS - writes.length));
    const [now, later] = [covering.slice(0, fitting), covering.slice(fitting)];
    const notes = (isNoting ? now : []).flatMap(
      (entry) => freeingOperation(context.keys, entry, freed) ?? [],
    );
    let answer: Answer;
    try {
      answer = await transact(context, owner, condition, guard, [...writes, ...notes]);
    } catch (error) {
      if (!(error instanceof UnknownOutcome)) throw error;
      state = await readOwnerState(context, owner);
      if (state.current?.sequence === condition.expected) {
        // A full etcd takes removals and nothing else; on hints only order hangs.
        if (error.isOver && !isNoting) throw error.failure;
        isNoting &&= !error.isOver;
        continue;
      }
      // Whoever ended it, it is over.
      await noteFreed(context, covering, freed).catch(() => undefined);
      return state.current === undefined ? "released" : "changed";
    }
    const outcome = asOutcome(answer.results[0]);
    if (!outcome.succeeded) {
      state = await readOwnerState(context, owner);
      if (state.current?.sequence !== condition.expected || round > 0) return "changed";
      // Old lists, if not the registration: with what they are now a second try tells.
      await guard.learn();
      continue;
    }
    await noteOvertaken(
      context,
      [...later, ...overtaken(outcome.results.slice(writes.length))],
      freed,
    );
    return "released";
  }
}

async function transact(
  { client, keys }: Context,
  owner: Owner,
  { expected, registration }: ReleaseCondition,
  guard: LegacyGuard,
  success: readonly Operation[],
): Promise<Answer> {
  const compare = [
    writtenAt(keys.owner(owner), expected),
    ...guard.compare(),
    ...(registration === undefined
      ? []
      : [hasValue(keys.node(registration.node), bootText(registration.bootId))]),
  ];
  const transaction = { compare, success, failure: [] };
  return await client.transact(
    { compare: [], success: [nested(transaction)], failure: [] },
    "once",
  );
}

function freedBy({ now }: Context, { owner, holdings }: Allocation, restSeconds: number): Freed[] {
  return holdings.map((holding) => ({
    holding,
    fromMs: restFrom(owner, holding.cidr, restSeconds, now())?.untilMs ?? 0,
  }));
}

function writesOf(
  { keys, now }: Context,
  { owner }: Allocation,
  freed: readonly Freed[],
  restSeconds: number,
): readonly Operation[] {
  const addresses = freed.flatMap(({ holding }): Operation[] => {
    const key = keys.address(owner.network, holding);
    const rest = restFrom(owner, holding.cidr, restSeconds, now());
    if (rest === undefined) return [remove(key)];
    return [put(key, restText(rest)), put(keys.restOfAddress(key), restText(rest))];
  });
  return [remove(keys.owner(owner)), ...addresses];
}

/** Order alone hangs on it: the release is done, whatever becomes of this. */
async function noteOvertaken(
  context: Context,
  read: readonly KeyValue[],
  freed: readonly Freed[],
): Promise<void> {
  await noteFreed(context, read, freed).catch(() => undefined);
}
