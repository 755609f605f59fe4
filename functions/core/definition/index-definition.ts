import * as v from "valibot";
import { ask, readJson } from "../cluster/json-request.ts";
import type { Cluster } from "../cluster/port.ts";
import { namePages } from "./name-pages.ts";
import type { IncarnationMark, IndexDefinition } from "./translate.ts";

const members = v.record(v.string(), v.unknown());
const definitionSchema = v.record(
  v.string(),
  v.object({ aliases: members, mappings: members, settings: members }),
);

const markSchema = v.object({
  uuid: v.string(),
  createdMs: v.number(),
  shards: v.number(),
  routingShards: v.number(),
  partitionSize: v.number(),
});
const markedSchema = v.object({ _meta: v.object({ understudy: markSchema }) });

/**
 * The definitions of all indices that a multi-target expression names, by concrete name.
 * @throws ClusterError or ClusterAnswerError when the cluster cannot say.
 */
export async function readDefinitions(
  cluster: Cluster,
  expression: string,
): Promise<ReadonlyMap<string, IndexDefinition>> {
  const pages = await Promise.all(namePages(expression.split(",")).map((names) => readPage(cluster, names)));
  return new Map(pages.flatMap((page) => [...page]));
}

async function readPage(cluster: Cluster, names: string): Promise<ReadonlyMap<string, IndexDefinition>> {
  const query = "flat_settings=true&expand_wildcards=all&ignore_unavailable=true&allow_no_indices=true";
  const answer = await ask(cluster, { method: "GET", path: `/${names}`, query });
  if (answer.status === 404) return new Map();
  return new Map(Object.entries(readJson(cluster, definitionSchema, answer)));
}

/** The mark that an earlier replay left in a mapping on BACKUP. */
export function readMark(definition: IndexDefinition): IncarnationMark | undefined {
  const parsed = v.safeParse(markedSchema, definition.mappings);
  return parsed.success ? parsed.output._meta.understudy : undefined;
}
