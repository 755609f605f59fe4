import type { Cluster } from "../cluster/port.ts";
import { readProgress } from "../truth/checkpoint.ts";

/** Whether a side index holds nothing that was written since a moment. */
export type IsQuiet = (index: string, sinceMs: number) => Promise<boolean>;

/**
 * Tells by a side index's highest sequence number, which grows with every write and is exact at once, that a look-up
 * of many keys would find nothing. An initial load is late as a whole while nobody deletes: 1,000 keys looked up
 * cost a tenth of applying them.
 *
 * The number is trusted once every copy of the shard has it: a fail-over could give out a higher one again.
 * `isQuiet` throws ClusterError or ClusterAnswerError when BACKUP cannot say.
 */
export function createIsQuiet(backup: Cluster, now: () => number): IsQuiet {
  const seen = new Map<string, { readonly maxSeqNo: number; readonly atMs: number }>();
  return async (index, sinceMs) => {
    const progress = (await readProgress(backup, index)).get(0);
    if (progress === undefined) return false;
    const { maxSeqNo, globalCheckpoint } = progress;
    if (maxSeqNo === -1) return true;
    const before = seen.get(index);
    if (before?.maxSeqNo === maxSeqNo) return before.atMs < sinceMs;
    if (globalCheckpoint === maxSeqNo) seen.set(index, { maxSeqNo, atMs: now() });
    else seen.delete(index);
    return false;
  };
}
