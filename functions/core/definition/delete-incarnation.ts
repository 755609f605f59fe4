import { ask, ClusterAnswerError } from "../cluster/json-request.ts";
import type { Cluster } from "../cluster/port.ts";
import { incarnationAlias } from "../replication/incarnation.ts";
import { segment } from "../routing/path.ts";
import { readDefinitions, readMark } from "./index-definition.ts";

/**
 * What became of BACKUP's index. `deleted`: perhaps not the one that was meant, where this process stood still
 * before it deleted and another one replaced the index meanwhile: what is there now has to be reconciled as a whole.
 * `kept`: another consumer is at it, or it stands for another incarnation.
 */
export type Deletion = "deleted" | "absent" | "kept";

/**
 * Deletes BACKUP's index of a name while it stands for that incarnation. Two consumers may want to at the
 * same time, and the slower one must not delete what the faster one has made anew: whoever takes the
 * incarnation's alias away (`must_exist`) is the one that deletes. Taking both away in one request does
 * not work: the index goes first, and the alias is not found then (observed on OpenSearch 2.19).
 *
 * Unguarded, by BACKUP's mark alone, where the alias was gone already when this began (a consumer died
 * between the two steps), and on Elasticsearch before 7.11, which does not know `must_exist`; there the
 * whole-index reconcile that follows every replacement makes up for a race.
 */
export async function deleteIncarnation(backup: Cluster, index: string, uuid: string): Promise<Deletion> {
  const alias = incarnationAlias(uuid);
  const present = (await readDefinitions(backup, index)).get(index);
  if (present === undefined) return "absent";
  if (readMark(present)?.uuid !== uuid) return "kept";
  if (present.aliases[alias] !== undefined && !(await takeAlias(backup, index, alias))) return "kept";
  await ask(backup, { method: "DELETE", path: `/${segment(index)}` });
  return "deleted";
}

/** @returns `false` when somebody else took it away in the meantime. */
async function takeAlias(backup: Cluster, index: string, alias: string): Promise<boolean> {
  const actions = [{ remove: { index, alias, must_exist: true } }];
  try {
    const answer = await ask(backup, { method: "POST", path: "/_aliases", body: { actions } });
    return answer.status !== 404;
  } catch (error) {
    if (!(error instanceof ClusterAnswerError) || error.status !== 400) throw error;
    return true;
  }
}
