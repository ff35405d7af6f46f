/** A storm: so many processes at all times that add and delete pods, whatever the answers are. */
import type { JsonObject } from "../../src/core/json.ts";
import type { Random } from "../process/random.ts";
import { makeRandom } from "../process/random.ts";
import type { Answered, Pod } from "./pod.ts";
import { answer, makePods } from "./pod.ts";

/** So many processes run at any time. */
export const IN_FLIGHT = 20;
const PODS_EACH = 3;

/** A pod as its runtime knows it. */
interface Life {
  readonly pod: Pod;
  /** The last container whose ADD succeeded, since when no DEL of it began. */
  current: string | undefined;
  /** Containers that were begun, and whose DEL did not succeed yet; the newest last. */
  readonly open: Set<string>;
  count: number;
}

/** A storm that goes on until {@link stop}. */
export class Storm {
  /** In the order of their ends. */
  readonly answers: Answered[] = [];
  readonly #random: Random;
  readonly #connection: () => JsonObject;
  readonly #workers: readonly Promise<void>[];
  #isOver = false;

  /** `connection` is asked anew for each call. */
  constructor(purpose: string, connection: () => JsonObject) {
    this.#random = makeRandom(purpose);
    this.#connection = connection;
    const pods = makePods(IN_FLIGHT * PODS_EACH);
    this.#workers = Array.from({ length: IN_FLIGHT }, (_, worker) =>
      this.#work(pods.filter((__, index) => index % IN_FLIGHT === worker)),
    );
  }

  /** Waits until everything that was begun has ended. */
  async stop(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#workers);
  }

  /** Every container that there ever was. */
  get containers(): readonly Pick<Answered, "pod" | "containerId">[] {
    const all = new Map(this.answers.map((one) => [one.containerId, one]));
    return [...all.values()];
  }

  async #work(pods: readonly Pod[]): Promise<void> {
    const lives = pods.map((pod): Life => ({ pod, current: undefined, open: new Set(), count: 0 }));
    while (!this.#isOver) {
      const life = this.#random.pick(lives);
      const { command, containerId } = this.#next(life);
      if (command === "DEL" && life.current === containerId) life.current = undefined;
      life.open.add(containerId);
      const { pod } = life;
      const connection = this.#connection();
      const answered = await answer({ pod, command, containerId, connection });
      this.answers.push(answered);
      if (answered.outcome.exitCode !== 0) continue;
      if (command === "ADD") life.current = containerId;
      else life.open.delete(containerId);
    }
  }

  /** What the runtime does next: what failed is deleted; what runs is deleted, repeated, or begun anew. */
  #next(life: Life): Pick<Answered, "command" | "containerId"> {
    const { current, open } = life;
    const lot = this.#random.fraction();
    const [oldest] = [...open].filter((container) => container !== current);
    if (current === undefined && oldest !== undefined)
      return { command: "DEL", containerId: oldest };
    if (current !== undefined && lot < 0.15) return { command: "ADD", containerId: current };
    if (current !== undefined && lot > 0.4)
      return { command: "DEL", containerId: lot > 0.6 ? current : (oldest ?? current) };
    return { command: "ADD", containerId: `${life.pod.uid}-${life.count++}` };
  }
}
