/**
 * Which member is asked first: the last good one, and one that failed lately only after all others. A new process
 * learns it from a small file, so that a member that hangs does not cost every call its patience.
 */

/** Where what was learnt outlives a process. All of it is a hint: what cannot be read or written is left out. */
export interface EndpointMemory {
  load(): string | undefined;
  save(text: string): void;
}

/** For how long a member that failed is asked last. */
const DEAD_MS = 30_000;

/** So many lines about members of other clusters are kept in the file. */
const MOST_OTHERS = 64;

/** The members of a cluster, in the order in which they are asked. */
export class Endpoints {
  readonly #urls: readonly string[];
  readonly #memory: EndpointMemory | undefined;
  readonly #now: () => number;
  /** Until when each is asked last, in milliseconds since the epoch. */
  readonly #dead = new Map<string, number>();
  #good: string | undefined;

  /** `now` is a wall clock in milliseconds. */
  constructor(urls: readonly string[], memory: EndpointMemory | undefined, now: () => number) {
    this.#urls = urls;
    this.#memory = urls.length > 1 ? memory : undefined;
    this.#now = now;
    this.#load();
  }

  /** All members, the most promising first. */
  inOrder(): readonly string[] {
    const rank = (url: string): number => {
      if (this.#isDead(url)) return 2;
      return url === this.#good ? 0 : 1;
    };
    return this.#urls.toSorted((a, b) => rank(a) - rank(b));
  }

  /** Notes that a member answered. */
  succeeded(url: string): void {
    if (this.#good === url && !this.#dead.has(url)) return;
    this.#good = url;
    this.#dead.delete(url);
    this.#save();
  }

  /** Notes that a member did not. */
  failed(url: string): void {
    if (this.#good === url) this.#good = undefined;
    this.#dead.set(url, this.#now() + DEAD_MS);
    this.#save();
  }

  #isDead(url: string): boolean {
    return isFuture(this.#dead.get(url) ?? 0, this.#now());
  }

  #load(): void {
    for (const { url, state } of parseLines(this.#memory?.load())) {
      if (!this.#urls.includes(url)) continue;
      if (state === "good") this.#good = url;
      else this.#dead.set(url, state);
    }
    this.#good ??= this.#urls[0];
  }

  /** The file is shared by all clusters that this host uses: what others wrote of theirs stays. */
  #save(): void {
    if (this.#memory === undefined) return;
    const others = parseLines(this.#memory.load())
      .filter(({ url }) => !this.#urls.includes(url))
      .filter(({ state }) => state === "good" || isFuture(state, this.#now()))
      .slice(-MOST_OTHERS)
      .map(({ url, state }) => `${url} ${state}`);
    const own = this.#urls.flatMap((url) => {
      if (url === this.#good) return [`${url} good`];
      return this.#isDead(url) ? [`${url} ${this.#dead.get(url)}`] : [];
    });
    this.#memory.save([...others, ...own, ""].join("\n"));
  }
}

/** Whether a member is dead yet; a clock that went back must not condemn it for ever. */
function isFuture(untilMs: number, nowMs: number): boolean {
  return untilMs > nowMs && untilMs <= nowMs + DEAD_MS;
}

interface Line {
  readonly url: string;
  /** `good`, or until when it is dead. */
  readonly state: "good" | number;
}

/** Lines of `URL good` and `URL MILLISECONDS`; what is neither is passed over. */
function parseLines(text: string | undefined): readonly Line[] {
  if (text === undefined) return [];
  return text.split("\n").flatMap((line): Line[] => {
    const [url = "", state = "", ...rest] = line.split(" ");
    if (rest.length > 0 || !url.includes("://")) return [];
    if (state === "good") return [{ url, state }];
    const untilMs = Number(state);
    return Number.isSafeInteger(untilMs) && untilMs > 0 ? [{ url, state: untilMs }] : [];
  });
}
