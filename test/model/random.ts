/** Reproducible randomness: the same seed gives the same numbers on every machine. */
export interface Random {
  /** From 0 up to 1, exclusive. */
  next(): number;
  /** A whole number from `least` to `most`, both included. */
  whole(least: number, most: number): number;
  /** True with that probability. */
  chance(probability: number): boolean;
  pick<T>(items: readonly [T, ...T[]]): T;
  pickFrom<T>(items: readonly T[]): T | undefined;
  /** A generator of its own: what it draws does not move this one. */
  fork(): Random;
}

/** mulberry32: 32 bits of state, which is plenty for choosing faults. */
export function createRandom(seed: number): Random {
  let state = (seed ^ 0x9e3779b9) >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    next,
    whole: (least, most) => least + Math.floor(next() * (most - least + 1)),
    chance: (probability) => next() < probability,
    pick: (items) => items[Math.floor(next() * items.length)] ?? items[0],
    pickFrom: (items) => items[Math.floor(next() * items.length)],
    fork: () => createRandom(Math.floor(next() * 2 ** 32)),
  };
}
