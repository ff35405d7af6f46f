import { expect, test } from "bun:test";
import { claimed, listing, lowest, owner, texts } from "../store-contract/fixtures.ts";
import { fillSqlite } from "./bulk.ts";
import { expectConsistent, withFolder, withStore } from "./scratch.ts";

const cases = [
  ["10.0.0.0/8", false, "10.0.11.185"],
  ["10.0.0.0/8", true, "10.0.0.2"],
  ["fd00::/64", false, "fd00::bb9"],
  ["fd00::/64", true, "fd00::2"],
] as const;

test.each(cases)("fillSqlite() of %s, fragmented: %p", async (cidr, fragmented, next) => {
  await withFolder(async (dataDir) => {
    await fillSqlite(dataDir, { network: "blue", cidr, count: 3000, fragmented });
    expectConsistent(dataDir);
    await withStore(dataDir, async (store) => {
      const filled = await listing(store);
      expect(filled).toHaveLength(3000);
      const allocation = await claimed(store, owner("p"), [lowest(cidr)]);
      expect(texts(allocation)).toEqual([next]);
      expect(allocation.sequence).toBe(3001);
      const found = await store.find({ ...owner("bulk-00000001"), node: "bulk" });
      expect(found?.sequence).toBe(1);
      expect(found?.holdings).toEqual(filled[0] === undefined ? [] : [filled[0].holding]);
    });
    expectConsistent(dataDir);
  });
});
