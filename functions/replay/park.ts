import type { ObjectStore } from "../core/payload/port.ts";
import type { OutgoingMessage, Queue, ReceivedMessage } from "../core/queue/port.ts";
import { type EnvelopeSettings, seal } from "../core/replication/envelope.ts";
import {
  type ApplyRecord,
  type ByteSlice,
  bytesOf,
  type ManifestEntry,
  recordSchema,
} from "../core/replication/record.ts";

/** One operation that BACKUP will not take, and why. */
export interface RefusedOperation {
  readonly entry: ManifestEntry;
  readonly lines: ByteSlice;
  readonly reason: string;
}

/** The dead-letter queue, with what a person needs to see beside each record. */
export interface ParkingLot {
  /** A record of only the refused operations; their neighbours are done. */
  parkOperations(
    record: ApplyRecord,
    refused: readonly RefusedOperation[],
    message: ReceivedMessage,
  ): Promise<void>;
  /** The message as it came: it cannot be read, or it is not made of operations. */
  parkMessage(message: ReceivedMessage, about: AboutMessage): Promise<void>;
}

/** What the attributes of a dead letter say of its record. */
export interface AboutMessage {
  readonly index: string;
  readonly reason: string;
  readonly requestId?: string | undefined;
}

/**
 * Parks in a queue of dead letters, and puts bodies that are too long for a message among the payloads.
 * Resolves when the dead letter is durable; throws what the queue or the store throws.
 */
export function createParkingLot(
  deadLetters: Queue,
  payloads: ObjectStore,
  settings: EnvelopeSettings,
  now: () => number,
): ParkingLot {
  const attributesOf = (message: ReceivedMessage, { index, reason, requestId }: AboutMessage) => ({
    index,
    reason,
    ...(requestId !== undefined && { requestId }),
    parkedAt: new Date(now()).toISOString(),
    receives: String(message.receives),
    schema: String(recordSchema),
  });
  async function send(message: OutgoingMessage): Promise<void> {
    await deadLetters.send([message]);
  }
  return {
    async parkOperations(record, refused, message) {
      const [first] = refused;
      if (first === undefined) return;
      const parked: ApplyRecord = { ...record, manifest: refused.map(({ entry }) => entry) };
      const body = Buffer.concat(refused.map(({ lines }) => bytesOf(lines)));
      const sealed = await seal(parked, body, settings, payloads);
      const { incarnation, requestId } = record;
      await send({
        ...sealed,
        attributes: {
          ...attributesOf(message, { index: incarnation.index, reason: first.reason, requestId }),
          id: first.entry.id,
          operations: String(refused.length),
        },
      });
    },
    async parkMessage(message, about) {
      await send({ body: message.body, group: "parked", attributes: attributesOf(message, about) });
    },
  };
}
