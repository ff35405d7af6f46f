/** Processes killed at random moments leave a store that keeps every promise. */
import { afterEach, describe, expect, test } from "bun:test";
import { Database } from "bun:sqlite";
import { statSync } from "node:fs";
import { databasePath } from "../../src/store/sqlite/database-file.ts";
import { inconsistencies } from "../sqlite/consistency.ts";
import type { Call, Held, Outcome, Running } from "./executable.ts";
import { answerOf, killLeftovers, listHeld, run, startCall } from "./executable.ts";
import { makeFolder, removeFolders } from "./folder.ts";
import { inParallel, percentile } from "./parallel.ts";
import type { Random } from "./random.ts";
import { makeRandom } from "./random.ts";

afterEach(async () => {
  await killLeftovers();
  removeFolders();
});

/** Ranges within each other, with both settings: more addresses than there are containers. */
const ipams = [
  { range: "10.20.0.0/26" },
  { range: "10.20.0.0/27" },
  { range: "10.20.0.0/26", enable_overlapping_ranges: false },
  { range: "10.20.0.0/27", enable_overlapping_ranges: false },
];

/** One process of the storm: when it ran, and what became of it. */
interface Life {
  readonly call: Call;
  readonly startedMs: number;
  readonly endedMs: number;
  readonly outcome: Outcome;
}

/** When a process is killed. */
type Moment =
  | { readonly kind: "never" }
  | { readonly kind: "after"; readonly delayMs: number }
  /** That long after somebody wrote to the database: near a commit, often its own. */
  | { readonly kind: "written"; readonly delayMs: number }
  /** With the first byte of its answer: after the commit, before the store is closed. */
  | { readonly kind: "answered" };

/** Mostly spread over its life, often early or near the commit. */
function chooseMoment(random: Random, lifeMs: number): Moment {
  const lot = random.fraction();
  if (lot < 0.15) return { kind: "never" };
  if (lot < 0.3) return { kind: "after", delayMs: random.fraction() * 12 };
  if (lot < 0.6) return { kind: "after", delayMs: random.fraction() * 1.1 * lifeMs };
  if (lot < 0.85) return { kind: "written", delayMs: random.fraction() * 3 };
  return { kind: "answered" };
}

async function live(call: Call, moment: Moment): Promise<Life> {
  const startedMs = performance.now();
  const before = writtenSize(call);
  const one: Running = startCall(call, {
    ...(moment.kind === "answered" && { onOutput: () => one.kill("SIGKILL") }),
  });
  if (moment.kind === "after") setTimeout(() => one.kill("SIGKILL"), moment.delayMs);
  if (moment.kind === "written") {
    while (!one.isOver() && writtenSize(call) === before) await Bun.sleep(0);
    setTimeout(() => one.kill("SIGKILL"), moment.delayMs);
  }
  const outcome = await one.outcome;
  return { call, startedMs, endedMs: performance.now(), outcome };
}

/** What changes with each commit. */
function writtenSize({ ipam }: Call): number | undefined {
  const wal = `${databasePath(String(ipam["data_dir"]))}-wal`;
  return statSync(wal, { throwIfNoEntry: false })?.size;
}

/** How long an undisturbed ADD takes here and now, in milliseconds. */
async function measureLife(parallel: number): Promise<number> {
  const dataDir = makeFolder();
  const lives = await inParallel(Array.from({ length: 3 * parallel }), parallel, (_, index) =>
    run({
      command: "ADD",
      containerId: `m${index}`,
      ipam: { range: "10.20.0.0/24", data_dir: dataDir },
    }),
  );
  return percentile(
    lives.map(({ elapsedMs }) => elapsedMs),
    0.5,
  );
}

/** All that is wrong in a database: its own consistency, and addresses that two hold in one domain. */
function faultsOf(dataDir: string, held: readonly Held[]): readonly string[] {
  const db = new Database(databasePath(dataDir), { readwrite: true, create: false });
  try {
    return [...inconsistencies(db), ...doubles(held)];
  } finally {
    db.close();
  }
}

function doubles(held: readonly Held[]): readonly string[] {
  return held.flatMap((one, index) =>
    held
      .slice(index + 1)
      .filter(({ address }) => address === one.address)
      .filter((other) => (one.overlapping && other.overlapping) || one.range === other.range)
      .map((other) => `${one.address} is held by ${one.containerId} and ${other.containerId}`),
  );
}

/** What finished ADDs printed must be held by exactly their containers, unless a DEL may have come later. */
function broken(lives: readonly Life[], held: readonly Held[]): readonly string[] {
  return lives.flatMap(({ call, startedMs, outcome }) => {
    const { command, containerId } = call;
    if (command !== "ADD" || outcome.exitCode !== 0) return [];
    const isFreed = lives.some(
      (other) =>
        other.call.command === "DEL" &&
        other.call.containerId === containerId &&
        other.endedMs > startedMs,
    );
    const owned = held
      .filter((one) => one.containerId === containerId)
      .map(({ address }) => address);
    const printed = answerOf(outcome);
    return isFreed || owned.join(" ") === printed
      ? []
      : [`${containerId} was told ${printed}, and holds ${owned.join(" ")}`];
  });
}

