import { ask } from "../cluster/json-request.ts";
import type { Cluster } from "../cluster/port.ts";
import { segment } from "../routing/path.ts";
import { readDefinitions, readMark } from "./index-definition.ts";

/**
 * Deletes BACKUP's index of a name while it stands for that incarnation: its mark is read, then it is deleted.
 * No product deletes an index on a condition: `remove_index` beside a `remove` with `must_exist` in one
 * `_aliases` request fails with `index_not_found_exception` and deletes nothing, because the index is taken
 * away first (observed on OpenSearch 2.19.1). So two consumers may delete one after the other, and the second
 * one takes the first one's new index; the whole-index reconcile that is queued before every replacement
 * makes up for it.
 * @returns whether the incarnation is gone; `false` when the name stands for another one by now.
 */
export async function deleteIncarnation(backup: Cluster, index: string, uuid: string): Promise<boolean> {
  const present = (await readDefinitions(backup, index)).get(index);
  if (present === undefined) return true;
  if (readMark(present)?.uuid !== uuid) return false;
  await ask(backup, { method: "DELETE", path: `/${segment(index)}` });
  return true;
}
