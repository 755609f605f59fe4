import * as v from "valibot";
import { ask, readJson } from "../cluster/json-request.ts";
import type { Cluster } from "../cluster/port.ts";
import { segment } from "../routing/path.ts";

const countSchema = v.object({ count: v.number(), _shards: v.object({ failed: v.number() }) });

/**
 * The documents of an index, all that was written before the call included.
 * @throws ClusterError or ClusterAnswerError when the cluster cannot say, or not of every shard.
 */
export async function countDocuments(cluster: Cluster, index: string): Promise<number | undefined> {
  const path = `/${segment(index)}`;
  await ask(cluster, { method: "POST", path: `${path}/_refresh` });
  const { count, _shards } = readJson(
    cluster,
    countSchema,
    await ask(cluster, { method: "GET", path: `${path}/_count` }),
  );
  return _shards.failed > 0 ? undefined : count;
}
