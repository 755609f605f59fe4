/** Short names are near to too many that mean something else. */
const shortest = 12;

/**
 * Of the names, those that nobody asks for and that differ in two letters at most from one that is asked for and not set.
 * The reason goes on after the name.
 */
export function misspelt(
  given: readonly string[],
  asked: ReadonlySet<string>,
  isSet: (name: string) => boolean,
): readonly { readonly name: string; readonly reason: string }[] {
  const unset = [...asked].filter((name) => name.length >= shortest && !isSet(name));
  return given.flatMap((name) => {
    const meant = asked.has(name) ? undefined : unset.find((known) => distance(known, name) <= 2);
    return meant === undefined ? [] : [{ name, reason: `is not a setting; ${meant} is` }];
  });
}

/** Levenshtein's. */
function distance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 2) return Number.POSITIVE_INFINITY;
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...b].entries()) {
      const changed = (row[j] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(changed, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
