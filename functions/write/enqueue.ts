import type { ObjectStore } from "../core/payload/port.ts";
import type { OutgoingMessage, Queue } from "../core/queue/port.ts";
import { bulkLines } from "../core/replication/bulk-lines.ts";
import { type EnvelopeSettings, seal } from "../core/replication/envelope.ts";
import { looksAfterUnknown, type ReplicationRecord } from "../core/replication/record.ts";
import type { Telemetry } from "../core/runtime/telemetry.ts";
import type { AcceptedWrites } from "./accepted-writes.ts";

export interface EnqueueServices {
  readonly queue: Queue;
  readonly payloads: ObjectStore;
  readonly envelope: EnvelopeSettings;
  readonly telemetry: Telemetry;
}

/** Keys of one reconcile record: what replay reads from PRIMARY in one go. */
const keysPerRecord = 500;

/**
 * Queues what PRIMARY accepted: one record for each incarnation, and reconcile records for what nobody
 * knows the outcome of. Resolves when all of it is durable; throws when any of it may not be.
 */
export async function enqueue(
  writes: AcceptedWrites,
  writtenAtMs: number,
  services: EnqueueServices,
): Promise<void> {
  const { envelope, payloads } = services;
  const sealed: Promise<OutgoingMessage>[] = [];
  for (const { incarnation, operations } of writes.byIncarnation) {
    const { manifest, body } = bulkLines(incarnation.uuid, operations);
    sealed.push(seal({ kind: "apply", writtenAtMs, incarnation, manifest }, body, envelope, payloads));
  }
  for (let from = 0; from < writes.unknown.length; from += keysPerRecord) {
    const keys = writes.unknown.slice(from, from + keysPerRecord);
    const reason = "outcome unknown";
    const record: ReplicationRecord = {
      kind: "reconcile",
      writtenAtMs,
      reason,
      keys,
      looksLeft: looksAfterUnknown,
    };
    sealed.push(seal(record, Buffer.alloc(0), envelope, payloads));
  }
  await send(await Promise.all(sealed), services);
}

/** Queues records that carry no documents. */
export async function enqueueWork(
  records: readonly ReplicationRecord[],
  services: EnqueueServices,
  delaySeconds = 0,
): Promise<void> {
  const { envelope, payloads } = services;
  const sealed = await Promise.all(
    records.map((record) => seal(record, Buffer.alloc(0), envelope, payloads)),
  );
  await send(
    sealed.map((message) => ({ ...message, delaySeconds })),
    services,
  );
}

async function send(messages: readonly OutgoingMessage[], services: EnqueueServices): Promise<void> {
  if (messages.length === 0) return;
  await services.queue.send(messages);
  services.telemetry.count("recordsSent", messages.length);
}
