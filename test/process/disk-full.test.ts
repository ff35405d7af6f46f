/** A disk that fills up under the database: clear errors, nothing half done, and as before once there is space. */
import { afterEach, expect } from "bun:test";
import { Database } from "bun:sqlite";
import { closeSync, openSync, readdirSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { databasePath } from "../../src/store/sqlite/database-file.ts";
import { requirement, testWith } from "../skip.ts";
import { inconsistencies } from "../sqlite/consistency.ts";
import { answerOf, heldLines, killLeftovers, listHeld, run } from "./executable.ts";
import { makeFolder, removeFolders } from "./folder.ts";
import { inParallel } from "./parallel.ts";

const mounted = new Set<string>();

afterEach(async () => {
  await killLeftovers();
  for (const folder of mounted) Bun.spawnSync(["umount", "-l", folder]);
  mounted.clear();
  removeFolders();
});

/** A file system of its own, so small that a test can fill it. */
function mountSmallDisk(): string {
  const folder = makeFolder();
  const options = "size=512k,mode=0700";
  const { success, stderr } = Bun.spawnSync(["mount", "-t", "tmpfs", "-o", options, "t", folder]);
  if (!success) throw new Error(`cannot mount a tmpfs: ${stderr.toString().trim()}`);
  mounted.add(folder);
  return folder;
}

const mounting = requirement("namespaces", () => {
  if (process.getuid?.() !== 0) return "needs root to mount a small disk";
  if (Bun.which("mount") === null) return "no mount on PATH";
  const folder = mountSmallDisk();
  Bun.spawnSync(["umount", folder]);
  mounted.delete(folder);
  removeFolders();
  return undefined;
});

/** Takes all space but `leftBytes`. */
function fill(folder: string, leftBytes = 0): void {
  const file = openSync(join(folder, "ballast"), "w");
  try {
    for (const sizeBytes of [65_536, 4096]) writeWhileItFits(file, Buffer.alloc(sizeBytes));
  } finally {
    closeSync(file);
  }
  if (leftBytes === 0) return;
  const path = join(folder, "ballast");
  const { size } = Bun.file(path);
  Bun.spawnSync(["truncate", "-s", String(Math.max(0, size - leftBytes)), path]);
}

function writeWhileItFits(file: number, block: Buffer): void {
  try {
    while (writeSync(file, block) === block.length);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOSPC")) throw error;
  }
}

function free(folder: string): void {
  rmSync(join(folder, "ballast"));
}

function faultsOf(dataDir: string): readonly string[] {
  const db = new Database(databasePath(dataDir), { readwrite: true, create: false });
  try {
    return inconsistencies(db);
  } finally {
    db.close();
  }
}

async function call(command: string, containerId: string, dataDir: string): Promise<string> {
  const ipam = { range: "10.0.0.0/24", data_dir: dataDir };
  return answerOf(await run({ command, containerId, ipam }));
}

testWith(
  [mounting],
  "a full disk fails ADD and DEL, changes nothing, and both work once there is space",
  async () => {
    const disk = mountSmallDisk();
    const dataDir = join(disk, "data");
    expect(await call("ADD", "a", dataDir)).toBe("10.0.0.1");
    expect(await call("ADD", "b", dataDir)).toBe("10.0.0.2");
    fill(disk);
    for (const command of ["ADD", "DEL", "ADD", "DEL"]) {
      // An ADD of a new container, a DEL of one that holds.
      const answer = await call(command, command === "ADD" ? "c" : "a", dataDir);
      expect(answer).toStartWith(`11 Cannot use ${databasePath(dataDir)}: its disk is full`);
    }
    free(disk);
    expect(await heldLines(dataDir)).toEqual(["10.0.0.1 a", "10.0.0.2 b"]);
    expect(faultsOf(dataDir)).toEqual([]);
    expect(await call("ADD", "c", dataDir)).toBe("10.0.0.3");
    expect(await call("DEL", "a", dataDir)).toBe("");
    expect(await call("ADD", "d", dataDir)).toBe("10.0.0.1");
    expect(faultsOf(dataDir)).toEqual([]);
  },
  30_000,
);

testWith(
  [mounting],
  "a disk that is full before there is a database leaves no half one",
  async () => {
    const disk = mountSmallDisk();
    const dataDir = join(disk, "data");
    for (const leftBytes of [0, 8192, 40_960]) {
      fill(disk, leftBytes);
      const answer = await call("ADD", "a", dataDir);
      expect(answer).toStartWith(`11 Cannot use `);
      expect(answer).toContain(dataDir);
      expect(answer).toContain("its disk is full");
      free(disk);
      const left = Bun.spawnSync(["test", "-d", dataDir]).success ? readdirSync(dataDir) : [];
      expect(left).toEqual([]);
    }
    expect(await call("ADD", "a", dataDir)).toBe("10.0.0.1");
    expect(faultsOf(dataDir)).toEqual([]);
  },
  30_000,
);

testWith(
  [mounting],
  "a disk that fills up in a storm gives each ADD its address or an error",
  async () => {
    const disk = mountSmallDisk();
    const dataDir = join(disk, "data");
    await call("ADD", "first", dataDir);
    fill(disk, 131_072);
    const names = Array.from({ length: 40 }, (_, index) => `c${index}`);
    const answers = await inParallel(names, 10, (name) => call("ADD", name, dataDir));
    const failed = answers.filter((answer) => !answer.startsWith("10.0.0."));
    process.stdout.write(`${failed.length} of ${answers.length} ADDs met the full disk\n`);
    for (const answer of failed)
      expect(answer).toStartWith(`11 Cannot use ${databasePath(dataDir)}: its disk is full`);
    free(disk);
    const held = await listHeld(dataDir);
    expect(
      held.flatMap(({ containerId, address }) =>
        containerId === "first" ? [] : [`${containerId} ${address}`],
      ),
    ).toEqual(
      expect.arrayContaining(
        answers.flatMap((answer, index) =>
          answer.startsWith("10.0.0.") ? [`${names[index]} ${answer}`] : [],
        ),
      ),
    );
    expect(held).toHaveLength(1 + answers.length - failed.length);
    expect(faultsOf(dataDir)).toEqual([]);
    for (const name of ["first", ...names]) expect(await call("DEL", name, dataDir)).toBe("");
    expect(await heldLines(dataDir)).toEqual([]);
  },
  60_000,
);
