import * as v from "valibot";
import { ask, readJson } from "../cluster/json-request.ts";
import type { Cluster } from "../cluster/port.ts";

const tasksSchema = v.object({ nodes: v.optional(v.record(v.string(), v.unknown()), {}) });

/** `_update_by_query`, `_delete_by_query` and `_reindex`, by their action names. */
const actions = "indices:data/write/*/byquery,indices:data/write/reindex";

/**
 * Whether the cluster runs a write that gives no per-document answers. Its client may have left long ago.
 * @throws ClusterError or ClusterAnswerError when the cluster cannot say.
 */
export async function runsByQuery(cluster: Cluster): Promise<boolean> {
  const query = `actions=${encodeURIComponent(actions)}&filter_path=nodes.*.tasks.*.action`;
  const answer = await ask(cluster, { method: "GET", path: "/_tasks", query });
  return Object.keys(readJson(cluster, tasksSchema, answer).nodes).length > 0;
}
