import type { Outcome } from "../core/bulk/outcome.ts";
import type { Cluster } from "../core/cluster/port.ts";
import { type DocumentKey, type ReplicaOperation, sliceOf } from "../core/replication/record.ts";
import { encodeVersion } from "../core/replication/version.ts";
import type { Telemetry } from "../core/runtime/telemetry.ts";
import { readLasting } from "../core/truth/settled-progress.ts";
import { type FoundDocument, readStoredDocuments } from "../core/truth/stored-documents.ts";

/** What was read back of one index. */
export interface StoredOperations {
  readonly operations: readonly ReplicaOperation[];
  /** Documents that nothing certain can be said of now. */
  readonly unknown: readonly DocumentKey[];
}

export interface StoredOperationsServices {
  readonly primary: Cluster;
  readonly epoch: number;
  readonly telemetry: Telemetry;
}

/**
 * Reads back what PRIMARY stored, with its own sequence numbers, where the request's bytes may not be it. A
 * later number than the request's own is another request's, and counts when a fail-over cannot take it back
 * any more. All others are unknown: those that are gone by now, and all of them while PRIMARY cannot be asked.
 * An index without `_source` cannot be read back: there PRIMARY only confirms that it holds what was sent.
 * @param outcomes what PRIMARY answered to this request: these numbers it has acknowledged.
 * @param sent what the request itself wrote, should it have been to this very index.
 */
export async function storedOperations(
  index: string,
  keys: readonly DocumentKey[],
  outcomes: readonly Outcome[],
  sent: readonly ReplicaOperation[],
  services: StoredOperationsServices,
): Promise<StoredOperations> {
  try {
    const documents = await readStoredDocuments(services.primary, keys, { withSource: true });
    const own = new Set(outcomes.map(numberOf));
    const isOwn = (document: FoundDocument) => own.has(numberOf(document));
    const allOwn = documents.every((document) => document.kind !== "found" || isOwn(document));
    const isLasting = allOwn ? isOwn : await readLasting(index, services.primary);
    const sentAs = new Map(sent.map((operation) => [addressOf(operation), operation]));
    const operations: ReplicaOperation[] = [];
    const unknown: DocumentKey[] = [];
    for (const [i, key] of keys.entries()) {
      const document = documents[i];
      const lasts = document?.kind === "found" && (isOwn(document) || isLasting(document));
      if (!lasts) {
        unknown.push(key);
        continue;
      }
      const { id, routing, primaryTerm, seqNo, source } = document;
      const version = encodeVersion(index, services.epoch, primaryTerm, seqNo);
      const operation =
        source === undefined
          ? sentAs.get(addressOf({ id, routing, version }))
          : { id, routing, version, document: sliceOf(source) };
      if (operation === undefined) unknown.push(key);
      else operations.push(operation);
    }
    return { operations, unknown };
  } catch (error) {
    services.telemetry.warn("stored documents cannot be read back now", { index, error: String(error) });
    return { operations: [], unknown: keys };
  }
}

function addressOf({ id, routing, version }: Omit<ReplicaOperation, "document">): string {
  return JSON.stringify([version, routing, id]);
}

function numberOf(outcome: Outcome | FoundDocument): string {
  return "seqNo" in outcome ? `${outcome.primaryTerm}/${outcome.seqNo}/${outcome.id}` : "";
}
