/**
 * `make simulate ARGS="--schedules 1000000"`: plays schedules until a promise is broken. `--seed N` plays one again and
 * prints its history. Exits 1 if a promise was broken.
 */
import { parseArgs } from "node:util";
import { formatCoverage } from "./coverage.ts";
import { playInParallel } from "./run.ts";
import { playSeed } from "./schedule.ts";
import { historyOf, shrink } from "./shrink.ts";

const USAGE = `make simulate ARGS="..."
  --schedules N   how many schedules are played (100000)
  --first N       the seed of the first one; the others follow (a random one)
  --seed N        plays the schedule of this seed alone, and prints its history
  --jobs N        how many processes play at once (one for each core)`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      schedules: { type: "string", default: "100000" },
      first: { type: "string" },
      seed: { type: "string" },
      jobs: { type: "string", default: `${navigator.hardwareConcurrency}` },
    },
  });
  if (values.seed !== undefined) return await replay(wholeNumber("seed", values.seed));
  const first =
    values.first === undefined
      ? Math.floor(Math.random() * 2 ** 31)
      : wholeNumber("first", values.first);
  const count = wholeNumber("schedules", values.schedules);
  const jobs = Math.max(1, wholeNumber("jobs", values.jobs));
  console.log(`seeds ${first} to ${first + count - 1}, ${jobs} at once`);
  const began = performance.now();
  const { coverage, failing } = await playInParallel({ first, count }, jobs, (schedules) => {
    if (process.stderr.isTTY) process.stderr.write(`\r${schedules} of ${count} `);
    else if (schedules % 100_000 === 0) console.log(`${schedules} of ${count} so far`);
  });
  const seconds = (performance.now() - began) / 1000;
  for (const line of formatCoverage(coverage)) console.log(line);
  console.log(
    `${seconds.toFixed(1)} s, ${Math.round(coverage.schedules / seconds)} schedules a second`,
  );
  return failing === undefined ? 0 : await replay(failing);
}

/** Plays a seed, and prints what happened: shortened, if a promise was broken. */
async function replay(seed: number): Promise<number> {
  const played = await playSeed(seed);
  const { broken, decisions } = played;
  const shown = await shrink(played);
  for (const line of await historyOf(shown)) console.log(line);
  if (broken === undefined) {
    console.log(`Seed ${seed}: every promise held, in ${decisions.length} choices`);
    return 0;
  }
  console.log(
    `Seed ${seed} broke a promise: ${broken.message}\n` +
      `Above are ${shown.decisions.length} of its ${decisions.length} choices. ` +
      `To play it again: make simulate ARGS="--seed ${seed}"`,
  );
  return 1;
}

function wholeNumber(name: string, text: string): number {
  const number = Number(text);
  if (/^[0-9]{1,15}$/.test(text)) return number;
  throw new Error(`--${name} ${text} is not a whole number`);
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
  process.exitCode = 2;
}
