/** What is measured about the etcd store, and against what (design section 8). */
import { fillEtcd, BULK_SERVER } from "../test/etcd/bulk.ts";
import { makeCertificates } from "../test/etcd/certificates.ts";
import { etcd } from "../test/etcd/requirements.ts";
import { startEtcd } from "../test/etcd/server.ts";
import type { Place, Reach } from "./etcd-programs.ts";
import { floorEtcd, freshPlace, whereaboutsEtcd } from "./etcd-programs.ts";
import type { Group } from "./groups.ts";
import { STORM, medianRow, stormRows, takeTurns } from "./groups.ts";
import { runProgram } from "./harness.ts";
import { withLiveHolders } from "./live-holders.ts";
import type { Contender, Effort } from "./measure.ts";
import { alternate } from "./measure.ts";
import type { Workshop } from "./programs.ts";
import type { Row } from "./report.ts";
import { unmeasuredRow } from "./report.ts";

/** The groups about etcd, by the name that `--only` takes. */
export const etcdGroups: Readonly<Record<string, Group>> = {
  "etcd-alone": onEtcd("etcd-alone", measureAlone),
  "etcd-storm": onEtcd("etcd-storm", measureStorm),
  "etcd-full": onEtcd("etcd-full", measureFull),
  "etcd-held": onEtcd("etcd-held", measureHeld),
};

/** A group that this machine may not be able to measure. */
function onEtcd(name: string, group: Group): Group {
  return async (workshop, effort) => {
    const [reason] = etcd("oldest").flatMap(({ unmet }) => unmet() ?? []);
    return reason === undefined ? await group(workshop, effort) : [unmeasuredRow(name, reason)];
  };
}

/** Measures on a plain server and on one with TLS, which are there for that long. */
async function onBoth(
  work: (reach: Reach, name: string) => Promise<readonly Row[]>,
): Promise<readonly Row[]> {
  const certificates = makeCertificates();
  try {
    const { server, authority } = certificates;
    await using plain = await startEtcd();
    await using secure = await startEtcd({ tls: { server, authority: authority.certFile } });
    return [
      ...(await work({ endpoint: plain.endpoint }, "etcd")),
      ...(await work({ endpoint: secure.endpoint, caFile: authority.certFile }, "etcd with TLS")),
    ];
  } finally {
    certificates.remove();
  }
}

/** ADD and DEL of the executable, one at a time, against a program that makes two requests. */
async function measureAlone(workshop: Workshop, effort: Effort): Promise<readonly Row[]> {
  return await onBoth(async (reach, name) => {
    const del: Contender = async () => {
      const place = freshPlace(reach);
      const before = whereaboutsEtcd(workshop, "ADD", place);
      await runProgram(workshop.harness, before, { calls: effort.calls, parallel: 1 });
      return whereaboutsEtcd(workshop, "DEL", place);
    };
    const [floor, added, deleted] = await takeTurns(workshop, effort, [
      () => floorEtcd(workshop, reach),
      () => whereaboutsEtcd(workshop, "ADD", freshPlace(reach)),
      del,
    ]);
    return [
      medianRow(`${name}: ADD alone`, floor, added, { kind: "most", ratio: 1.4 }),
      medianRow(`${name}: DEL alone`, floor, deleted, undefined),
    ];
  });
}

/** A burst of ADDs into one range, against a burst of programs that make two requests. */
async function measureStorm(workshop: Workshop, { rounds }: Effort): Promise<readonly Row[]> {
  return await onBoth(async (reach, name) => {
    const [floor, ours] = await alternate(
      workshop.harness,
      [() => floorEtcd(workshop, reach), () => whereaboutsEtcd(workshop, "ADD", freshPlace(reach))],
      STORM,
      rounds,
    );
    const what = `${name}: ${STORM.calls} ADDs, ${STORM.parallel} in parallel`;
    return stormRows(what, floor, ours, { kind: "most", ratio: 5 });
  });
}

/** The error of a full range, whose holders live, against an ADD; the floor column is the latter. */
async function measureFull(workshop: Workshop, effort: Effort): Promise<readonly Row[]> {
  const range = "10.0.0.0/22";
  const rows: Row[] = [];
  for (const nodes of [10, 1]) {
    const what = `etcd: ADD into a full /22 of ${nodes === 1 ? "one node" : `${nodes} nodes`}`;
    await using server = await startEtcd(BULK_SERVER);
    const place = freshPlace(server);
    const fill = { network: "", cidr: range, count: 1022, fragmented: false, nodes };
    const reason = await withLiveHolders(workshop, fill, async (live) => {
      await fillEtcd(server.endpoint, place.prefix, live);
      const node = "bulk-node-0000";
      const [add, full] = await takeTurns(workshop, effort, [
        () => whereaboutsEtcd(workshop, "ADD", freshPlace(server), { range, node }),
        () => ({
          ...whereaboutsEtcd(workshop, "ADD", place, { range, node }),
          exitCode: 1,
          expected: '"code": 100',
        }),
      ]);
      rows.push(medianRow(what, add, full, { kind: "most", ratio: 1.5 }));
    });
    if (reason !== undefined) rows.push(unmeasuredRow(what, reason));
  }
  return rows;
}

/** ADD where much is held, against ADD on a server where nothing is; the floor column is the latter. */
async function measureHeld(workshop: Workshop, effort: Effort): Promise<readonly Row[]> {
  const rows: Row[] = [];
  const count = 1_000_000;
  for (const cidr of ["10.0.0.0/8", "fd00::/64"]) {
    for (const fragmented of [false, true]) {
      await using empty = await startEtcd();
      await using crowded = await startEtcd(BULK_SERVER);
      const place: Place = freshPlace(crowded);
      await fillEtcd(crowded.endpoint, place.prefix, { network: "", cidr, count, fragmented });
      const [none, held] = await takeTurns(workshop, effort, [
        () => whereaboutsEtcd(workshop, "ADD", freshPlace(empty), { range: cidr }),
        (round) =>
          whereaboutsEtcd(workshop, "ADD", place, { range: cidr, calls: `bench-${round}-%d` }),
      ]);
      const shape = fragmented ? "fragmented" : "contiguous";
      const what = `etcd: ADD with ${count.toLocaleString("en")} held (${shape}, ${cidr})`;
      rows.push(medianRow(what, none, held, { kind: "most", ratio: 1.2 }));
    }
  }
  return rows;
}
