import { expect } from "bun:test";
import { mkdtempSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { databasePath } from "../../src/store/sqlite/database-file.ts";
import { requirement, root, testWith } from "../skip.ts";
import { claim, claimed, listing, lowest, owner } from "../store-contract/fixtures.ts";
import { expectConsistent, failureOf, open, withStore } from "./scratch.ts";

function mount(...args: readonly string[]): string | undefined {
  const { exitCode, stderr } = Bun.spawnSync(["mount", ...args]);
  return exitCode === 0 ? undefined : stderr.toString().trim();
}

const mounts = requirement("namespaces", () => {
  const folder = mkdtempSync(join(tmpdir(), "whereabouts-mount-"));
  const reason = mount("-t", "tmpfs", "-o", "size=64k", "tmpfs", folder);
  if (reason === undefined) Bun.spawnSync(["umount", folder]);
  rmdirSync(folder);
  return reason;
});

/** Calls `work` with a folder on a file system of its own, of `sizeKib` KiB. */
async function withDisk(sizeKib: number, work: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "whereabouts-disk-"));
  const reason = mount("-t", "tmpfs", "-o", `size=${sizeKib}k`, "tmpfs", folder);
  if (reason !== undefined) throw new Error(reason);
  try {
    await work(folder);
  } finally {
    Bun.spawnSync(["umount", "--lazy", folder]);
    rmdirSync(folder);
  }
}

testWith(
  [root, mounts],
  "a full disk is `store-unavailable`, nothing is half done, and space helps",
  async () => {
    await withDisk(400, async (folder) => {
      const ballast = join(folder, "ballast");
      writeFileSync(ballast, new Uint8Array(100 * 1024));
      const dataDir = join(folder, "data");
      const store = await open(dataDir);
      let held = 0;
      const failure = await failureOf(async () => {
        for (; held < 5000; held++)
          await claimed(store, owner(`p${held}`), [lowest("10.0.0.0/16")]);
      });
      expect(failure.code).toBe("store-unavailable");
      expect(failure.message).toContain(`Cannot use ${databasePath(dataDir)}: its disk is full`);
      expect(failure.details).toContain("Free some space");
      expect(await listing(store)).toHaveLength(held);
      expect(await store.find(owner(`p${held}`))).toBeUndefined();
      expect((await failureOf(() => store.register({ node: "n", bootId: "b" }))).code).toBe(
        "store-unavailable",
      );

      rmSync(ballast);
      await store.register({ node: "n", bootId: "b" });
      await claimed(store, owner("later"), [lowest("10.0.0.0/16")]);
      await store.close();
      expectConsistent(dataDir);
      await withStore(dataDir, async (again) => {
        expect(await listing(again)).toHaveLength(held + 1);
      });
    });
  },
);

testWith([root, mounts], "a disk too full to make the database leaves no file behind", async () => {
  await withDisk(64, async (folder) => {
    const dataDir = join(folder, "data");
    const failure = await failureOf(() => open(dataDir));
    expect(failure.code).toBe("store-unavailable");
    expect(failure.message).toContain("disk is full");
    expect(Array.from(new Bun.Glob("**").scanSync({ cwd: folder, dot: true }))).toEqual([]);
  });
});

testWith(
  [root, mounts],
  "a read-only file system is `store-unavailable`, whether or not there is a database",
  async () => {
    await withDisk(1024, async (folder) => {
      await withStore(join(folder, "data"));
      expect(mount("-o", "remount,ro", folder)).toBeUndefined();
      for (const name of ["data", "missing"]) {
        const failure = await failureOf(async () => {
          const store = await open(join(folder, name));
          await store.claim(claim(owner("p"), [lowest("10.0.0.0/24")]));
        });
        expect(failure.code).toBe("store-unavailable");
        expect(failure.message).toContain(join(folder, name));
        expect(failure.details).toContain("data_dir");
      }
    });
  },
);
