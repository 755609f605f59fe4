import * as v from "valibot";
import { byName } from "../cluster/by-name.ts";
import { ask, readJson } from "../cluster/json-request.ts";
import type { Cluster } from "../cluster/port.ts";
import { segment } from "../routing/path.ts";

const shardSchema = v.object({
  routing: v.object({ primary: v.boolean() }),
  seq_no: v.optional(v.object({ max_seq_no: v.number(), global_checkpoint: v.number() })),
});
const statsSchema = v.object({
  indices: v.optional(
    byName(v.object({ shards: v.optional(v.record(v.string(), v.array(shardSchema)), {}) })),
  ),
});

/** The sequence numbers of one shard of PRIMARY. */
export interface ShardProgress {
  /** The highest number given out, perhaps to an operation that is still running. */
  readonly maxSeqNo: number;
  /** Every operation up to here has been applied on every copy of the shard. */
  readonly globalCheckpoint: number;
}

/**
 * How far each shard of an index is, by shard number.
 * @throws ClusterError or ClusterAnswerError when the cluster cannot say.
 */
export async function readProgress(
  cluster: Cluster,
  index: string,
): Promise<ReadonlyMap<number, ShardProgress>> {
  const answer = await ask(cluster, {
    method: "GET",
    path: `/${segment(index)}/_stats`,
    query: "level=shards&filter_path=indices.*.shards.*.seq_no,indices.*.shards.*.routing",
  });
  const progress = new Map<number, ShardProgress>();
  if (answer.status === 404) return progress;
  for (const [shard, copies] of Object.entries(
    readJson(cluster, statsSchema, answer).indices?.get(index)?.shards ?? {},
  )) {
    const seqNo = copies.find((copy) => copy.routing.primary)?.seq_no;
    if (seqNo !== undefined) {
      progress.set(Number(shard), { maxSeqNo: seqNo.max_seq_no, globalCheckpoint: seqNo.global_checkpoint });
    }
  }
  return progress;
}
