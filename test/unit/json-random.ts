/** A repeatable source of numbers in 0..1 (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** One of `choices`. */
export function pick<T>(random: () => number, choices: readonly [T, ...T[]]): T {
  return choices[Math.floor(random() * choices.length)] ?? choices[0];
}

const TEXTS = ["", "x", 'quote " and \\ ', "é 漢 😀", "{[,]}", "tab\tnewline\n", "long ".repeat(30)] as const;
const NAMES = ["a", "b", "name", "_id", "dot.ted", "é", 'q"q', "nested", "items"] as const;

/** A JSON value of at most `depth` levels, with names that repeat from level to level. */
export function randomJson(random: () => number, depth: number): unknown {
  const kind = Math.floor(random() * (depth > 0 ? 9 : 5));
  if (kind === 0) return Math.round((random() - 0.5) * 1e6) / pick(random, [1, 100, 1e9]);
  if (kind === 1) return random() < 0.5;
  if (kind === 2) return null;
  if (kind < 5) return pick(random, TEXTS);
  const length = Math.floor(random() * 5);
  if (kind === 5) return Array.from({ length }, () => randomJson(random, depth - 1));
  return Object.fromEntries(
    Array.from({ length }, () => [pick(random, NAMES), randomJson(random, depth - 1)] as const),
  );
}
