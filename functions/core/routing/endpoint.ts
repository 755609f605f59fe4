/** A write of one document, by its address. */
export interface DocumentTarget {
  readonly action: DocumentAction;
  readonly index: string;
  /** `undefined`: PRIMARY is to choose one. */
  readonly id: string | undefined;
}

export type DocumentAction = "index" | "create" | "update" | "delete";

/** Something that only the cluster that made it can read. */
export type HandleKind =
  | "scroll"
  | "pit"
  | "sql-cursor"
  | "async-search"
  | "async-sql"
  | "async-query"
  | "async-eql";

/** A handle at an endpoint. */
export interface HandleRule {
  readonly handle: HandleKind;
  /**
   * Where a request brings one: `path id` a variable of the path, `query id` a parameter, `body pit.id` a member
   * of its JSON body, a string or a list of strings, `lines pit.id` one of each of its lines. Empty where a request
   * brings none.
   */
  readonly brought: readonly string[];
  /** The members of the answer's JSON body that give one out, at its top or, `pits.pit_id`, in what it holds. */
  readonly given: readonly string[];
}

/** Definitions of a cluster's that have a name, besides its indices. */
export const namedDefinitionKinds = [
  "template",
  "index-template",
  "component-template",
  "ingest-pipeline",
  "search-pipeline",
  "script",
] as const;
export type NamedDefinitionKind = (typeof namedDefinitionKinds)[number];

/**
 * What the gateway does with a request.
 * - `read`: PRIMARY, or BACKUP while PRIMARY is unavailable. The answer may give out handles.
 * - `handle`: about handles only: the cluster that made them, or, for the first one, as `read`.
 * - `bulk`, `document`: PRIMARY, then what it accepted is replicated.
 * - `bulk-or-document`: `/{index}/_doc/_bulk`, which is a bulk where PRIMARY's paths have types, and a document after.
 * - `definition`: an index-level change: PRIMARY, then BACKUP's indices are made equal for `pattern`.
 * - `named-definition`: a template, a pipeline, a script: PRIMARY, then BACKUP's are made equal for `pattern`.
 * - `by-query`: a write without per-item answers: PRIMARY, then the indices in `pattern` are reconciled.
 * - `pass`: PRIMARY only; neither replicated nor fallen back.
 */
export type Endpoint =
  | { readonly kind: "read"; readonly handles: readonly HandleRule[] }
  | { readonly kind: "handle"; readonly does: HandleStep; readonly handles: readonly HandleRule[] }
  | { readonly kind: "bulk"; readonly index: string | undefined; readonly type: string | undefined }
  | { readonly kind: "document"; readonly target: DocumentTarget }
  | { readonly kind: "bulk-or-document"; readonly index: string }
  | { readonly kind: "definition"; readonly pattern: string }
  | { readonly kind: "named-definition"; readonly of: NamedDefinitionKind; readonly pattern: string }
  | { readonly kind: "by-query"; readonly pattern: string }
  | { readonly kind: "pass" };

/** `list`: a cluster's own handles, all of them. */
export type HandleStep = "open" | "use" | "close" | "list";

/** What a rule of the table says; `pattern` names the path's variable that holds it, or is `*`. */
export type Treatment =
  | { readonly kind: "read"; readonly handles: readonly HandleRule[] }
  | { readonly kind: "handle"; readonly does: HandleStep; readonly handles: readonly HandleRule[] }
  | { readonly kind: "bulk" }
  | { readonly kind: "bulk-or-document" }
  | { readonly kind: "document"; readonly action: DocumentAction }
  | { readonly kind: "definition"; readonly pattern: string }
  | { readonly kind: "named-definition"; readonly of: NamedDefinitionKind; readonly pattern: string }
  | { readonly kind: "by-query"; readonly pattern: string }
  | { readonly kind: "pass" };

/**
 * One line of the table: `METHOD METHOD /path`. A GET speaks for HEAD as well. `(…)` may be left out, `{name}`
 * is one segment, `/**` any that follow or none, and the method `*` is any.
 */
export interface Rule {
  readonly route: string;
  readonly treatment: Treatment;
}
