import type { ByteRange } from "./operation.ts";
import { prune, type Selection } from "./prune.ts";

/**
 * The part of a document that Elasticsearch returns for `includes` and `excludes`: dotted paths in which `*`
 * stands for any text, dots too. A path takes in what is below it; excludes win; no includes means everything.
 * What stays, stays byte for byte. Throws `JsonScanError` when the range is not a JSON value.
 */
export function filterSource(
  json: Buffer,
  range: ByteRange,
  { includes, excludes }: { readonly includes: readonly string[]; readonly excludes: readonly string[] },
): Buffer {
  const included = includes.length === 0 ? [EVERYTHING] : includes.map(start);
  return prune(json, range, sourceSelection(included, excludes.map(start), ""));
}

/** How far into its pattern a match has come. Past the end: a dot was met after the whole pattern, so all below matches. */
interface Match {
  readonly pattern: string;
  readonly at: number;
}

const EVERYTHING: Match = { pattern: "*", at: 0 };

function start(pattern: string): Match {
  return { pattern, at: 0 };
}

function sourceSelection(
  included: readonly Match[],
  excluded: readonly Match[],
  separator: "" | ".",
): Selection {
  const whole = separator === "." && accepts(included);
  return {
    keepsScalars: whole,
    keepsEmpty: (place) => place === "member" && whole,
    member(name) {
      const include = advance(included, separator + name);
      if (include.length === 0) return "drop";
      const exclude = advance(excluded, separator + name);
      if (accepts(exclude)) return "drop";
      if (!accepts(include)) return sourceSelection(include, exclude, ".");
      return advance(exclude, ".").length === 0 ? "keep" : sourceSelection([EVERYTHING], exclude, ".");
    },
  };
}

function accepts(matches: readonly Match[]): boolean {
  return matches.some(({ pattern, at }) => at > pattern.length || onlyStars(pattern, at));
}

function onlyStars(pattern: string, from: number): boolean {
  for (let at = from; at < pattern.length; at += 1) if (pattern[at] !== "*") return false;
  return true;
}

/** All ways on from `matches` over `text`; none when nothing can match any more. */
function advance(matches: readonly Match[], text: string): readonly Match[] {
  let current = matches;
  for (const character of text) {
    if (current.length === 0) return current;
    const next = new Map<string, Map<number, Match>>();
    for (const match of current) step(match, character, next);
    current = [...next.values()].flatMap((positions) => [...positions.values()]);
  }
  return current;
}

function step({ pattern, at }: Match, character: string, next: Map<string, Map<number, Match>>): void {
  const positions = next.get(pattern) ?? new Map<number, Match>();
  next.set(pattern, positions);
  const reach = (position: number) => positions.set(position, { pattern, at: position });
  if (at > pattern.length) reach(at);
  else if (character === "." && onlyStars(pattern, at)) reach(pattern.length + 1);
  let from = at;
  while (pattern[from] === "*") {
    reach(from);
    from += 1;
  }
  if (from < pattern.length && pattern.startsWith(character, from)) reach(from + character.length);
}
