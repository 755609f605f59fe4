import type { Cluster } from "../../functions/core/cluster/port.ts";
import { readUsersNames } from "../../functions/core/definition/named-definitions.ts";
import { createS3ObjectStore } from "../../functions/core/payload/s3-object-store.ts";
import { createSqsQueue } from "../../functions/core/queue/sqs-queue.ts";
import { seal } from "../../functions/core/replication/envelope.ts";
import { type ReplicationRecord, wholeIndexRecord } from "../../functions/core/replication/record.ts";
import { namedDefinitionKinds } from "../../functions/core/routing/endpoint.ts";
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

/**
 * What brings the templates, pipelines and scripts to BACKUP that PRIMARY has, each by its name: a wildcard would
 * remove what only BACKUP has.
 * @throws ClusterError or ClusterAnswerError when PRIMARY cannot say which there are.
 */
export async function namedDefinitions(
  primary: Cluster,
  reason: string,
): Promise<readonly ReplicationRecord[]> {
  const writtenAtMs = Date.now();
  const records: ReplicationRecord[] = [];
  for (const of of namedDefinitionKinds) {
    const names = await readUsersNames(primary, of);
    records.push(...names.map((pattern) => ({ kind: "define", of, writtenAtMs, reason, pattern }) as const));
  }
  return records;
}

/** What brings an index as a whole to BACKUP: its definition, and every document that differs. */
export function wholeIndex(index: string, reason: string): readonly ReplicationRecord[] {
  const writtenAtMs = Date.now();
  return [
    { kind: "define", writtenAtMs, reason, pattern: index },
    wholeIndexRecord(index, reason, writtenAtMs),
  ];
}
