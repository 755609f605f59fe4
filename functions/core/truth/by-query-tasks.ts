import * as v from "valibot";
import { ask, readJson } from "../cluster/json-request.ts";
import { type Cluster, ClusterError } from "../cluster/port.ts";

const tasksSchema = v.object({
  nodes: v.optional(v.record(v.string(), v.unknown()), {}),
  node_failures: v.optional(v.array(v.unknown()), []),
});

/** `_update_by_query`, `_delete_by_query` and `_reindex`, by their action names. */
const actions = "indices:data/write/*/byquery,indices:data/write/reindex";

/**
 * Whether the cluster runs a write that gives no per-document answers. Its client may have left long ago.
 * @throws ClusterError or ClusterAnswerError when the cluster cannot say.
 */
export async function runsByQuery(cluster: Cluster): Promise<boolean> {
  const query = `actions=${encodeURIComponent(actions)}&filter_path=node_failures,nodes.*.tasks.*.action`;
  const answer = await ask(cluster, { method: "GET", path: "/_tasks", query });
  const { nodes, node_failures } = readJson(cluster, tasksSchema, answer);
  if (node_failures.length > 0)
    throw new ClusterError(cluster.name, "lost", "a node does not tell its tasks");
  return Object.keys(nodes).length > 0;
}
