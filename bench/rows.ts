/** What is measured about the local store, and against what (design section 8). */
import { existsSync } from "node:fs";
import { fillSqlite } from "../test/sqlite/bulk.ts";
import type { Group } from "./groups.ts";
import { STORM, medianRow, stormRows, takeTurns } from "./groups.ts";
import type { Contender, Effort } from "./measure.ts";
import { alternate } from "./measure.ts";
import type { Workshop } from "./programs.ts";
import {
  fillHostLocal,
  floorLocal,
  freshFolder,
  hostLocalAdd,
  whereaboutsLocal,
} from "./programs.ts";
import type { Row } from "./report.ts";
import { unmeasuredRow } from "./report.ts";
import { runProgram } from "./harness.ts";

const IPV4_RANGE = "10.0.0.0/8";
const IPV6_RANGE = "fd00::/64";

/** The groups about the local store, by the name that `--only` takes. */
export const localGroups: Readonly<Record<string, Group>> = {
  alone: measureAlone,
  held: measureHeld,
  storm: measureStorm,
  "host-local": measureHostLocal,
};

/** ADD and DEL of the executable, one at a time, against a program that commits one row. */
async function measureAlone(workshop: Workshop, effort: Effort): Promise<readonly Row[]> {
  const add: Contender = () => whereaboutsLocal(workshop, "ADD", freshFolder(workshop, "add"));
  const del: Contender = async () => {
    const dataDir = freshFolder(workshop, "del");
    const before = whereaboutsLocal(workshop, "ADD", dataDir);
    await runProgram(workshop.harness, before, { calls: effort.calls, parallel: 1 });
    return whereaboutsLocal(workshop, "DEL", dataDir);
  };
  const [floor, added, deleted] = await takeTurns(workshop, effort, [
    floorEach(workshop),
    add,
    del,
  ]);
  return [
    medianRow("ADD alone", floor, added, { kind: "most", ratio: 1.5 }),
    medianRow("DEL alone", floor, deleted, undefined),
  ];
}

/** ADD where much is held, against ADD where nothing is; the floor column is the latter. */
async function measureHeld(workshop: Workshop, effort: Effort): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const count of [10_000, 1_000_000]) {
    for (const cidr of [IPV4_RANGE, IPV6_RANGE]) {
      for (const fragmented of [false, true]) {
        const [none, held] = await takeTurns(workshop, effort, [
          () => whereaboutsLocal(workshop, "ADD", freshFolder(workshop, "none"), cidr),
          await addWithHeld(workshop, cidr, count, fragmented),
        ]);
        const shape = fragmented ? "fragmented" : "contiguous";
        const what = `ADD with ${count.toLocaleString("en")} held (${shape}, ${cidr})`;
        rows.push(medianRow(what, none, held, { kind: "most", ratio: 1.2 }));
      }
    }
  }
  return rows;
}

/** ADDs into one store that is filled once; each round adds containers of its own. */
async function addWithHeld(
  workshop: Workshop,
  cidr: string,
  count: number,
  fragmented: boolean,
): Promise<Contender> {
  const dataDir = freshFolder(workshop, `held-${count}`);
  await fillSqlite(dataDir, { network: "", cidr, count, fragmented });
  return (round) => whereaboutsLocal(workshop, "ADD", dataDir, cidr, `bench-${round}-%d`);
}

/** A burst of ADDs, against a burst of single commits. */
async function measureStorm(workshop: Workshop, { rounds }: Effort): Promise<readonly Row[]> {
  const [floor, ours] = await alternate(
    workshop.harness,
    [floorEach(workshop), () => whereaboutsLocal(workshop, "ADD", freshFolder(workshop, "storm"))],
    STORM,
    rounds,
  );
  const what = `${STORM.calls} ADDs, ${STORM.parallel} in parallel`;
  return stormRows(what, floor, ours);
}

/** ADD beside host-local's, which commits by files and without fsync; the floor column is host-local. */
async function measureHostLocal(workshop: Workshop, effort: Effort): Promise<readonly Row[]> {
  const what = "ADD beside host-local";
  if (!existsSync(workshop.hostLocal)) return [unmeasuredRow(what, `no ${workshop.hostLocal}`)];
  const crowded = freshFolder(workshop, "host-local-held");
  fillHostLocal(crowded, 1000);
  const [theirs, ours, theirsHeld, oursHeld] = await takeTurns(workshop, effort, [
    () => hostLocalAdd(workshop, freshFolder(workshop, "host-local")),
    () => whereaboutsLocal(workshop, "ADD", freshFolder(workshop, "none")),
    // Fewer calls than held addresses, so that their number stays about the same.
    (round) => hostLocalAdd(workshop, crowded, `bench-${round}-%d`),
    await addWithHeld(workshop, IPV4_RANGE, 1000, false),
  ]);
  return [
    medianRow(`${what}, none held`, theirs, ours, undefined),
    medianRow(`${what}, 1,000 held`, theirsHeld, oursHeld, { kind: "most", ratio: 1 }),
  ];
}

function floorEach(workshop: Workshop): Contender {
  return () => floorLocal(workshop);
}
