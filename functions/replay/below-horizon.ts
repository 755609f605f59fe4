import type { Cluster } from "../core/cluster/port.ts";
import { readIndexStates } from "../core/definition/index-states.ts";
import { reconcileRecords } from "../core/intent/follow-up.ts";
import { sendWork } from "../core/queue/send-work.ts";
import { type DocumentKey, wholeIndexRecord } from "../core/replication/record.ts";
import { readStoredDocuments } from "../core/truth/stored-documents.ts";
import type { ApplyServices, PendingOperation } from "./apply-operations.ts";
import { openedForSeconds } from "./level-openness.ts";

/**
 * Documents that BACKUP was given late, by operations below their shard's horizon: a whole-index reconcile has
 * been here since PRIMARY numbered them, and a deletion that it found may have left no tombstone. Those that
 * PRIMARY does not have are queued to be reconciled, which deletes them under the absence proof. An index that is
 * closed on PRIMARY, perhaps for good, is queued as a whole: that closes BACKUP's too, or finds PRIMARY's open again.
 * @returns for each, in the given order, why PRIMARY could not say, or `undefined` when it has been seen to.
 * @throws ClusterError or ClusterAnswerError when PRIMARY cannot say; what the queue throws.
 */
export async function checkBelowHorizon(
  operations: readonly PendingOperation[],
  services: ApplyServices,
): Promise<readonly (string | undefined)[]> {
  if (operations.length === 0) return [];
  const keys = operations.map(({ incarnation: { index }, entry: { id, routing } }) => ({
    index,
    id,
    routing,
  }));
  const documents = await readStoredDocuments(services.primary, keys, { withSource: false });
  const gone = keys.filter((_, i) => documents[i]?.kind === "missing");
  services.telemetry.count("horizonLookups", keys.length);
  const writtenAtMs = Math.min(...operations.map((operation) => operation.writtenAtMs));
  await sendWork(reconcileRecords(gone, { writtenAtMs, reason: "below the horizon" }, 0), services);
  const unreadable = keys.filter((_, i) => documents[i]?.kind === "unreadable");
  const closed = await closedOnPrimary(unreadable, services.primary);
  const whole = [...closed].map((index) =>
    wholeIndexRecord(index, "below the horizon, and closed", writtenAtMs),
  );
  await sendWork(whole, services, openedForSeconds);
  return documents.map((document, i) =>
    document.kind === "unreadable" && !closed.has(keys[i]?.index ?? "") ? document.reason : undefined,
  );
}

async function closedOnPrimary(keys: readonly DocumentKey[], primary: Cluster): Promise<ReadonlySet<string>> {
  const names = [...new Set(keys.map(({ index }) => index))];
  const states = await readIndexStates(primary, names);
  return new Set(names.filter((name) => states.get(name) === "closed"));
}
