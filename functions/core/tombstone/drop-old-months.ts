import { ask, isClusterFailure } from "../cluster/json-request.ts";
import type { Cluster } from "../cluster/port.ts";
import { readDefinitions } from "../definition/index-definition.ts";

const dayMs = 24 * 3600_000;
/** Look-ups go back 13 weeks; an index is written to for a month after it was made. */
const keptMs = (14 * 7 + 31) * dayMs;

/**
 * Deletes the side indices of months that no look-up goes back to any more. Their ages are BACKUP's own:
 * its times of making them, against that of the one just made, so no machine's wrong clock can cost tombstones.
 * What cannot be deleted now goes when the next month's index is made.
 */
export async function dropOldMonths(backup: Cluster, justMade: string): Promise<void> {
  try {
    const made = new Map<string, number>();
    for (const [name, { settings }] of await readDefinitions(backup, "understudy-tombstones-*")) {
      made.set(name, Number(settings["index.creation_date"]));
    }
    const nowMs = made.get(justMade) ?? 0;
    for (const [name, madeMs] of made) {
      if (nowMs - madeMs > keptMs) await ask(backup, { method: "DELETE", path: `/${name}` });
    }
  } catch (error) {
    if (!isClusterFailure(error)) throw error;
  }
}
