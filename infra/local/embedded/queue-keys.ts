import type { KeyRange } from "./store.ts";

/**
 * The queue's tables in the store. A key is one byte for the table, one for the queue, then a number in
 * big-endian, so that byte order is the order in which we need the entries:
 * - `message`: sequence -> the message; the first one is the oldest.
 * - `ready`: sequence -> nothing; what a receive may take.
 * - `state`: sequence -> receives, receipt and due time of a message that was received or delayed.
 * - `due`: due time, sequence -> nothing; what becomes ready by itself.
 */
export type QueueTable = "message" | "ready" | "state" | "due";

const tableByte: Record<QueueTable, number> = { message: 0x4d, ready: 0x52, state: 0x53, due: 0x44 };
const queueNameByte = 0x51;
const sequenceBytes = 7;
const timeBytes = 6;
const low24 = 0x1000000;

/** The key of a sequence number (an integer below 2^53) in one of the tables that are ordered by it. */
export function sequenceKey(table: Exclude<QueueTable, "due">, queueId: number, sequence: number): Buffer {
  const key = Buffer.allocUnsafe(2 + sequenceBytes);
  key[0] = tableByte[table];
  key[1] = queueId;
  writeSequence(key, 2, sequence);
  return key;
}

/** The key in the table `due`: a time in milliseconds (below 2^48), then the sequence number. */
export function dueKey(queueId: number, dueAtMs: number, sequence: number): Buffer {
  const key = Buffer.allocUnsafe(2 + timeBytes + sequenceBytes);
  key[0] = tableByte.due;
  key[1] = queueId;
  key.writeUIntBE(dueAtMs, 2, timeBytes);
  writeSequence(key, 2 + timeBytes, sequence);
  return key;
}

/** The sequence number at the end of any of the keys above. */
export function sequenceOf(key: Buffer): number {
  const at = key.length - sequenceBytes;
  return key.readUInt32BE(at) * low24 + key.readUIntBE(at + 4, 3);
}

/** The time in a `dueKey`, in milliseconds. */
export function dueAtMsOf(key: Buffer): number {
  return key.readUIntBE(2, timeBytes);
}

/** All entries of one queue in one table, in key order, at most `limit` of them. */
export function tableRange(table: QueueTable, queueId: number, limit?: number): KeyRange {
  const start = Buffer.from([tableByte[table], queueId]);
  const end = Buffer.from([tableByte[table], queueId + 1]);
  return limit === undefined ? { start, end } : { start, end, limit };
}

/** Everything that is due at `nowMs`, earliest first. */
export function dueRange(queueId: number, nowMs: number, limit: number): KeyRange {
  return { start: Buffer.from([tableByte.due, queueId]), end: dueKey(queueId, nowMs + 1, 0), limit };
}

/** Everything up to and including `last`, in order. */
export function sequenceRange(
  table: Exclude<QueueTable, "due">,
  queueId: number,
  last: number,
  limit: number,
): KeyRange {
  return {
    start: Buffer.from([tableByte[table], queueId]),
    end: sequenceKey(table, queueId, last + 1),
    limit,
  };
}

/** The key under which the store has a queue's number. */
export function queueNameKey(name: string): Buffer {
  return Buffer.concat([Buffer.from([queueNameByte]), Buffer.from(name)]);
}

/** The names of all queues that this store has ever had. */
export function queueNameRange(): KeyRange {
  return { start: Buffer.from([queueNameByte]), end: Buffer.from([queueNameByte + 1]) };
}

function writeSequence(key: Buffer, at: number, sequence: number): void {
  key.writeUInt32BE(Math.floor(sequence / low24), at);
  key.writeUIntBE(sequence % low24, at + 4, 3);
}
