import type { ObjectStore } from "../payload/port.ts";
import { type EnvelopeSettings, seal } from "../replication/envelope.ts";
import type { ReplicationRecord } from "../replication/record.ts";
import type { Telemetry } from "../runtime/telemetry.ts";
import type { OutgoingMessage, Queue } from "./port.ts";

export interface SendServices {
  readonly queue: Queue;
  readonly payloads: ObjectStore;
  readonly envelope: EnvelopeSettings;
  readonly telemetry: Telemetry;
}

/**
 * Queues records that carry no documents: work that replay finds for itself. Resolves when all of them are
 * durable; throws when any may not be.
 */
export async function sendWork(
  records: readonly ReplicationRecord[],
  services: SendServices,
  delaySeconds = 0,
): Promise<void> {
  const { envelope, payloads } = services;
  const sealed = records.map((record) => seal(record, Buffer.alloc(0), envelope, payloads));
  const messages = await Promise.all(sealed);
  await sendMessages(
    messages.map((message) => ({ ...message, delaySeconds })),
    services,
  );
}

/** Queues sealed records and counts them. */
export async function sendMessages(
  messages: readonly OutgoingMessage[],
  services: Pick<SendServices, "queue" | "telemetry">,
): Promise<void> {
  if (messages.length === 0) return;
  await services.queue.send(messages);
  services.telemetry.count("recordsSent", messages.length);
}
