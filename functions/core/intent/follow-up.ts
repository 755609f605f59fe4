import type { Cluster } from "../cluster/port.ts";
import {
  type DocumentKey,
  looksAfterUnknown,
  type Origin,
  type ReconcileRecord,
  type ReplicationRecord,
  wholeIndexRecord,
} from "../replication/record.ts";
import { splitBySize } from "../replication/split-by-size.ts";
import type { IntentWork } from "./intents.ts";
import { namedIndices } from "./named-indices.ts";

/** Keys of one reconcile record: what replay reads from PRIMARY in one go. */
const keysPerRecord = 500;
/** Their names, ids and routings together: a message must stay far below SQS's 1 MiB. */
const keyCharactersMax = 100_000;

/** Where a record comes from, and why there is one. */
export interface Cause extends Origin {
  readonly reason: string;
}

/**
 * The records that make BACKUP equal again after a piece of work, however it ended.
 * @throws ClusterError or ClusterAnswerError when PRIMARY cannot say which indices a pattern names now.
 */
export async function followUpRecords(
  work: IntentWork,
  cause: Cause,
  primary: Cluster,
): Promise<readonly ReplicationRecord[]> {
  switch (work.kind) {
    case "documents":
      return reconcileRecords(work.keys, cause);
    case "define":
      return [{ ...work, ...cause }];
    case "reconcile": {
      const indices = await namedIndices(primary, work.pattern);
      return indices.map((index) => ({
        ...wholeIndexRecord(index, cause.reason, cause.writtenAtMs, true),
        ...cause,
      }));
    }
  }
}

/**
 * Reconcile records, small enough for a message each.
 * @param looksLeft as many further looks as documents need whose outcome nobody knows.
 */
export function reconcileRecords(
  keys: readonly DocumentKey[],
  cause: Cause,
  looksLeft = looksAfterUnknown,
): readonly ReconcileRecord[] {
  const limits = { sizeMax: keyCharactersMax, itemsMax: keysPerRecord };
  const chunks = splitBySize(keys, keyCharacters, limits);
  return chunks.map((chunk) => ({
    kind: "reconcile",
    ...cause,
    keys: chunk,
    looksLeft,
  }));
}

function keyCharacters({ index, id, routing = "" }: DocumentKey): number {
  return index.length + id.length + routing.length + 20;
}
