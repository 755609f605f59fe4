import * as v from "valibot";
import { byName } from "../../functions/core/cluster/by-name.ts";
import { ask, readJson } from "../../functions/core/cluster/json-request.ts";
import type { Cluster } from "../../functions/core/cluster/port.ts";
import { readDefinitions, readMark } from "../../functions/core/definition/index-definition.ts";
import { isOfTheSystem } from "../../functions/core/definition/index-states.ts";
import { segment } from "../../functions/core/routing/path.ts";

/** An index on one side. */
export interface NamedIndex {
  readonly index: string;
  readonly uuid: string;
  readonly open: boolean;
  readonly shards: number;
}

const metadataSchema = v.object({
  // Always there: another server's JSON is no cluster without indices.
  cluster_name: v.string(),
  metadata: v.optional(
    v.object({
      indices: v.optional(
        byName(
          v.object({
            state: v.string(),
            settings: v.object({ index: v.object({ uuid: v.string(), number_of_shards: v.string() }) }),
          }),
        ),
      ),
    }),
  ),
});

const wanted = ["state", "settings.index.uuid", "settings.index.number_of_shards"];

/**
 * The indices that a multi-target expression names, by name, without the cluster's own and understudy's. The
 * backing indices of data streams are among them.
 * @throws ClusterError or ClusterAnswerError when the cluster cannot say.
 */
export async function readNamedIndices(
  cluster: Cluster,
  expression: string,
): Promise<ReadonlyMap<string, NamedIndex>> {
  const fields = wanted.map((field) => `metadata.indices.*.${field}`).join(",");
  const answer = await ask(cluster, {
    method: "GET",
    path: `/_cluster/state/metadata/${expression.split(",").map(segment).join(",")}`,
    query: `filter_path=cluster_name,${fields}&expand_wildcards=all&ignore_unavailable=true&allow_no_indices=true`,
  });
  const found = new Map<string, NamedIndex>();
  if (answer.status === 404) return found;
  const indices = [...(readJson(cluster, metadataSchema, answer).metadata?.indices ?? [])];
  for (const [index, described] of indices.sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (isOfTheSystem(index)) continue;
    const { uuid, number_of_shards } = described.settings.index;
    found.set(index, {
      index,
      uuid,
      open: described.state === "open",
      shards: Number(number_of_shards),
    });
  }
  return found;
}

/** The UUIDs of PRIMARY's indices that BACKUP's stand for, by BACKUP's index; without those that replay never touched. */
export async function readMarks(backup: Cluster, expression: string): Promise<ReadonlyMap<string, string>> {
  const marks = new Map<string, string>();
  for (const [index, definition] of await readDefinitions(backup, expression)) {
    const mark = readMark(definition);
    if (mark !== undefined) marks.set(index, mark.uuid);
  }
  return marks;
}

const countSchema = v.object({ count: v.number() });

/** How many documents of an index a search finds; 0 where there is no such index. */
export async function countDocuments(cluster: Cluster, index: string): Promise<number> {
  const answer = await ask(cluster, { method: "GET", path: `/${segment(index)}/_count` });
  return answer.status === 404 ? 0 : readJson(cluster, countSchema, answer).count;
}
