import { segmentsOf } from "./path.ts";

/** A write of one document, by its address. */
export interface DocumentTarget {
  readonly action: "index" | "create" | "update" | "delete";
  readonly index: string;
  /** `undefined`: PRIMARY is to choose one. */
  readonly id: string | undefined;
}

/**
 * What the gateway does with a request.
 * - `read`: PRIMARY, or BACKUP while PRIMARY is unavailable.
 * - `bulk`, `document`: PRIMARY, then what it accepted is replicated.
 * - `definition`: an index-level change: PRIMARY, then BACKUP's definitions are made equal for `pattern`.
 * - `by-query`: a write without per-item answers: PRIMARY, then the indices in `pattern` are reconciled.
 * - `pass`: PRIMARY only; neither replicated nor fallen back.
 */
export type Endpoint =
  | { readonly kind: "read" }
  | { readonly kind: "bulk"; readonly index: string | undefined; readonly type: string | undefined }
  | { readonly kind: "document"; readonly target: DocumentTarget }
  | { readonly kind: "definition"; readonly pattern: string }
  | { readonly kind: "by-query"; readonly pattern: string }
  | { readonly kind: "pass" };

const pass: Endpoint = { kind: "pass" };
const read: Endpoint = { kind: "read" };

/** Reads that use POST, at the root and under an index; the stack gives each a resource of its own. */
export const postReads = [
  "_search",
  "_msearch",
  "_count",
  "_mget",
  "_field_caps",
  "_validate",
  "_explain",
  "_termvectors",
  "_mtermvectors",
  "_analyze",
  "_rank_eval",
  "_search_shards",
  "_terms_enum",
] as const;
const postReadNames: ReadonlySet<string> = new Set(postReads);

/** Reads of a cluster's own state: BACKUP's answer would be about another cluster. */
const primaryOnlyReads: ReadonlySet<string> = new Set([
  "_cluster",
  "_nodes",
  "_tasks",
  "_snapshot",
  "_security",
  "_plugins",
  "_opendistro",
  "_license",
  "_xpack",
  "_ilm",
  "_slm",
  "_ccr",
  "_ml",
  "_watcher",
  "_remote",
]);

/** What a request is, from its method and encoded path alone. */
export function classify(method: string, path: string): Endpoint {
  const segments = segmentsOf(path);
  if (segments === undefined) return pass;
  const [first, second] = segments;
  if (method === "GET" || method === "HEAD") {
    return first !== undefined && primaryOnlyReads.has(first) ? pass : read;
  }
  if (first === undefined) return pass;
  if (method === "POST" && postReadNames.has(namesIndex(first) ? (second ?? "") : first)) return read;
  if (first === "_all") return everyIndexWrite(method, segments);
  if (first === "_bulk") return isBulk(method, segments.length, 1) ?? pass;
  if (first.startsWith("_")) return rootWrite(method, segments);
  return indexWrite(method, first, segments);
}

/** Whether a path begins with an index: every other name with an underscore is an endpoint's. */
function namesIndex(first: string): boolean {
  return !first.startsWith("_") || first === "_all";
}

/** `_all` is the pattern `*` where a pattern may stand; no document goes to an index of that name. */
function everyIndexWrite(method: string, segments: readonly string[]): Endpoint {
  const endpoint = indexWrite(method, "*", segments);
  return endpoint.kind === "document" || endpoint.kind === "bulk" ? pass : endpoint;
}

function isBulk(method: string, length: number, expected: number, index?: string, type?: string) {
  const matches = (method === "POST" || method === "PUT") && length === expected;
  return matches ? ({ kind: "bulk", index, type } as const) : undefined;
}

/** Writes whose path does not begin with an index. */
function rootWrite(method: string, segments: readonly string[]): Endpoint {
  const [first, second, third, fourth] = segments;
  switch (first) {
    case "_alias":
    case "_aliases":
    case "_mapping":
    case "_mappings":
    case "_settings":
      return { kind: "definition", pattern: "*" };
    case "_reindex":
      return method === "POST" && second === undefined ? { kind: "by-query", pattern: "*" } : pass;
    case "_snapshot":
      return fourth === "_restore" && third !== undefined ? { kind: "by-query", pattern: "*" } : pass;
    default:
      return pass;
  }
}

const definitionWords: ReadonlySet<string> = new Set([
  "_mapping",
  "_mappings",
  "_settings",
  "_alias",
  "_aliases",
  "_close",
  "_open",
  "_block",
]);
const resizeWords: ReadonlySet<string> = new Set(["_shrink", "_split", "_clone"]);

const byQueryWords: ReadonlySet<string> = new Set(["_update_by_query", "_delete_by_query"]);

/** Writes under an index. */
function indexWrite(method: string, index: string, segments: readonly string[]): Endpoint {
  const [, second, third, fourth] = segments;
  if (second === undefined) {
    return method === "PUT" || method === "DELETE" ? { kind: "definition", pattern: index } : pass;
  }
  if (second === "_bulk") return isBulk(method, segments.length, 2, index) ?? pass;
  // `/{index}/{type}/_search`, up to Elasticsearch 7. Not under `_doc`: that is a document where there are no
  // types (observed on OpenSearch), and a search taken for a document costs one reconcile that finds nothing.
  const typed = !second.startsWith("_") && third !== undefined && fourth === undefined;
  if (typed && method === "POST" && postReadNames.has(third)) return read;
  if (typed && definitionWords.has(third)) return { kind: "definition", pattern: index };
  if (third === "_bulk") return isBulk(method, segments.length, 3, index, second) ?? pass;
  if (definitionWords.has(second)) return { kind: "definition", pattern: index };
  if (resizeWords.has(second)) return { kind: "definition", pattern: third ?? index };
  if (second === "_rollover") return { kind: "definition", pattern: "*" };
  // With a type in between, up to Elasticsearch 7; where that is a document, reconciling covers it as well.
  if (byQueryWords.has(second) || (fourth === undefined && byQueryWords.has(third ?? "")))
    return { kind: "by-query", pattern: index };
  return documentWrite(method, index, second, third, fourth);
}

function documentWrite(
  method: string,
  index: string,
  second: string,
  third: string | undefined,
  fourth: string | undefined,
): Endpoint {
  const document = (action: DocumentTarget["action"], id?: string): Endpoint => ({
    kind: "document",
    target: { action, index, id },
  });
  const writes = method === "PUT" || method === "POST";
  if (second === "_create" && third !== undefined && writes) return document("create", third);
  if (second === "_update" && third !== undefined && method === "POST") return document("update", third);
  // `_doc`, or a mapping type's own name where PRIMARY still has types.
  if (second.startsWith("_") && second !== "_doc") return pass;
  if (third === undefined) return method === "POST" ? document("index") : pass;
  if (fourth === "_update" && method === "POST") return document("update", third);
  if (fourth === "_create" && writes) return document("create", third);
  if (fourth !== undefined) return pass;
  if (method === "DELETE") return document("delete", third);
  return writes ? document("index", third) : pass;
}
