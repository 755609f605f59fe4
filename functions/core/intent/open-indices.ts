import * as v from "valibot";
import { byName } from "../cluster/by-name.ts";
import { ask, ClusterAnswerError, readJson } from "../cluster/json-request.ts";
import type { Cluster } from "../cluster/port.ts";
import { segment } from "../routing/path.ts";

const statesSchema = v.object({
  metadata: v.optional(v.object({ indices: v.optional(byName(v.object({ state: v.string() }))) })),
});

/**
 * The concrete indices whose documents a write to `expression` may have changed. Closed ones take no writes.
 * Names that begin with a dot, and replication's own, only count where a name leads to them: a wildcard does
 * not mean them. A plain name that PRIMARY does not know yet stands for itself: a reindex that runs on after
 * its answer creates its target when it pleases.
 * @param expression names, aliases, wildcards, exclusions, separated by commas.
 * @throws ClusterError or ClusterAnswerError when PRIMARY cannot say.
 */
export async function openIndices(primary: Cluster, expression: string): Promise<readonly string[]> {
  const parts = expression.split(",").filter((part) => part !== "");
  const exact = parts.filter((part) => !part.includes("*") && !part.startsWith("-"));
  const wild = parts.some((part) => part.includes("*"));
  const named = exact.length > 0 ? await statesOf(primary, exact) : new Map<string, string>();
  const matched = wild ? await statesOf(primary, parts) : new Map<string, string>();
  const [only, ...more] = exact;
  if (only !== undefined && more.length === 0 && !wild && named.size === 0) return [only];
  const concerned = [...named, ...[...matched].filter(([name]) => !isOfTheSystem(name))];
  return [...new Set(concerned.filter(([, state]) => state === "open").map(([name]) => name))];
}

function isOfTheSystem(name: string): boolean {
  return name.startsWith(".") || name.startsWith("understudy-");
}

async function statesOf(primary: Cluster, parts: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const answer = await ask(primary, {
    method: "GET",
    path: `/_cluster/state/metadata/${parts.map(segment).join(",")}`,
    query: "filter_path=metadata.indices.*.state&expand_wildcards=all&ignore_unavailable=true",
  }).catch((error: unknown) => {
    // A name that no index can have: the write was refused for it as well.
    if (error instanceof ClusterAnswerError && error.type === "invalid_index_name_exception")
      return undefined;
    throw error;
  });
  if (answer === undefined || answer.status === 404) return new Map();
  const indices = readJson(primary, statesSchema, answer).metadata?.indices ?? [];
  return new Map([...indices].map(([name, { state }]) => [name, state]));
}
