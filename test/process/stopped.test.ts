/**
 * A process that is stopped between its commit and its answer, while others act for the same container. Its
 * standard output is a full pipe, so that it waits in its write, and dies of nothing but what the test does.
 */
import { afterEach, describe, expect, test } from "bun:test";
import type { Outcome, Running } from "./executable.ts";
import { answerOf, heldLines, killLeftovers, run, startCall } from "./executable.ts";
import { makeFolder, removeFolders } from "./folder.ts";
import { Pipe, closePipes } from "./pipe.ts";

afterEach(async () => {
  await killLeftovers();
  closePipes();
  removeFolders();
});

/** An ADD of container `first` that has committed 10.0.0.1, has not answered, and is stopped. */
interface Stopped {
  readonly add: Running;
  readonly stdout: Pipe;
  readonly dataDir: string;
}

async function stopAfterCommit(nonBlocking: boolean): Promise<Stopped> {
  const dataDir = makeFolder();
  const stdout = new Pipe({ nonBlocking });
  stdout.fill();
  const add = startCall(callOf("ADD", "first", dataDir), { stdout: stdout.writer });
  stdout.closeWriter();
  const deadlineMs = performance.now() + 8000;
  while ((await heldLines(dataDir)).length === 0) {
    if (performance.now() > deadlineMs) throw new Error("The ADD never committed");
  }
  expect(add.isOver()).toBe(false);
  add.kill("SIGSTOP");
  expect(await heldLines(dataDir)).toEqual(["10.0.0.1 first"]);
  return { add, stdout, dataDir };
}

function callOf(command: string, containerId: string, dataDir: string) {
  return { command, containerId, ipam: { range: "10.0.0.0/24", data_dir: dataDir } };
}

async function answer(command: string, containerId: string, { dataDir }: Stopped): Promise<string> {
  return answerOf(await run(callOf(command, containerId, dataDir)));
}

/** Lets the stopped process go on, when nobody reads what it says any more. */
async function goOnUnread({ add, stdout }: Stopped): Promise<Outcome> {
  stdout.closeReader();
  add.kill("SIGCONT");
  return await add.outcome;
}

for (const nonBlocking of [false, true]) {
  describe(`an ADD stopped after its commit, in a ${nonBlocking ? "pipe that does not block" : "blocking pipe"}`, () => {
    test("whose reader is gone frees what it took", async () => {
      const stopped = await stopAfterCommit(nonBlocking);
      expect((await goOnUnread(stopped)).exitCode).toBe(1);
      expect(await heldLines(stopped.dataDir)).toEqual([]);
    }, 30_000);

    test("takes nothing away from a retry that answered meanwhile", async () => {
      const stopped = await stopAfterCommit(nonBlocking);
      expect(await answer("ADD", "first", stopped)).toBe("10.0.0.1");
      expect((await goOnUnread(stopped)).exitCode).toBe(1);
      expect(await heldLines(stopped.dataDir)).toEqual(["10.0.0.1 first"]);
      expect(await answer("ADD", "other", stopped)).toBe("10.0.0.2");
    }, 30_000);

    test("frees nobody's address after a DEL, when another container has it", async () => {
      const stopped = await stopAfterCommit(nonBlocking);
      expect(await answer("DEL", "first", stopped)).toBe("");
      expect(await heldLines(stopped.dataDir)).toEqual([]);
      expect(await answer("ADD", "third", stopped)).toBe("10.0.0.1");
      expect((await goOnUnread(stopped)).exitCode).toBe(1);
      expect(await heldLines(stopped.dataDir)).toEqual(["10.0.0.1 third"]);
    }, 30_000);

    test("leaves nothing after a DEL", async () => {
      const stopped = await stopAfterCommit(nonBlocking);
      expect(await answer("DEL", "first", stopped)).toBe("");
      expect((await goOnUnread(stopped)).exitCode).toBe(1);
      expect(await heldLines(stopped.dataDir)).toEqual([]);
    }, 30_000);

    test("takes nothing away from an ADD of its container after a DEL", async () => {
      const stopped = await stopAfterCommit(nonBlocking);
      expect(await answer("DEL", "first", stopped)).toBe("");
      expect(await answer("ADD", "first", stopped)).toBe("10.0.0.1");
      expect((await goOnUnread(stopped)).exitCode).toBe(1);
      expect(await heldLines(stopped.dataDir)).toEqual(["10.0.0.1 first"]);
    }, 30_000);

    test("answers whole once its reader reads", async () => {
      const { add, stdout, dataDir } = await stopAfterCommit(nonBlocking);
      add.kill("SIGCONT");
      // The pipe gives back the blanks that it was filled with first.
      const printed = stdout.drain();
      const outcome = await add.outcome;
      expect(answerOf({ ...outcome, stdout: printed })).toBe("10.0.0.1");
      expect(await heldLines(dataDir)).toEqual(["10.0.0.1 first"]);
    }, 30_000);
  });
}
