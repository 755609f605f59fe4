/**
 * What BACKUP's answer to one operation means.
 * - `applied`: it is so on BACKUP now.
 * - `superseded`: BACKUP is past it already: success.
 * - `retry`: it may succeed later as it is.
 * - `missing`: BACKUP has no index for the incarnation; it is to be made from PRIMARY's definition.
 * - `closed`: BACKUP's index is closed; it is to be opened, whatever PRIMARY's is by now.
 * - `remap`: BACKUP's mapping does not take the document; PRIMARY's may have grown since it was copied.
 * - `park`: it will not succeed without a person.
 */
export type Disposition =
  | { readonly kind: "applied" }
  | { readonly kind: "superseded" }
  | { readonly kind: "retry"; readonly reason: string }
  | { readonly kind: "missing"; readonly reason: string }
  | { readonly kind: "closed"; readonly reason: string }
  | { readonly kind: "remap"; readonly reason: string }
  | { readonly kind: "park"; readonly reason: string };

/** One item of BACKUP's bulk answer. */
export interface BackupItem {
  readonly status: number;
  /** `undefined` when the item has no error. */
  readonly error: { readonly type: string; readonly reason: string } | undefined;
}

const mappingErrors: ReadonlySet<string> = new Set([
  "mapper_parsing_exception",
  "document_parsing_exception",
  "strict_dynamic_mapping_exception",
  "illegal_argument_exception",
]);

/** The class of one item (docs/cluster-semantics.md, section 10). */
export function dispositionOf(item: BackupItem): Disposition {
  const { status, error } = item;
  // 404 without an error is a delete of a missing document: applied, and it leaves its version behind.
  if (error === undefined) return { kind: "applied" };
  const reason = `${status} ${error.type}: ${error.reason}`;
  if (error.type === "version_conflict_engine_exception") return { kind: "superseded" };
  if (error.type === "index_not_found_exception" || error.type === "invalid_index_name_exception") {
    return { kind: "missing", reason };
  }
  if (error.type === "index_closed_exception") return { kind: "closed", reason };
  // Blocks (read-only, flood stage, write) end when a person or the disk says so.
  if (error.type === "cluster_block_exception") return { kind: "retry", reason };
  if (status === 429 || status >= 500 || status === 401 || status === 403) return { kind: "retry", reason };
  if (status === 400 && mappingErrors.has(error.type)) return { kind: "remap", reason };
  return { kind: "park", reason };
}
