import type { Cluster } from "../core/cluster/port.ts";
import type { Incarnations } from "../core/definition/incarnations.ts";
import type { Shield } from "../core/definition/shield.ts";
import type { UntranslatedList } from "../core/definition/untranslated.ts";
import type { ObjectStore } from "../core/payload/port.ts";
import type { Queue, ReceivedMessage } from "../core/queue/port.ts";
import type { EnvelopeSettings } from "../core/replication/envelope.ts";
import { UnreadableRecord } from "../core/replication/header.ts";
import { splitBySize } from "../core/replication/split-by-size.ts";
import type { AbsenceServices } from "../core/truth/absence.ts";
import type { ApplyServices } from "./apply-operations.ts";
import { type ReceivedRecord, receiveRecord } from "./message.ts";
import type { ParkingLot } from "./park.ts";
import { replayChunk } from "./replay-chunk.ts";

/** What the replay of one message came to. */
export type MessageEnd =
  /** It is so on BACKUP, or BACKUP is past it, or it is parked: the message can go. */
  | { readonly kind: "done" }
  /** It stays in the queue and is delivered again after a pause. */
  | { readonly kind: "retry"; readonly reason: string; readonly requestId?: string };

export interface ReplayServices extends ApplyServices, AbsenceServices {
  readonly backup: Cluster;
  readonly incarnations: Incarnations;
  readonly untranslated: UntranslatedList;
  readonly shield: Shield;
  readonly queue: Queue;
  readonly parkingLot: ParkingLot;
  readonly payloads: ObjectStore;
  readonly envelope: EnvelopeSettings;
  readonly now: () => number;
  /** A record that could not be applied for that long is parked, before SQS would drop it. */
  readonly retryMsMax: number;
}

/** Payload bytes that are in memory together. */
const chunkBytesMax = 8 * 1024 * 1024;

/**
 * Makes a batch of messages true on BACKUP: merged into few bulks, each record with an end of its own.
 * Never throws for what a cluster, a record or a payload does; it throws when the queue or the payload
 * store fails, and then the whole batch comes again, which is safe.
 */
export async function replayBatch(
  messages: readonly ReceivedMessage[],
  services: ReplayServices,
): Promise<readonly MessageEnd[]> {
  const receivedMs = services.monotonicMs();
  const ends: MessageEnd[] = messages.map(() => ({ kind: "done" }));
  const received: { at: number; record: ReceivedRecord }[] = [];
  for (const [at, message] of messages.entries()) {
    try {
      received.push({ at, record: receiveRecord(message, services.now()) });
    } catch (error) {
      if (!(error instanceof UnreadableRecord)) throw error;
      services.telemetry.count("recordsParked");
      services.telemetry.error("parked a message that cannot be read", { reason: error.message });
      await services.parkingLot.parkMessage(message, { index: "-", reason: error.message });
    }
  }
  for (const chunk of splitBySize(received, payloadBytes, { sizeMax: chunkBytesMax })) {
    const chunkEnds = await replayChunk(
      chunk.map(({ record }) => record),
      receivedMs,
      services,
    );
    for (const [i, { at }] of chunk.entries()) ends[at] = chunkEnds[i] ?? { kind: "retry", reason: "no end" };
  }
  return ends;
}

function payloadBytes({ record: { header, inline } }: { readonly record: ReceivedRecord }): number {
  return header.body.payload?.bytes ?? inline.length;
}

/** How long a record hides before its next try: doubling from one second, with jitter, up to the maximum. */
export function pauseSeconds(receives: number, secondsMax: number, random: () => number): number {
  const doubled = Math.min(secondsMax, 2 ** Math.min(receives - 1, 20));
  return Math.max(1, Math.round(doubled * (0.75 + random() * 0.25)));
}
