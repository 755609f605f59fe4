import { resolved, type Stash, valueAt } from "./stash.ts";
import { elementsOf, equal, fieldsOf, onlyMember } from "./value.ts";

/** What is wrong with the last answer in the eyes of an assertion; undefined where it holds. */
export function failureOf(kind: string, operand: unknown, stash: Stash): string | undefined {
  if (kind === "is_true" || kind === "is_false") {
    const value = valueAt(String(operand ?? ""), stash);
    return isTrue(value) === (kind === "is_true") ? undefined : `${kind} ${operand}: ${shown(value)}`;
  }
  const [path, written] = onlyMember(operand);
  const wanted = resolved(written, stash);
  const value = valueAt(path, stash);
  return holds(kind, value, wanted) ? undefined : `${kind} ${path}: ${shown(value)}, not ${shown(wanted)}`;
}

function holds(kind: string, value: unknown, wanted: unknown): boolean {
  switch (kind) {
    case "match":
      return matches(value, wanted);
    case "length":
      return sizeOf(value) === Number(wanted);
    case "contains":
      return elementsOf(value).some((element) => contains(element, wanted));
    case "gt":
      return Number(value) > Number(wanted);
    case "gte":
      return Number(value) >= Number(wanted);
    case "lt":
      return Number(value) < Number(wanted);
    case "lte":
      return Number(value) <= Number(wanted);
    default:
      throw new Error(`the runner lacks [${kind}]`);
  }
}

/** Empty lists and objects are true. */
function isTrue(value: unknown): boolean {
  if (typeof value === "object" && value !== null) return true;
  return !["", "0", "false", "null", "undefined"].includes(String(value ?? null));
}

function sizeOf(value: unknown): number {
  if (typeof value === "string") return value.length;
  return Array.isArray(value) ? value.length : Object.keys(fieldsOf(value)).length;
}

function contains(element: unknown, wanted: unknown): boolean {
  if (typeof wanted !== "object") return equal(element, wanted);
  return Object.entries(fieldsOf(wanted)).every(([name, value]) => equal(fieldsOf(element)[name], value));
}

function matches(value: unknown, wanted: unknown): boolean {
  const pattern = typeof wanted === "string" ? /^\/([\s\S]+)\/$/.exec(wanted.trim())?.[1] : undefined;
  return pattern === undefined ? equal(value, wanted) : patternOf(pattern).test(String(value));
}

/** In the suites' notation blanks and comments inside a pattern mean nothing. */
function patternOf(written: string): RegExp {
  const bare = written.replaceAll(/\\[\s\S]|#.*|\s+/g, (found) => (found.startsWith("\\") ? found : ""));
  return new RegExp(bare.replaceAll("\\#", "#"), "m");
}

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? "nothing").slice(0, 200);
}
