/**
 * A real cluster of three members, and a storm of real processes through each fault. Some seconds each; with
 * `WHEREABOUTS_FIRE_SECONDS=30` (`make fire`) so many seconds each.
 */
import { afterEach, expect } from "bun:test";
import type { JsonObject } from "../../src/core/json.ts";
import { startCluster } from "../etcd/cluster.ts";
import { stopProxies } from "../etcd/fault-proxy.ts";
import { removeServers } from "../etcd/member.ts";
import { etcd } from "../etcd/requirements.ts";
import { answerOf, killLeftovers } from "../process/executable.ts";
import { inParallel } from "../process/parallel.ts";
import { testWith } from "../skip.ts";
import { check } from "./checker.ts";
import type { Scene } from "./faults.ts";
import { FIRE_FAULTS, reader } from "./faults.ts";
import { report } from "./fire-report.ts";
import { duplicatesIn } from "./history.ts";
import { answer, makePods } from "./pod.ts";
import { Storm } from "./storm.ts";
import { contradictions, historiesOf } from "./verdict.ts";

const SECONDS = Number(process.env["WHEREABOUTS_FIRE_SECONDS"] ?? 4);
/** How long a fault lasts, and, about as long, how long a call waits. */
const STRUCK_MS = SECONDS < 20 ? 1000 : 3500;
const PATIENCE: JsonObject = SECONDS < 20 ? patience(2) : patience(4);
const PREFIX = "/fire/";

afterEach(async () => {
  await killLeftovers();
  stopProxies();
  await removeServers();
}, 60_000);

function patience(seconds: number): JsonObject {
  return { add_timeout: seconds, del_timeout: seconds };
}

function connectionOf({ cluster, login }: Scene): JsonObject {
  return {
    etcd_host: cluster.endpoints.join(),
    etcd_prefix: PREFIX,
    ...(login && { etcd_username: login.name, etcd_password: login.password }),
  };
}

for (const { name, strike, options, mustHurt = false } of FIRE_FAULTS) {
  testWith(
    etcd(options?.version ?? "oldest"),
    `a storm in which ${name} breaks no promise`,
    async () => {
      const cluster = await startCluster({ throughProxy: true, ...options });
      const startedMs = performance.now();
      const scene: Scene = {
        cluster,
        prefix: PREFIX,
        login: undefined,
        startedMs,
        strikeMs: SECONDS * 1000 - 1500,
        struckMs: STRUCK_MS,
      };
      const storm = new Storm(name, () => ({ ...connectionOf(scene), ...PATIENCE }));
      await Bun.sleep(700);
      await strike(scene);
      await Bun.sleep(800);
      await storm.stop();
      report(name, storm.answers, startedMs);

      const { server } = await cluster.leader();
      const histories = historiesOf(storm.answers);
      expect(histories.flatMap(({ faults }) => faults)).toEqual([]);
      expect(duplicatesIn(histories.flatMap(({ sure }) => sure))).toEqual([]);
      const failed = storm.answers.filter(({ outcome }) => outcome.exitCode !== 0);
      expect(failed.map(({ outcome }) => answerOf(outcome)).filter(isUnexpected)).toEqual([]);
      // Whoever is patient enough rides through: then it took long.
      const isHurt = storm.answers.some(
        ({ outcome }) => answerOf(outcome).startsWith("11 ") || outcome.elapsedMs > 1000,
      );
      if (mustHurt) expect(isHurt).toBe(true);
      const contents = await check(server, PREFIX, reader(scene));
      expect(contents.faults).toEqual([]);
      expect(contradictions(histories, contents)).toEqual([]);

      const connection = connectionOf(scene);
      const dels = await inParallel(storm.containers, 20, async (container) =>
        answer({ ...container, command: "DEL", connection }),
      );
      expect(dels.map(({ outcome }) => answerOf(outcome)).filter((text) => text !== "")).toEqual(
        [],
      );
      const after = await check(server, PREFIX, reader(scene));
      expect(after.faults).toEqual([]);
      expect([...after.owners.keys()]).toEqual([]);
      expect(after.addresses.filter(({ isResting }) => !isResting)).toEqual([]);

      const again = await inParallel(makePods(20), 5, async (pod) =>
        answer({ pod, command: "ADD", containerId: `again-${pod.uid}`, connection }),
      );
      expect(again.filter(({ outcome }) => outcome.exitCode !== 0)).toEqual([]);
    },
    60_000 + SECONDS * 5000,
  );
}

/** A store that cannot be used for now, and a range that is full, are answers of their own; nothing else is. */
function isUnexpected(text: string): boolean {
  return !/^(?:11 |100 No free address in range (?:10\.1\.0\.16\/28|10\.1\.3\.0\/28|10\.1\.0\.0\/29|fd01::\/123))/.test(
    text,
  );
}
