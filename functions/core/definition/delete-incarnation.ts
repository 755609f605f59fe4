import { ask, ClusterAnswerError, errorOf } from "../cluster/json-request.ts";
import type { Cluster } from "../cluster/port.ts";
import { incarnationAlias } from "../replication/incarnation.ts";
import { segment } from "../routing/path.ts";
import { readDefinitions, readMark } from "./index-definition.ts";

/**
 * Deletes BACKUP's index of a name only while it stands for that incarnation: the incarnation's alias and
 * the index go in one atomic step, which fails when the alias is not there (`must_exist`; observed on
 * OpenSearch 2.19). So two consumers that replace the same index cannot delete each other's new one.
 * Where the alias was taken away by hand, and on Elasticsearch before 7.11, which does
 * not know `must_exist`, the deletion is unguarded; the whole-index reconcile that follows every
 * replacement makes up for it.
 * @returns whether the incarnation is gone; `false` when the name stands for another one by now.
 */
export async function deleteIncarnation(backup: Cluster, index: string, uuid: string): Promise<boolean> {
  const alias = incarnationAlias(uuid);
  const actions = [{ remove: { index, alias, must_exist: true } }, { remove_index: { index } }];
  try {
    const answer = await ask(backup, { method: "POST", path: "/_aliases", body: { actions } });
    if (answer.status !== 404 || errorOf(answer).type === "index_not_found_exception") return true;
  } catch (error) {
    if (!(error instanceof ClusterAnswerError) || error.status !== 400) throw error;
    return deleteUnguarded(backup, index, uuid);
  }
  return deleteUnguarded(backup, index, uuid);
}

/** Reads which incarnation the index stands for, and deletes it when it is still that one. */
async function deleteUnguarded(backup: Cluster, index: string, uuid: string): Promise<boolean> {
  const present = (await readDefinitions(backup, index)).get(index);
  if (present === undefined) return true;
  if (readMark(present)?.uuid !== uuid) return false;
  await ask(backup, { method: "DELETE", path: `/${segment(index)}` });
  return true;
}
