/** Processes killed at random moments leave an etcd that keeps every promise. */
import { afterAll, expect } from "bun:test";
import { removeServers } from "../etcd/member.ts";
import { etcd } from "../etcd/requirements.ts";
import { startEtcd } from "../etcd/server.ts";
import { answerOf, killLeftovers } from "../process/executable.ts";
import { inParallel, percentile } from "../process/parallel.ts";
import { makeRandom } from "../process/random.ts";
import { testWith } from "../skip.ts";
import { check } from "./checker.ts";
import { duplicatesIn } from "./history.ts";
import type { Answered, Pod } from "./pod.ts";
import { answer, makePods, startPodCall } from "./pod.ts";
import { contradictions, historiesOf } from "./verdict.ts";

afterAll(async () => {
  await killLeftovers();
  await removeServers();
}, 60_000);

const PREFIX = "/killed/";
const AT_ONCE = 8;
const CALLS_EACH = 5;

testWith(
  etcd("oldest"),
  "ADDs and DELs killed at random moments break no promise",
  async () => {
    const random = makeRandom("kills on etcd");
    const server = await startEtcd();
    const connection = { etcd_host: server.endpoint, etcd_prefix: PREFIX };
    const pods = makePods(56);
    const undisturbed = await inParallel(pods.slice(0, 16), AT_ONCE, async (pod) =>
      answer({ pod, command: "ADD", containerId: `${pod.uid}-0`, connection }),
    );
    const lifeMs = percentile(
      undisturbed.map(({ startedMs, endedMs }) => endedMs - startedMs),
      0.5,
    );
    const answers: Answered[] = [...undisturbed];

    /** A call that is mostly killed somewhere in its life, or with the first byte of its answer. */
    async function live(pod: Pod, command: "ADD" | "DEL", containerId: string): Promise<void> {
      const startedMs = performance.now();
      const lot = random.fraction();
      const one = startPodCall(
        { pod, command, containerId, connection },
        { ...(lot < 0.2 && { onOutput: () => one.kill("SIGKILL") }) },
      );
      const alarm = lot < 0.2 || lot > 0.85 ? undefined : random.fraction() * 1.2 * lifeMs;
      if (alarm !== undefined) setTimeout(() => one.kill("SIGKILL"), alarm);
      const outcome = await one.outcome;
      answers.push({ pod, command, containerId, startedMs, endedMs: performance.now(), outcome });
    }

    await inParallel(pods, AT_ONCE, async (pod) => {
      for (let call = 0; call < CALLS_EACH; call++) {
        const command = random.fraction() < 0.7 ? "ADD" : "DEL";
        await live(pod, command, `${pod.uid}-${random.below(2)}`);
      }
    });

    const killed = answers.filter(({ outcome }) => outcome.signal === "SIGKILL");
    process.stdout.write(
      `${killed.length} of ${answers.length} killed; an ADD takes ${lifeMs.toFixed(0)} ms\n`,
    );
    expect(killed.length).toBeGreaterThan(80);
    const failed = answers.filter(({ outcome }) => outcome.exitCode === 1);
    const texts = failed.map(({ outcome }) => answerOf(outcome));
    expect(texts.filter((text) => !text.startsWith("100 No free address"))).toEqual([]);
    // The last request of a process that was killed may still be on its way.
    await Bun.sleep(1000);
    const contents = await check(server, PREFIX);
    expect(contents.faults).toEqual([]);
    const histories = historiesOf(answers);
    expect(contradictions(histories, contents)).toEqual([]);
    expect(duplicatesIn(histories.flatMap(({ sure }) => sure))).toEqual([]);

    const containers = pods.flatMap((pod) =>
      [0, 1].map((count) => ({ pod, containerId: `${pod.uid}-${count}` })),
    );
    const dels = await inParallel(containers, AT_ONCE, async (container) =>
      answer({ ...container, command: "DEL", connection }),
    );
    expect(dels.map(({ outcome }) => answerOf(outcome)).filter((text) => text !== "")).toEqual([]);
    const after = await check(server, PREFIX);
    expect(after.faults).toEqual([]);
    expect([...after.owners.keys()]).toEqual([]);
    expect(after.addresses.filter(({ isResting }) => !isResting)).toEqual([]);
  },
  300_000,
);
