import { receiptBytes } from "./queue-record.ts";

/** What a receipt handle says: which message, and which of its receives. */
export interface Receipt {
  readonly sequence: number;
  readonly receipt: Buffer;
}

/**
 * The receipt of one receive: its time, and its number, so that no other receive of the message has it. A receipt
 * of random bytes, as earlier runs gave out, reads as of a time far off.
 */
export function newReceipt(receivedAtMs: number, receiveCount: number): Buffer {
  const receipt = Buffer.allocUnsafe(receiptBytes);
  receipt.writeUIntBE(receivedAtMs, 0, 6);
  receipt.writeUInt16BE(receiveCount % 0x1_0000, 6);
  return receipt;
}

/** When the receive was that a receipt is of, in ms. */
export function receivedAtMsOf(receipt: Buffer): number {
  return receipt.readUIntBE(0, 6);
}

const handleBytes = 1 + 8 + receiptBytes;

/** The opaque handle that a consumer gives back; it is bound to the queue. */
export function encodeReceiptHandle(queueId: number, { sequence, receipt }: Receipt): string {
  const handle = Buffer.allocUnsafe(handleBytes);
  handle[0] = queueId;
  handle.writeDoubleBE(sequence, 1);
  receipt.copy(handle, 9);
  return handle.toString("base64url");
}

/** Undefined for anything that `encodeReceiptHandle` did not make for this queue. */
export function decodeReceiptHandle(queueId: number, handle: string): Receipt | undefined {
  const bytes = Buffer.from(handle, "base64url");
  if (bytes.length !== handleBytes || bytes[0] !== queueId || bytes.toString("base64url") !== handle) {
    return undefined;
  }
  const sequence = bytes.readDoubleBE(1);
  if (!Number.isSafeInteger(sequence) || sequence < 0) return undefined;
  return { sequence, receipt: bytes.subarray(9) };
}
