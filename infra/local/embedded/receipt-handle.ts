import { receiptBytes } from "./queue-record.ts";

/** What a receipt handle says: which message, and which of its receives. */
export interface Receipt {
  readonly sequence: number;
  readonly receipt: Buffer;
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
