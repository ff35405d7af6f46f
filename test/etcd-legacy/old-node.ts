/**
 * A node that runs the Go implementation, played by its reads and writes: it locks the list of a range, reads it,
 * writes it back changed, and never looks at anything else. v0.2 to v0.5.4 (`masked`), and April 2019 (`written`).
 */
import { formatAddress } from "../../src/core/address.ts";
import { formatCidr } from "../../src/core/cidr.ts";
import { usableInterval } from "../../src/core/range.ts";
import { cidr } from "../store-contract/fixtures.ts";

/** How an old node is set up. */
export interface OldNodeOptions {
  readonly endpoint: string;
  /** The range as its configuration has it. */
  readonly range: string;
  readonly layout?: "masked" | "written";
  /** How long it waits for its lock, in milliseconds; really 2 min for an ADD. */
  readonly patienceMs?: number;
  /** Awaited between reading and writing: for others to come between, if they can. */
  readonly pause?: () => Promise<void>;
}

/** One old node. */
export class OldNode {
  readonly #options: OldNodeOptions;

  constructor(options: OldNodeOptions) {
    this.#options = options;
  }

  get listKey(): string {
    const { range, layout = "masked" } = this.#options;
    return layout === "masked" ? `/whereabouts/${formatCidr(cidr(range))}` : `/${range}`;
  }

  get mutex(): string {
    return this.#options.layout === "written" ? "/whereabouts" : this.listKey;
  }

  /** Takes the lowest address that its list does not name. Throws where it does not get its lock, or all are taken. */
  async add(containerId: string): Promise<string> {
    return await this.#locked(async () => {
      const lines = await this.#read();
      const taken = new Set(lines.map((line) => line.split(" ")[0]));
      const { family } = cidr(this.#options.range);
      const { first, last } = usableInterval(cidr(this.#options.range));
      for (let value = first; value <= last; value++) {
        const address = formatAddress({ family, value });
        if (taken.has(address)) continue;
        await this.#write([...lines, `${address} ${containerId}`]);
        return address;
      }
      throw new Error(`Could not allocate IP in range ${this.#options.range}`);
    });
  }

  /** Removes the first line of a container, the last taking its place. */
  async del(containerId: string): Promise<void> {
    await this.#locked(async () => {
      const lines = [...(await this.#read())];
      const index = lines.findIndex((line) => line.split(" ")[1] === containerId);
      const last = lines.at(-1);
      if (index < 0 || last === undefined) return;
      lines[index] = last;
      await this.#write(lines.slice(0, -1));
    });
  }

  /** The list as it stands; undefined if there is none. */
  async list(): Promise<string | undefined> {
    const { kvs = [] } = await this.#post("/v3/kv/range", { key: btoa(this.listKey) });
    const [entry] = kvs;
    return entry === undefined ? undefined : atob(entry.value ?? "");
  }

  /** Writes the list as a test wants it. */
  async setList(text: string): Promise<void> {
    await this.#post("/v3/kv/put", { key: btoa(this.listKey), value: btoa(text) });
  }

  /** Of a list with a line without a space an old reader makes an empty one. */
  async #read(): Promise<readonly string[]> {
    const text = (await this.list()) ?? "";
    const lines = text.split("\n");
    if (this.#options.layout === "written") return lines;
    return lines.every((line) => line.includes(" ")) ? lines : [];
  }

  async #write(lines: readonly string[]): Promise<void> {
    await this.#options.pause?.();
    await this.setList(lines.join("\n"));
  }

  async #locked<T>(work: () => Promise<T>): Promise<T> {
    const { ID } = await this.#post("/v3/lease/grant", { TTL: 60 });
    try {
      await this.#post(
        "/v3/lock/lock",
        { name: btoa(this.mutex), lease: ID },
        this.#options.patienceMs,
      );
      return await work();
    } finally {
      await this.#post("/v3/lease/revoke", { ID });
    }
  }

  async #post(path: string, body: object, patienceMs = 30_000): Promise<Answer> {
    const response = await fetch(`${this.#options.endpoint}${path}`, {
      method: "POST",
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(patienceMs),
    });
    if (!response.ok) throw new Error(`${path}: ${await response.text()}`);
    const answer: unknown = await response.json();
    if (!isAnswer(answer)) throw new Error(`${path}: not an answer`);
    return answer;
  }
}

interface Answer {
  readonly ID?: string;
  readonly kvs?: readonly { readonly value?: string }[];
}

function isAnswer(value: unknown): value is Answer {
  return typeof value === "object" && value !== null;
}
