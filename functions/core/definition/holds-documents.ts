import * as v from "valibot";
import { ask, readJson } from "../cluster/json-request.ts";
import type { Cluster } from "../cluster/port.ts";
import { segment } from "../routing/path.ts";

const countSchema = v.object({ count: v.number(), _shards: v.object({ failed: v.number() }) });

/**
 * Whether an index holds any document; what was written just before the call counts. In doubt it does.
 * @throws ClusterError or ClusterAnswerError when the cluster cannot say.
 */
export async function holdsDocuments(cluster: Cluster, index: string): Promise<boolean> {
  const path = `/${segment(index)}`;
  await ask(cluster, { method: "POST", path: `${path}/_refresh` });
  const answer = await ask(cluster, { method: "GET", path: `${path}/_count` });
  if (answer.status === 404) return false;
  const { count, _shards } = readJson(cluster, countSchema, answer);
  return count > 0 || _shards.failed > 0;
}
