import { eachMember, JsonScanError, skipSpace, skipValue } from "./json-scan.ts";
import { keyIs } from "./name-table.ts";
import type { ByteRange } from "./operation.ts";

/** Which part of an updated document the client wants in the answer. Both lists empty never occurs in `some`. */
export type WantedSource =
  | { readonly kind: "none" }
  | { readonly kind: "all" }
  | { readonly kind: "some"; readonly includes: readonly string[]; readonly excludes: readonly string[] };

/**
 * What the query's `_source`, `_source_includes` and `_source_excludes` ask for (5.x and 6.x also know
 * `_source_include` and `_source_exclude`); `undefined` when it says nothing. A list in `_source_includes`
 * wins over one in `_source`, and `_source=false` over both (observed on 7.10 and 8.19).
 */
export function wantedInQuery(query: URLSearchParams): WantedSource | undefined {
  const source = query.get("_source");
  const includes = query.get("_source_includes") ?? query.get("_source_include");
  const excludes = query.get("_source_excludes") ?? query.get("_source_exclude");
  if (source === null && includes === null && excludes === null) return undefined;
  if (source === "false") return { kind: "none" };
  const listed = source === null || source === "true" ? [] : commaList(source);
  return some(includes === null ? listed : commaList(includes), excludes === null ? [] : commaList(excludes));
}

/**
 * What the value of a `_source` member asks for: a boolean, a name, a list of names, or an object of lists.
 * `undefined` when it is nothing of the kind, which is for PRIMARY to refuse, or null, which says nothing.
 */
export function wantedInJson(json: Buffer, range: ByteRange): WantedSource | undefined {
  let value: unknown;
  try {
    value = JSON.parse(json.toString("utf8", range.start, range.end));
  } catch {
    return undefined;
  }
  if (typeof value === "boolean") return value ? { kind: "all" } : { kind: "none" };
  if (typeof value === "string" || Array.isArray(value)) return some(names(value), []);
  if (typeof value !== "object" || value === null) return undefined;
  const lists = new Map<string, unknown>(Object.entries(value));
  return some(
    names(lists.get("includes") ?? lists.get("include")),
    names(lists.get("excludes") ?? lists.get("exclude")),
  );
}

/**
 * The value's range of the `_source` beside `doc` or `script` in an update's body; the last where there are
 * several. Only top-level members are looked at. `undefined` when there is none, or when the body is malformed.
 */
export function bodySource(json: Buffer, body: ByteRange): ByteRange | undefined {
  let found: ByteRange | undefined;
  try {
    const end = eachMember(json, skipSpace(json, body.start), (keyStart, keyEnd, valueStart) => {
      const valueEnd = skipValue(json, valueStart);
      if (keyIs(json, keyStart, keyEnd, "_source")) found = { start: valueStart, end: valueEnd };
      return valueEnd;
    });
    return end <= body.end ? found : undefined;
  } catch (error) {
    if (error instanceof JsonScanError) return undefined;
    throw error;
  }
}

/**
 * What a single-document update asks for. Its body wins over the query there (observed on 7.10 and 8.19), the
 * other way round than in a bulk.
 */
export function wantedByUpdate(body: Buffer, query: URLSearchParams): WantedSource | undefined {
  const own = bodySource(body, { start: 0, end: body.length });
  return (own === undefined ? undefined : wantedInJson(body, own)) ?? wantedInQuery(query);
}

function some(includes: readonly string[], excludes: readonly string[]): WantedSource {
  return includes.length + excludes.length === 0 ? { kind: "all" } : { kind: "some", includes, excludes };
}

function names(value: unknown): string[] {
  const list: unknown[] = Array.isArray(value) ? value : value === undefined ? [] : [value];
  return list.filter((name): name is string => typeof name === "string");
}

function commaList(text: string): string[] {
  return text.split(",").filter((name) => name !== "");
}
