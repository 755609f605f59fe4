import assert from "node:assert/strict";
import { test } from "node:test";
import { type Disposition, dispositionOf } from "../../functions/core/replication/disposition.ts";

/** BACKUP's answer and its class, as docs/cluster-semantics.md, section 10, lists them. */
const classes: readonly [number, string | undefined, Disposition["kind"]][] = [
  [200, undefined, "applied"],
  [201, undefined, "applied"],
  [404, undefined, "applied"],
  [409, "version_conflict_engine_exception", "superseded"],
  [429, "es_rejected_execution_exception", "retry"],
  [429, "rejected_execution_exception", "retry"],
  [429, "circuit_breaking_exception", "retry"],
  [429, "cluster_block_exception", "retry"],
  [403, "cluster_block_exception", "retry"],
  [400, "index_closed_exception", "closed"],
  [403, "index_closed_exception", "closed"],
  [503, "unavailable_shards_exception", "retry"],
  [500, "some_exception", "retry"],
  [502, "unknown", "retry"],
  [504, "timeout_exception", "retry"],
  [401, "security_exception", "retry"],
  [403, "security_exception", "retry"],
  [404, "index_not_found_exception", "missing"],
  [400, "invalid_index_name_exception", "missing"],
  [400, "mapper_parsing_exception", "remap"],
  [400, "document_parsing_exception", "remap"],
  [400, "strict_dynamic_mapping_exception", "remap"],
  [400, "illegal_argument_exception", "remap"],
  [400, "routing_missing_exception", "park"],
  [400, "anything_else_exception", "park"],
  [413, "content_too_long_exception", "park"],
];

for (const [status, type, kind] of classes) {
  test(`dispositionOf() takes ${status} ${type ?? "without an error"} for ${kind}`, () => {
    const error = type === undefined ? undefined : { type, reason: "the reason" };
    const disposition = dispositionOf({ status, error });
    assert.equal(disposition.kind, kind);
    if ("reason" in disposition) assert.equal(disposition.reason, `${status} ${type}: the reason`);
  });
}
