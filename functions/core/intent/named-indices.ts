import { matchesName } from "../bulk/filter-path.ts";
import type { Cluster } from "../cluster/port.ts";
import { isOfTheSystem, readIndexStates } from "../definition/index-states.ts";

/**
 * The concrete indices whose documents a write to `expression` may have changed. Closed ones take no writes, but one
 * may have been closed since, and be opened again before BACKUP's was closed as well: nobody would look at it then.
 * The products' own indices, and replication's, only count where a name leads to them: a wildcard does
 * not mean them. A plain name that PRIMARY does not know yet stands for itself: a reindex that runs on after
 * its answer creates its target when it pleases.
 * @param expression names, aliases, wildcards, exclusions, separated by commas.
 * @throws ClusterError or ClusterAnswerError when PRIMARY cannot say.
 */
export async function namedIndices(primary: Cluster, expression: string): Promise<readonly string[]> {
  const parts = expression.split(",").filter((part) => part !== "");
  const exact = parts.filter((part) => !part.includes("*") && !part.startsWith("-"));
  const wild = namesAnyIndex(expression);
  const named = exact.length > 0 ? await readIndexStates(primary, exact) : new Map<string, string>();
  const matched = wild ? await readIndexStates(primary, parts) : new Map<string, string>();
  const [only, ...more] = exact;
  if (only !== undefined && more.length === 0 && !wild && named.size === 0) return [only];
  return [...new Set([...named.keys(), ...[...matched.keys()].filter((name) => !isOfTheSystem(name))])];
}

/**
 * The expression with the indices that it leads to now and does not match by their names: those behind aliases, which may
 * lead elsewhere by the time of the follow-up.
 * @throws ClusterError or ClusterAnswerError when PRIMARY cannot say.
 */
export async function withAliasedIndices(primary: Cluster, expression: string): Promise<string> {
  const parts = expression.split(",");
  if (parts.some((part) => part === "*" || part === "_all")) return expression;
  const aliased = (await namedIndices(primary, expression)).filter(
    (index) => !parts.some((part) => matchesName(part, index)),
  );
  return [...parts, ...aliased].join(",");
}

/** Whether an index that is made later may belong to the expression as well. */
export function namesAnyIndex(expression: string): boolean {
  return expression.includes("*");
}
