import { createS3ObjectStore } from "../../functions/core/payload/s3-object-store.ts";
import { createSqsQueue } from "../../functions/core/queue/sqs-queue.ts";
import { seal } from "../../functions/core/replication/envelope.ts";
import { type ReplicationRecord, wholeIndexRecord } from "../../functions/core/replication/record.ts";
import type { ReachedQueue } from "./reach-queue.ts";

/** Records without documents fit into a message, so that nothing goes to the payload store. */
const settings = { encoding: "plain", inlineBytesMax: Number.POSITIVE_INFINITY, payloadPrefix: "" } as const;

/** Queues work that replay finds for itself. Resolves when all of it is durable. */
export async function sendRecords(
  reached: ReachedQueue,
  records: readonly ReplicationRecord[],
): Promise<void> {
  const queue = createSqsQueue(reached.sqs, reached.queueUrl);
  const payloads = createS3ObjectStore(reached.s3, reached.payloadBucket ?? "");
  const sealed = records.map((record) => seal(record, Buffer.alloc(0), settings, payloads));
  await queue.send(await Promise.all(sealed));
}

/** What brings an index as a whole to BACKUP: its definition, and every document that differs. */
export function wholeIndex(index: string, reason: string): readonly ReplicationRecord[] {
  const writtenAtMs = Date.now();
  return [
    { kind: "define", writtenAtMs, reason, pattern: index },
    wholeIndexRecord(index, reason, writtenAtMs),
  ];
}
