/** A range with n free addresses serves n ADDs of many nodes at once, and then says that it is full. */
import { afterAll, expect } from "bun:test";
import { removeServers } from "../etcd/member.ts";
import { etcd } from "../etcd/requirements.ts";
import { startEtcd } from "../etcd/server.ts";
import { addressesIn, answerOf, killLeftovers } from "../process/executable.ts";
import { inParallel } from "../process/parallel.ts";
import { testWith } from "../skip.ts";
import { check } from "./checker.ts";
import { report } from "./fire-report.ts";
import type { Pod } from "./pod.ts";
import { answer } from "./pod.ts";

afterAll(async () => {
  await killLeftovers();
  await removeServers();
}, 60_000);

const PREFIX = "/full/";
const NODES = 10;
const IN_FLIGHT_EACH = 4;
const ipam = { range: "10.40.0.0/22" };
/** All but network and broadcast address. */
const WHOLE = Array.from({ length: 1022 }, (_, index) => {
  const value = index + 1;
  return `10.40.${value >> 8}.${value & 255}`;
});

testWith(
  etcd("oldest"),
  `${NODES} nodes fill a /22 exactly; then it is full, until one address is released`,
  async () => {
    const server = await startEtcd();
    // Time enough for a machine that is busy with something else: this is not about speed.
    const connection = { etcd_host: server.endpoint, etcd_prefix: PREFIX, add_timeout: 60 };
    const nodes = Array.from({ length: NODES }, (_, node): readonly Pod[] =>
      WHOLE.filter((__, index) => index % NODES === node).map((___, index) => ({
        uid: `pod-${node}-${index}`,
        node: `node-${node}`,
        ipam,
      })),
    );
    const startedMs = performance.now();
    const ofNodes = await Promise.all(
      nodes.map(async (pods) =>
        inParallel(pods, IN_FLIGHT_EACH, async (pod) =>
          answer({ pod, command: "ADD", containerId: pod.uid, connection }),
        ),
      ),
    );
    const adds = ofNodes.flat();
    report(`a /22 for ${NODES} nodes`, adds, startedMs);
    expect(
      adds.flatMap(({ outcome }) => (outcome.exitCode === 0 ? [] : [answerOf(outcome)])),
    ).toEqual([]);
    const given = adds.flatMap(({ outcome }) => addressesIn(outcome.stdout));
    expect(given.toSorted()).toEqual(WHOLE.toSorted());
    const contents = await check(server, PREFIX);
    expect(contents.faults).toEqual([]);
    expect(contents.owners.size).toBe(WHOLE.length);

    const late: Pod = { uid: "late", node: "node-0", ipam };
    const add = async () => answer({ pod: late, command: "ADD", containerId: "late", connection });
    const refused = await add();
    expect(answerOf(refused.outcome)).toStartWith("100 No free address in range 10.40.0.0/22");
    expect((await check(server, PREFIX)).owners.size).toBe(WHOLE.length);

    const middle = adds[511];
    if (middle === undefined) throw new Error("There is no such ADD");
    const { pod, containerId, outcome } = middle;
    await answer({ pod, command: "DEL", containerId, connection });
    expect(answerOf((await add()).outcome)).toBe(answerOf(outcome));
    expect((await check(server, PREFIX)).faults).toEqual([]);
  },
  300_000,
);
