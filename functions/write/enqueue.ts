import { reconcileRecords } from "../core/intent/follow-up.ts";
import type { OutgoingMessage } from "../core/queue/port.ts";
import { type SendServices, sendMessages } from "../core/queue/send-work.ts";
import { bulkLines } from "../core/replication/bulk-lines.ts";
import { seal } from "../core/replication/envelope.ts";
import type { Origin, ReplicaOperation } from "../core/replication/record.ts";
import { splitBySize } from "../core/replication/split-by-size.ts";
import type { AcceptedWrites } from "./accepted-writes.ts";

/**
 * What the header of one record may take: ids, routings, and 40 characters for a version and the rest of an
 * entry. The header travels in the message even where the body is a payload, and SQS takes 1 MiB.
 */
const headerCharactersMax = 200_000;
const entryCharacters = 40;

/**
 * Queues what PRIMARY accepted: a record for each incarnation, several for very many operations, and
 * reconcile records for what nobody knows the outcome of. Resolves when all of it is durable; throws when any of it may not be.
 */
export async function enqueue(writes: AcceptedWrites, origin: Origin, services: SendServices): Promise<void> {
  const { envelope, payloads } = services;
  const sealed: Promise<OutgoingMessage>[] = [];
  for (const { incarnation, operations } of writes.byIncarnation) {
    for (const some of splitBySize(operations, entrySize, { sizeMax: headerCharactersMax })) {
      const { manifest, body } = bulkLines(incarnation.uuid, some);
      sealed.push(seal({ kind: "apply", ...origin, incarnation, manifest }, body, envelope, payloads));
    }
  }
  for (const record of reconcileRecords(writes.unknown, { ...origin, reason: "outcome unknown" })) {
    sealed.push(seal(record, Buffer.alloc(0), envelope, payloads));
  }
  await sendMessages(await Promise.all(sealed), services);
  services.telemetry.debug("queued what PRIMARY accepted", { records: sealed.length });
}

function entrySize({ id, routing = "" }: ReplicaOperation): number {
  return id.length + routing.length + entryCharacters;
}
