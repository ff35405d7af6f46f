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
    const nowMs = this.#now();
    const rank = (url: string): number => {
      const untilMs = this.#dead.get(url) ?? 0;
      // A clock that went back must not condemn a member for ever.
      if (untilMs > nowMs && untilMs <= nowMs + DEAD_MS) return 2;
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

  #load(): void {
    const [good, ...dead] = this.#memory?.load()?.split("\n") ?? [];
    if (good !== undefined && this.#urls.includes(good)) this.#good = good;
    for (const line of dead) {
      const [url = "", until = ""] = line.split(" ");
      if (this.#urls.includes(url) && Number(until) > 0) this.#dead.set(url, Number(until));
    }
    this.#good ??= this.#urls[0];
  }

  #save(): void {
    const dead = [...this.#dead].map(([url, untilMs]) => `${url} ${untilMs}`);
    this.#memory?.save([this.#good ?? "", ...dead].join("\n"));
  }
}
