import type { ReceivedMessage } from "../core/queue/port.ts";
import { type Header, parseMessage, recordOf } from "../core/replication/header.ts";
import type { ReplicationRecord } from "../core/replication/record.ts";
import { freshMs } from "./apply-operations.ts";

/** A received record. */
export interface ReceivedRecord {
  readonly message: ReceivedMessage;
  readonly header: Header;
  readonly inline: string;
  readonly record: ReplicationRecord;
  /** BACKUP may have forgotten a deletion that is newer than this record. */
  readonly late: boolean;
  /** In the queue, in milliseconds; a redrive starts it over. Never negative. */
  readonly queuedMs: number;
}

/**
 * Reads a received message.
 * @throws UnreadableRecord when it is damaged or of an unknown schema.
 */
export function receiveRecord(message: ReceivedMessage, nowMs: number): ReceivedRecord {
  const { header, inline } = parseMessage(message.body);
  const record = recordOf(header);
  const queuedMs = Math.max(0, nowMs - message.sentMs);
  const late = isLate(message, record.writtenAtMs, nowMs);
  return { message, header, inline, record, late, queuedMs };
}

/**
 * Fresh is what SQS delivers for the first time, soon after it was written. Anything that does not add
 * up is late: a second delivery, a redrive (its queue clock starts over, the record's does not), and
 * clocks that disagree. Late only costs a look-up; fresh by mistake could resurrect a document.
 */
export function isLate(message: ReceivedMessage, writtenAtMs: number, nowMs: number): boolean {
  const { receives, sentMs, firstReceivedMs } = message;
  const spans = [sentMs - writtenAtMs, firstReceivedMs - sentMs, nowMs - firstReceivedMs];
  const steady = spans.every((span) => span >= -20 && span <= freshMs);
  const ageMs = nowMs - writtenAtMs;
  return receives !== 1 || !steady || ageMs > freshMs;
}