/** Whether one that was not killed failed, other than because a later ADD of its container overtook it. */
function hasFailed({ call, startedMs, endedMs, outcome }: Life, lives: readonly Life[]): boolean {
  if (outcome.exitCode === 0 || outcome.exitCode === null) return false;
  const isOvertaken = lives.some(
    (other) =>
      other.call.command === "ADD" &&
      other.call.containerId === call.containerId &&
      other.outcome !== outcome &&
      other.startedMs < endedMs &&
      other.endedMs > startedMs,
  );
  return !(isOvertaken && answerOf(outcome).startsWith("11 A later ADD of container"));
}

describe("processes killed at random moments", () => {
  for (const parallel of [1, 8]) {
    test(`of ADD and DEL, ${parallel} at once, break no promise`, async () => {
      const random = makeRandom(`kills, ${parallel} at once`);
      const dataDir = makeFolder();
      const lifeMs = await measureLife(parallel);
      const containers = Array.from({ length: 28 }, (_, index) => ({
        containerId: `c${index}`,
        ipam: { ...ipams[index % ipams.length], data_dir: dataDir },
      }));
      const plan = Array.from({ length: 170 }, () => ({
        call: {
          ...random.pick(containers),
          // An ADD of a container that holds already is a repeated one.
          command: random.fraction() < 0.7 ? "ADD" : "DEL",
        },
        moment: chooseMoment(random, lifeMs),
      }));
      const lives = await inParallel(plan, parallel, ({ call, moment }) => live(call, moment));

      const killed = lives.filter(({ outcome }) => outcome.signal === "SIGKILL");
      process.stdout.write(
        `${killed.length} of ${lives.length} killed; an ADD takes ${lifeMs.toFixed(0)} ms\n`,
      );
      expect(killed.length).toBeGreaterThan(40);
      expect(lives.filter((life) => hasFailed(life, lives))).toEqual([]);
      const held = await listHeld(dataDir);
      expect(faultsOf(dataDir, held)).toEqual([]);
      expect(broken(lives, held)).toEqual([]);

      const used = [...new Set(plan.map(({ call }) => call.containerId))];
      const dels = await inParallel(
        containers.filter(({ containerId }) => used.includes(containerId)),
        8,
        (container) => run({ ...container, command: "DEL" }),
      );
      expect(dels.map(answerOf).filter((answer) => answer !== "")).toEqual([]);
      expect(await listHeld(dataDir)).toEqual([]);
      expect(faultsOf(dataDir, [])).toEqual([]);

      await expectWholeRange(dataDir);
    }, 90_000);
  }

  test("while the database is made leave one that works", async () => {
    const random = makeRandom("kills of the first processes");
    const lifeMs = await measureLife(1);
    const folders = Array.from({ length: 12 }, () => `${makeFolder()}/deep/er`);
    for (const dataDir of folders) {
      const ipam = { range: "10.20.0.0/24", data_dir: dataDir };
      const lives = await Promise.all(
        ["a", "b", "c"].map((containerId) =>
          live(
            { command: "ADD", containerId, ipam },
            { kind: "after", delayMs: random.fraction() * 2 * lifeMs },
          ),
        ),
      );
      expect(lives.filter((life) => hasFailed(life, lives))).toEqual([]);
      const next = await run({ command: "ADD", containerId: "next", ipam });
      expect(next.exitCode).toBe(0);
      const held = await listHeld(dataDir);
      expect(faultsOf(dataDir, held)).toEqual([]);
      expect(broken(lives, held)).toEqual([]);
      expect(held.map(({ address }) => address)).toEqual(
        held.map((_, index) => `10.20.0.${index + 1}`),
      );
    }
  }, 60_000);
});

/** All addresses of a range can be had, the lowest first. */
async function expectWholeRange(dataDir: string): Promise<void> {
  const ipam = { range: "10.20.0.0/27", data_dir: dataDir };
  const whole = Array.from({ length: 30 }, (_, index) => `10.20.0.${index + 1}`);
  const given: string[] = [];
  for (const containerId of ["w0", "w1", "w2"])
    given.push(answerOf(await run({ command: "ADD", containerId, ipam })));
  expect(given).toEqual(whole.slice(0, 3));
  const rest = await inParallel(whole.slice(3), 8, (_, index) =>
    run({ command: "ADD", containerId: `r${index}`, ipam }),
  );
  expect([...given, ...rest.map(answerOf)].toSorted()).toEqual(whole.toSorted());
  const late = await run({ command: "ADD", containerId: "late", ipam });
  expect(answerOf(late)).toStartWith("100 ");
}
