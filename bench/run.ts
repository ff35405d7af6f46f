/**
 * Measures whereabouts against its floors and prints a table: `make bench`, or
 * `bun bench/run.ts [--only GROUP]... [--rounds N] [--calls N] [--save]`. A missed budget is reported, and is no
 * error; a call that fails is, and its group shows no figures. `--save` writes the report to bench/results/ too.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Program } from "./harness.ts";
import { compileHarness } from "./harness.ts";
import type { Effort } from "./measure.ts";
import { alternate } from "./measure.ts";
import type { Workshop } from "./programs.ts";
import type { Row } from "./report.ts";
import { formatMs, formatRate, formatReport, unmeasuredRow } from "./report.ts";
import { etcdGroups } from "./etcd-rows.ts";
import type { Group } from "./groups.ts";
import { localGroups } from "./rows.ts";

const ROOT = join(import.meta.dir, "..");
/** All groups, by the name that `--only` takes. */
const groups: Readonly<Record<string, Group>> = { ...localGroups, ...etcdGroups };
const NOTHING: Program = { path: "/bin/true", env: {} };

/** Compiles what is measured, as it is released. */
async function openWorkshop(folder: string): Promise<Workshop> {
  const floorLocal = `${folder}/floor-local`;
  const floorEtcd = `${folder}/floor-etcd`;
  await Bun.$`make build`.cwd(ROOT).quiet();
  await Bun.$`bash scripts/build.sh bench/floor/local.ts ${floorLocal}`.cwd(ROOT).quiet();
  await Bun.$`bash scripts/build.sh bench/floor/etcd.ts ${floorEtcd}`.cwd(ROOT).quiet();
  return {
    harness: await compileHarness(folder),
    whereabouts: join(ROOT, "dist/whereabouts"),
    floorLocal,
    floorEtcd,
    // Where Debian has it.
    hostLocal: "/usr/lib/cni/host-local",
    folder,
  };
}

/** What the harness and the machine cost by themselves. */
async function harnessFacts({ harness }: Workshop): Promise<readonly string[]> {
  const [alone] = await alternate(harness, [() => NOTHING], { calls: 200, parallel: 1 }, 5);
  const [storm] = await alternate(harness, [() => NOTHING], { calls: 2000, parallel: 50 }, 5);
  if (alone === undefined || storm === undefined) return [];
  return [
    `harness with /bin/true: ${formatMs(alone.medianMs)} alone; ${formatRate(storm.rate)} with 50 in parallel`,
  ];
}

/** The value of an option that is a positive integer. Throws a `RangeError` on anything else. */
function positiveInteger(name: string, text: string): number {
  if (!/^[1-9][0-9]{0,5}$/.test(text)) throw new RangeError(`--${name}: not a number: ${text}`);
  return Number.parseInt(text, 10);
}

const { values } = parseArgs({
  options: {
    only: { type: "string", multiple: true, default: Object.keys(groups) },
    rounds: { type: "string", default: "7" },
    calls: { type: "string", default: "30" },
    save: { type: "boolean", default: false },
  },
});
const effort: Effort = {
  rounds: positiveInteger("rounds", values.rounds),
  calls: positiveInteger("calls", values.calls),
};
const chosen = values.only.map((name) => {
  const group = groups[name];
  if (group === undefined)
    throw new RangeError(`--only: one of ${Object.keys(groups).join(", ")}, not ${name}`);
  return { name, group };
});

const folder = mkdtempSync(join(tmpdir(), "whereabouts-bench-"));
try {
  const workshop = await openWorkshop(folder);
  const facts = [
    ...(await harnessFacts(workshop)),
    `medians of ${effort.rounds} alternating rounds of ${effort.calls} calls (storms: as the row says)`,
  ];
  const rows: Row[] = [];
  for (const { name, group } of chosen) {
    console.error(`measuring: ${name}`);
    try {
      rows.push(...(await group(workshop, effort)));
    } catch (error) {
      console.error(error);
      rows.push(unmeasuredRow(name, "a call failed: see above"));
      process.exitCode = 1;
    }
  }
  const report = await formatReport(rows, facts);
  console.log(report);
  if (values.save) {
    const results = join(ROOT, "bench/results");
    mkdirSync(results, { recursive: true });
    const part = values.only.every((name) => name.startsWith("etcd")) ? "-etcd" : "";
    const path = join(results, `${new Date().toISOString().slice(0, 10)}${part}.md`);
    writeFileSync(path, report);
    console.error(`saved ${path}`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
