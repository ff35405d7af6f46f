/** Opens stores for the contract suite. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { emptyMemoryData } from "../../src/store/memory/memory-data.ts";
import { openEtcdStore } from "../../src/store/etcd/etcd-store.ts";
import { openMemoryStore } from "../../src/store/memory/memory-store.ts";
import { openSqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import { waitingFor } from "../sqlite/scratch.ts";
import type { Store } from "../../src/store/store.ts";
import type { OpenStore } from "./subject.ts";

/** Opens an empty memory store. */
export async function openMemory(): Promise<OpenStore> {
  const data = emptyMemoryData();
  return opened(async (now) => openMemoryStore({ data, now }));
}

/** Opens an empty SQLite store in a folder of its own. */
export async function openSqlite(): Promise<OpenStore> {
  const dataDir = mkdtempSync(join(tmpdir(), "whereabouts-store-"));
  return opened(
    (now) => openSqliteStore({ dataDir, waiting: waitingFor(5000), now }),
    () => rmSync(dataDir, { recursive: true, force: true }),
  );
}

let prefixes = 0;

/** Opens an etcd store below a prefix of its own. */
export async function openEtcd(endpoint: string): Promise<OpenStore> {
  const prefix = `/contract/${process.pid}-${++prefixes}/`;
  return opened(async (now) =>
    openEtcdStore({ endpoints: [endpoint], prefix, leftMs: () => 10_000, now }),
  );
}

async function opened(
  open: (now: () => number) => Promise<Store>,
  remove = () => {},
): Promise<OpenStore> {
  let nowMs = 0;
  const stores: Store[] = [];
  const another = async () => {
    const store = await open(() => nowMs);
    stores.push(store);
    return store;
  };
  return {
    store: await another(),
    another,
    setNow(ms) {
      nowMs = ms;
    },
    async close() {
      for (const store of stores) await store.close();
      remove();
    },
  };
}
