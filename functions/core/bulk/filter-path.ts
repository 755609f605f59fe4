import { skipSpace, skipValue } from "./json-scan.ts";
import { prune, type Selection } from "./prune.ts";

/**
 * Elasticsearch's response filtering, on bytes. `filters` is the decoded value of `filter_path`: a comma list of
 * dotted paths, `*` for any part of a name, `**` for one or more names, `\.` for a dot within a name, a leading
 * `-` to exclude. Arrays are transparent; where there are both kinds, the excludes work on what the includes left.
 * Numbers and escapes stay as they came. What remains of nothing is `{}` (or `[]`).
 *
 * The rules are those observed on 8.19. (7.10 differs only in dropping, where there are excludes, what was empty
 * to begin with.) Elasticsearch does not filter the answer of a request that failed; neither should the caller.
 * Throws `JsonScanError` when `json` is not JSON.
 */
export function filterPath(json: Buffer, filters: string): Buffer {
  const listed = filters.split(",").map((filter) => filter.trim());
  const includes = listed.filter((filter) => filter !== "" && !filter.startsWith("-"));
  const excludes = listed
    .filter((filter) => filter.startsWith("-"))
    .map((filter) => filter.slice(1).trim())
    .filter((filter) => filter !== "");
  let filtered = json;
  if (includes.length > 0) filtered = pruneWhole(filtered, pathSelection(startsOf(includes), true));
  if (excludes.length > 0) filtered = pruneWhole(filtered, pathSelection(startsOf(excludes), false));
  return filtered;
}

function pruneWhole(json: Buffer, selection: Selection): Buffer {
  const start = skipSpace(json, 0);
  return prune(json, { start, end: skipValue(json, start) }, selection);
}

/** A filter, and how many of its names have been met on the way to where we are. */
interface Progress {
  readonly names: readonly string[];
  readonly met: number;
}

function startsOf(filters: readonly string[]): Progress[] {
  return filters.map((filter) => ({
    names: filter.split(/(?<!\\)\./).map((name) => name.replaceAll("\\.", ".")),
    met: 0,
  }));
}

function pathSelection(active: readonly Progress[], inclusive: boolean): Selection {
  // The items of an answer repeat their names: each is matched once.
  const known = new Map<string, "keep" | "drop" | Selection>();
  const decide = (name: string): "keep" | "drop" | Selection => {
    const next: Progress[] = [];
    for (const { names, met } of active) {
      const wanted = names[met] ?? "";
      if (wanted !== "**" && !matchesName(wanted, name)) continue;
      if (met + 1 === names.length) return inclusive ? "keep" : "drop";
      next.push({ names, met: met + 1 });
      if (wanted === "**") next.push({ names, met });
    }
    if (next.length === 0) return inclusive ? "drop" : "keep";
    return pathSelection(next, inclusive);
  };
  return {
    keepsScalars: !inclusive,
    keepsEmpty: (_place, wasEmpty) => !inclusive && wasEmpty,
    member(name) {
      const decided = known.get(name) ?? decide(name);
      known.set(name, decided);
      return decided;
    },
  };
}

/** Whether `name` is `pattern`, in which `*` stands for any text. Takes time proportional to their product at most. */
export function matchesName(pattern: string, name: string): boolean {
  let at = 0;
  let inName = 0;
  let star = -1;
  let retry = 0;
  while (inName < name.length) {
    if (pattern[at] === "*") {
      star = at++;
      retry = inName;
    } else if (at < pattern.length && pattern[at] === name[inName]) {
      at += 1;
      inName += 1;
    } else if (star !== -1) {
      at = star + 1;
      inName = ++retry;
    } else return false;
  }
  while (pattern[at] === "*") at += 1;
  return at === pattern.length;
}
