/** One direction of a connection, in which bytes may be held up. */

interface Item {
  /** Undefined is the end of what is sent. */
  readonly bytes: Buffer | undefined;
  readonly arrivedMs: number;
}

/** Delivers in order what is pushed, each as late as it must be. */
export class Flow {
  readonly #queue: Item[] = [];
  readonly #deliver: (bytes: Buffer | undefined) => void;
  readonly #delayMs: () => number;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `delayMs` is asked again at each {@link pump}; Infinity holds everything until then. */
  constructor(deliver: (bytes: Buffer | undefined) => void, delayMs: () => number) {
    this.#deliver = deliver;
    this.#delayMs = delayMs;
  }

  /** Takes bytes, or undefined as the end of them. */
  push(bytes: Buffer | undefined): void {
    this.#queue.push({ bytes, arrivedMs: performance.now() });
    this.pump();
  }

  /** Delivers what is due. */
  pump(): void {
    clearTimeout(this.#timer);
    for (let item = this.#queue[0]; item !== undefined; item = this.#queue[0]) {
      const waitMs = item.arrivedMs + this.#delayMs() - performance.now();
      if (waitMs > 0) {
        if (waitMs < Infinity) this.#timer = setTimeout(() => this.pump(), Math.ceil(waitMs));
        return;
      }
      this.#queue.shift();
      this.#deliver(item.bytes);
    }
  }

  /** Forgets what was not delivered. */
  drop(): void {
    clearTimeout(this.#timer);
    this.#queue.length = 0;
  }
}
