/** That the loader writes what claims would have written. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { openEtcdStore } from "../../src/store/etcd/etcd-store.ts";
import type { Store } from "../../src/store/store.ts";
import { describeWith } from "../skip.ts";
import { claimed, listing, lowest, owner, texts } from "../store-contract/fixtures.ts";
import type { BulkFill } from "./bulk.ts";
import { BULK_SERVER, bulkPod, bulkRange, fillEtcd } from "./bulk.ts";
import type { EtcdMember } from "./member.ts";
import { removeServers } from "./member.ts";
import { etcd } from "./requirements.ts";
import { startEtcd } from "./server.ts";

const TIMEOUT_MS = 120_000;

let server: EtcdMember;

beforeAll(async () => {
  server = await startEtcd(BULK_SERVER);
});
afterAll(removeServers);

async function withStore<T>(prefix: string, work: (store: Store) => Promise<T>): Promise<T> {
  const store = openEtcdStore({ endpoints: [server.endpoint], prefix, leftMs: () => 10_000 });
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

/** All keys below a prefix with their values, but for when a hint was verified. */
async function contents(prefix: string): Promise<ReadonlyMap<string, unknown>> {
  const text = await server.etcdctl("get", "--prefix", prefix);
  const lines = text.trim().split("\n");
  const entries = new Map<string, unknown>();
  for (let index = 0; index < lines.length; index += 2) {
    const value: unknown = JSON.parse(lines[index + 1] ?? "");
    const key = (lines[index] ?? "").slice(prefix.length);
    entries.set(key, typeof value === "object" ? { ...value, verified: undefined } : value);
  }
  return entries;
}

/** What the loader imitates: claims one after the other, and for a fragmented pool a release of every second. */
async function claimAll(store: Store, fill: BulkFill): Promise<void> {
  const range = bulkRange(fill);
  for (let number = 1; number <= fill.count; number++) {
    const { owner: who, confirmation } = bulkPod(fill, number);
    await claimed(store, who, [lowest(range)], undefined, confirmation);
    if (fill.fragmented) await claimed(store, passing(fill, number), [lowest(range)]);
  }
  for (let number = 1; fill.fragmented && number <= fill.count; number++) {
    const who = passing(fill, number);
    const { sequence = 0 } = (await store.find(who)) ?? {};
    expect(await store.release(who, { expected: sequence, restSeconds: 0 })).toBe("released");
  }
}

/** A pod that goes again; without a moment, its node is not registered. */
function passing({ network }: BulkFill, number: number) {
  return owner(`passing-${number}`, { network });
}

const next = [
  ["10.0.0.0/8", false, "10.0.11.185"],
  ["10.0.0.0/8", true, "10.0.0.2"],
  ["fd00::/64", false, "fd00::bb9"],
  ["fd00::/64", true, "fd00::2"],
] as const;

describeWith(etcd("oldest"), "fillEtcd()", () => {
  for (const cidr of ["10.0.0.0/8", "fd00::/64"]) {
    for (const [count, fragmented] of [
      [70, false],
      [32, true],
      [34, true],
    ] as const) {
      const shape = fragmented ? "fragmented" : "contiguous";
      test(
        `writes ${count} of ${cidr}, ${shape}, as claims do`,
        async () => {
          const fill: BulkFill = { network: "blue", cidr, count, fragmented, nodes: 7 };
          const prefix = `/${shape}-${count}-${cidr}/`;
          await withStore(`/claimed${prefix}`, async (store) => await claimAll(store, fill));
          await fillEtcd(server.endpoint, `/filled${prefix}`, fill);
          const filled = await contents(`/filled${prefix}`);
          expect(filled).toEqual(await contents(`/claimed${prefix}`));
          expect(filled.size).toBe(2 * count + 2 + 7);
        },
        TIMEOUT_MS,
      );
    }
  }

  test.each(next)(
    "of %s, fragmented: %p, leaves the lowest free address to the next claim",
    async (cidr, fragmented, address) => {
      const prefix = `/next/${fragmented}/${cidr}/`;
      const fill = { network: "blue", cidr, count: 3000, fragmented };
      await fillEtcd(server.endpoint, prefix, fill);
      await withStore(prefix, async (store) => {
        expect(await listing(store)).toHaveLength(3000);
        const allocation = await claimed(store, owner("p"), [lowest(cidr)]);
        expect(texts(allocation)).toEqual([address]);
      });
    },
    TIMEOUT_MS,
  );
});
