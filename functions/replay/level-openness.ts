import { readIndexStates, setIndexState } from "../core/definition/index-states.ts";
import { sendWork } from "../core/queue/send-work.ts";
import { wholeIndexRecord } from "../core/replication/record.ts";
import { TruthUnsettled } from "../core/truth/settled-progress.ts";
import type { ReplayServices } from "./replay-batch.ts";

/** Records of one time come together: an index that was opened is left alone for that long. */
export const openedForSeconds = 10;

/**
 * Opens BACKUP's index. While it was closed it may have missed what cannot be read of a closed index: a
 * reconcile of it as a whole is queued before, so that a process that dies in between does not lose it. That
 * levels the openness first, so an index that PRIMARY keeps closed does not stay open.
 * @throws ClusterError, ClusterAnswerError, or what the queue throws.
 */
export async function openOnBackup(index: string, services: ReplayServices): Promise<void> {
  const reconcile = wholeIndexRecord(index, "BACKUP's index was opened", services.now());
  await sendWork([reconcile], services, openedForSeconds);
  await setIndexState(services.backup, index, "open");
}

/**
 * Closes and opens BACKUP's indices as PRIMARY's are. A record that comes to a closed one opens it again for
 * itself (`secondChance`), and the reconcile that follows levels it anew.
 * @returns what PRIMARY's are.
 * @throws TruthUnsettled when PRIMARY's keep changing, ClusterError, ClusterAnswerError: try again later.
 */
export async function levelOpenness(
  names: readonly string[],
  services: ReplayServices,
): Promise<ReadonlyMap<string, "open" | "closed">> {
  const { primary, backup } = services;
  // Looked at again after every change, and put right at once: the record of a consumer that stood still for
  // longer than its message was hidden is another's by then, and does not come again.
  for (let rounds = 0; rounds < 3; rounds++) {
    const onPrimary = await readIndexStates(primary, names);
    const onBackup = await readIndexStates(backup, names);
    const different = [...onPrimary].filter(([name, state]) => (onBackup.get(name) ?? state) !== state);
    if (different.length === 0) return onPrimary;
    for (const [name, state] of different) {
      if (state === "open") await openOnBackup(name, services);
      else await setIndexState(backup, name, state);
    }
  }
  throw new TruthUnsettled(`[${names.join(",")}] are opened and closed again and again`);
}
