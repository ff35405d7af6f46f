/**
 * A process that claims, for tests with many of them: `claimer.ts claim|churn DATA_DIR NAME COUNT`. It waits for a
 * file `go` beside the database, and writes one line for each thing it does.
 */
import { existsSync, writeSync } from "node:fs";
import { join } from "node:path";
import { formatAddress } from "../../src/core/address.ts";
import { errorMessage } from "../../src/core/error.ts";
import { openSqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import type { Store } from "../../src/store/store.ts";
import { claimed, lowest, owner, texts } from "../store-contract/fixtures.ts";

const RANGE = "10.0.0.0/16";

function say(line: string): void {
  writeSync(1, `${line}\n`);
}

/** Claims for `count` owners; a line is `ADDRESS MILLISECONDS`. */
async function claimMany(store: Store, name: string, count: number): Promise<void> {
  for (let index = 0; index < count; index++) {
    const start = performance.now();
    const allocation = await claimed(store, owner(`${name}-${index}`), [lowest(RANGE)]);
    const tookMs = performance.now() - start;
    say(`${allocation.holdings.map((held) => formatAddress(held.address)).join(",")} ${tookMs}`);
  }
}

/** Claims and releases until it is killed; lines are `held POD ADDRESSES`, `releasing POD`, `released POD`. */
async function churn(store: Store, name: string): Promise<void> {
  for (let round = 0; ; round++) {
    const pod = `${name}-${round % 7}`;
    const current = await store.find(owner(pod));
    if (current === undefined) {
      const wants = [lowest(RANGE), lowest("fd00::/64"), lowest(RANGE, false)];
      const allocation = await claimed(store, owner(pod), wants);
      say(`held ${pod} ${texts(allocation).join(",")}`);
    } else {
      say(`releasing ${pod}`);
      const restSeconds = round % 3 === 0 ? 0.005 : 0;
      await store.release(owner(pod), { expected: current.sequence, restSeconds });
      say(`released ${pod}`);
    }
  }
}

const [, , mode = "", dataDir = "", name = "", count = "0"] = process.argv;
try {
  while (!existsSync(join(dataDir, "go"))) await Bun.sleep(1);
  const store = await openSqliteStore({
    dataDir,
    waiting: { leftMs: () => 20_000, isOneShot: true },
  });
  if (mode === "churn") await churn(store, name);
  else await claimMany(store, name, Number(count));
} catch (error) {
  say(`error ${errorMessage(error)}`);
  process.exit(1);
}
