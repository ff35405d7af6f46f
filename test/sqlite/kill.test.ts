import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { claimed, lowest, owner, texts } from "../store-contract/fixtures.ts";
import { expectConsistent, open, startClaimer, withFolder } from "./scratch.ts";

/** What a claimer last said of each of its pods: its addresses, or undefined where a release had begun. */
function lastWords(output: string): ReadonlyMap<string, string | undefined> {
  const words = new Map<string, string | undefined>();
  // A last line without its end was cut off by the kill.
  for (const line of output.split("\n").slice(0, -1)) {
    const [verb, pod = "", addresses] = line.split(" ");
    if (verb === "error") throw new Error(line);
    if (verb === "held") words.set(pod, addresses);
    else words.set(pod, undefined);
  }
  return words;
}

test("SIGKILL at any moment loses nothing that was said, and leaves nothing half done", async () => {
  await withFolder(async (dataDir) => {
    writeFileSync(join(dataDir, "go"), "");
    const words = new Map<string, string | undefined>();
    let said = 0;
    for (let round = 0; round < 6; round++) {
      const claimers = Array.from({ length: 3 }, (_, index) =>
        startClaimer("churn", dataDir, `r${round}c${index}`),
      );
      const outputs = claimers.map(({ stdout }) => stdout.text());
      await Bun.sleep(400);
      for (const claimer of claimers) {
        await Bun.sleep(Math.random() * 40);
        claimer.kill("SIGKILL");
      }
      for (const output of await Promise.all(outputs)) {
        said += output.split("\n").length - 1;
        for (const [pod, addresses] of lastWords(output)) words.set(pod, addresses);
      }
      expectConsistent(dataDir);
    }
    expect(said).toBeGreaterThan(50);
    const store = await open(dataDir);
    for (const [pod, addresses] of words) {
      if (addresses === undefined) continue;
      const allocation = await store.find(owner(pod));
      expect(allocation === undefined ? `${pod} is lost` : texts(allocation).join(",")).toBe(
        addresses,
      );
    }
    await claimed(store, owner("after"), [lowest("10.0.0.0/16")]);
    await store.close();
    expectConsistent(dataDir);
  });
}, 60_000);
