import * as v from "valibot";
import { ask, readJson } from "../cluster/json-request.ts";
import { type Cluster, ClusterError } from "../cluster/port.ts";
import { segment } from "../routing/path.ts";

/** One document of a page, without its source. */
export interface PageEntry {
  readonly id: string;
  readonly routing: string | undefined;
  readonly seqNo: string;
  readonly primaryTerm: string;
}

const hitsSchema = v.object({
  timed_out: v.boolean(),
  _shards: v.object({ failed: v.number() }),
  hits: v.object({
    hits: v.array(
      v.object({
        _id: v.string(),
        _routing: v.optional(v.string()),
        _seq_no: v.number(),
        _primary_term: v.number(),
      }),
    ),
  }),
});

/** Documents of one page. */
export const pageSize = 1000;

/**
 * The next documents of one shard above a sequence number, in its order. The sequence number is the
 * cursor, so there is no search context to keep, and a document that changes meanwhile is met again.
 * The shard is refreshed before its first page.
 * @throws ClusterError or ClusterAnswerError when the cluster cannot say.
 */
export async function readPage(
  cluster: Cluster,
  index: string,
  shard: number,
  afterSeqNo: string,
): Promise<readonly PageEntry[]> {
  const path = `/${segment(index)}`;
  if (afterSeqNo === "-1") await ask(cluster, { method: "POST", path: `${path}/_refresh` });
  const answer = await ask(cluster, {
    method: "POST",
    path: `${path}/_search`,
    query: `preference=_shards:${shard}&request_cache=false`,
    body: {
      size: pageSize,
      query: { range: { _seq_no: { gt: Number(afterSeqNo) } } },
      // An index that never had a mapping does not know the field, and has no documents.
      sort: [{ _seq_no: { order: "asc", unmapped_type: "long" } }],
      seq_no_primary_term: true,
      _source: false,
      track_total_hits: false,
    },
  });
  if (answer.status === 404) return [];
  const { timed_out, _shards, hits } = readJson(cluster, hitsSchema, answer);
  if (timed_out || _shards.failed > 0)
    throw new ClusterError(cluster.name, "lost", `shard ${shard} of [${index}] could not be read`);
  return hits.hits.map(({ _id, _routing, _seq_no, _primary_term }) => ({
    id: _id,
    routing: _routing,
    seqNo: String(_seq_no),
    primaryTerm: String(_primary_term),
  }));
}
