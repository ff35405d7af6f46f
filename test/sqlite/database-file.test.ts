import { expect, test } from "bun:test";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { databasePath } from "../../src/store/sqlite/database-file.ts";
import { root, testWith } from "../skip.ts";
import { claimed, lowest, owner } from "../store-contract/fixtures.ts";
import {
  expectConsistent,
  failureOf,
  open,
  startClaimer,
  withFolder,
  withStore,
} from "./scratch.ts";

const permissions = (path: string) => statSync(path).mode & 0o777;

test("openSqliteStore() makes the folder with mode 0700 and the files with 0600", async () => {
  await withFolder(async (folder) => {
    const dataDir = join(folder, "a", "b");
    const store = await open(dataDir);
    await store.register({ node: "n", bootId: "b" });
    expect(permissions(dataDir)).toBe(0o700);
    expect(readdirSync(dataDir).toSorted()).toEqual([
      "whereabouts.db",
      "whereabouts.db-shm",
      "whereabouts.db-wal",
    ]);
    for (const name of readdirSync(dataDir)) expect(permissions(join(dataDir, name))).toBe(0o600);
    await store.close();
    expect(readdirSync(dataDir)).toEqual(["whereabouts.db"]);
  });
});

test("openSqliteStore() leaves the mode of an existing folder alone", async () => {
  await withFolder(async (dataDir) => {
    chmodSync(dataDir, 0o755);
    await withStore(dataDir);
    expect(permissions(dataDir)).toBe(0o755);
  });
});

test("openSqliteStore() by 20 processes at once makes one database, and leaves nothing behind", async () => {
  await withFolder(async (dataDir) => {
    const claimers = Array.from({ length: 20 }, (_, index) =>
      startClaimer("claim", dataDir, `p${index}`, 1),
    );
    await Bun.sleep(500);
    writeFileSync(join(dataDir, "go"), "");
    const outputs = await Promise.all(claimers.map(({ stdout }) => stdout.text()));
    const addresses = outputs.map((output) => output.split(" ")[0] ?? "");
    const wanted = Array.from({ length: 20 }, (_, index) => `10.0.0.${index + 1}`);
    expect(addresses.toSorted()).toEqual(wanted.toSorted());
    expect(readdirSync(dataDir).toSorted()).toEqual(["go", "whereabouts.db"]);
    expectConsistent(dataDir);
  });
}, 60_000);

test("openSqliteStore() removes what killed processes left while they made a file, after an hour", async () => {
  await withFolder(async (dataDir) => {
    const old = join(dataDir, "whereabouts.db.new-1-old");
    const young = join(dataDir, "whereabouts.db.new-1-young");
    for (const path of [old, young]) writeFileSync(path, "");
    utimesSync(old, new Date(), new Date(Date.now() - 2 * 3_600_000));
    await withStore(dataDir);
    expect(existsSync(old)).toBe(false);
    expect(existsSync(young)).toBe(true);
  });
});

test("openSqliteStore() does not make a new database beside the -wal file of a lost one", async () => {
  await withFolder(async (dataDir) => {
    const store = await open(dataDir);
    await claimed(store, owner("p"), [lowest("10.0.0.0/24")]);
    const path = databasePath(dataDir);
    renameSync(path, join(dataDir, "elsewhere"));
    const failure = await failureOf(() => open(dataDir));
    expect(failure.code).toBe("store-damaged");
    expect(failure.message).toContain(path);
    renameSync(join(dataDir, "elsewhere"), path);
    await store.close();
  });
});

const obstacles: readonly [string, (path: string) => void, string][] = [
  ["a symbolic link", (path) => symlinkSync("/etc/hostname", path), "symbolic link"],
  ["a dangling symbolic link", (path) => symlinkSync("/nowhere", path), "symbolic link"],
  ["a folder", (path) => mkdirSync(path), "not a regular file"],
];
test.each(obstacles)(
  "openSqliteStore() refuses %s in the place of the database",
  async (_, make, reason) => {
    await withFolder(async (dataDir) => {
      make(databasePath(dataDir));
      const failure = await failureOf(() => open(dataDir));
      expect(failure.code).toBe("store-unavailable");
      expect(failure.message).toContain(`Cannot use ${databasePath(dataDir)}`);
      expect(failure.message).toContain(reason);
      expect(failure.details).toBeDefined();
    });
  },
);

test("openSqliteStore() refuses a file in the place of its folder", async () => {
  await withFolder(async (folder) => {
    const dataDir = join(folder, "data");
    writeFileSync(dataDir, "");
    expect((await failureOf(() => open(dataDir))).message).toContain("it is not a folder");
    const below = await failureOf(() => open(join(dataDir, "below")));
    expect(below.code).toBe("store-unavailable");
  });
});

testWith([root], "openSqliteStore() refuses a folder and a database of another user", async () => {
  await withFolder(async (folder) => {
    const dataDir = join(folder, "data");
    await withStore(dataDir);
    chownSync(databasePath(dataDir), 12_345, 12_345);
    const file = await failureOf(() => open(dataDir));
    expect(file.message).toContain(`${databasePath(dataDir)}: it belongs to user 12345`);
    chownSync(dataDir, 12_345, 12_345);
    const failure = await failureOf(() => open(dataDir));
    expect(failure.code).toBe("store-unavailable");
    expect(failure.message).toContain(`${dataDir}: it belongs to user 12345`);
    expect(failure.details).toContain("chown");
    rmSync(dataDir, { recursive: true });
  });
});
