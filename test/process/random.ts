/** Chance that can be repeated: `WHEREABOUTS_SEED=... bun test test/process`. */

/** A source of chance. */
export interface Random {
  readonly seed: number;
  /** A number of at least 0 and below 1. */
  fraction(): number;
  /** A whole number from 0 to `end`, exclusive. */
  below(end: number): number;
  /** One of several, of which there must be one. */
  pick<T>(items: readonly T[]): T;
}

/** A source of chance whose seed is printed with what it is for. */
export function makeRandom(purpose: string): Random {
  const given = Number.parseInt(process.env["WHEREABOUTS_SEED"] ?? "", 10);
  const seed = Number.isNaN(given) ? Math.floor(Math.random() * 2 ** 32) : given;
  process.stdout.write(`seed of ${purpose}: ${seed}\n`);
  return randomOf(seed);
}

/** The source of chance (mulberry32) of a seed. */
export function randomOf(seed: number): Random {
  let state = seed >>> 0;
  function fraction(): number {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }
  const below = (end: number): number => Math.floor(fraction() * end);
  return {
    seed,
    fraction,
    below,
    pick(items) {
      const item = items[below(items.length)];
      if (item === undefined) throw new RangeError("Nothing to pick from");
      return item;
    },
  };
}
