import { reconcileRecords } from "../core/intent/follow-up.ts";
import { sendWork } from "../core/queue/send-work.ts";
import { readStoredDocuments } from "../core/truth/stored-documents.ts";
import type { ApplyServices, PendingOperation } from "./apply-operations.ts";

/**
 * Documents that BACKUP was given late, by operations below their shard's horizon: a whole-index reconcile has
 * been here since PRIMARY numbered them, and a deletion that it found may have left no tombstone. Those that
 * PRIMARY does not have are queued to be reconciled, which deletes them under the absence proof.
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
  return documents.map((document) => (document.kind === "unreadable" ? document.reason : undefined));
}
