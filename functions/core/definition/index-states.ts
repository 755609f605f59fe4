import * as v from "valibot";
import { byName } from "../cluster/by-name.ts";
import { ask, ClusterAnswerError, readJson } from "../cluster/json-request.ts";
import type { Cluster } from "../cluster/port.ts";
import { segment } from "../routing/path.ts";
import { readInPages } from "./name-pages.ts";

const statesSchema = v.object({
  metadata: v.optional(v.object({ indices: v.optional(byName(v.object({ state: v.string() }))) })),
});

/**
 * Whether the concrete indices that some names and wildcards lead to are open, by index.
 * @throws ClusterError or ClusterAnswerError when the cluster cannot say.
 */
export function readIndexStates(
  cluster: Cluster,
  parts: readonly string[],
): Promise<ReadonlyMap<string, "open" | "closed">> {
  return readInPages(parts, (names) => readPage(cluster, names));
}

async function readPage(cluster: Cluster, names: string): Promise<ReadonlyMap<string, "open" | "closed">> {
  const answer = await ask(cluster, {
    method: "GET",
    path: `/_cluster/state/metadata/${names}`,
    query: "filter_path=metadata.indices.*.state&expand_wildcards=all&ignore_unavailable=true",
  }).catch((error: unknown) => {
    // A name that no index can have: a write is refused for it as well.
    if (error instanceof ClusterAnswerError && error.type === "invalid_index_name_exception")
      return undefined;
    throw error;
  });
  if (answer === undefined || answer.status === 404) return new Map();
  const indices = readJson(cluster, statesSchema, answer).metadata?.indices ?? [];
  return new Map([...indices].map(([name, { state }]) => [name, state === "open" ? "open" : "closed"]));
}

/**
 * Opens or closes an index; one that is so already is as good.
 * @throws ClusterError or ClusterAnswerError when the cluster does not.
 */
export async function setIndexState(
  cluster: Cluster,
  index: string,
  state: "open" | "closed",
): Promise<void> {
  const word = state === "open" ? "_open" : "_close";
  await ask(cluster, { method: "POST", path: `/${segment(index)}/${word}` });
}

/**
 * Whether an index is a product's or replication's own, so that a wildcard does not mean it. The backing indices
 * of a user's data stream begin with a dot too (`.ds-logs-000001`), and are the user's.
 */
export function isOfTheSystem(name: string): boolean {
  return name.startsWith("understudy-") || (name.startsWith(".") && !/^\.ds-[^.]/.test(name));
}
