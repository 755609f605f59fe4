import { randomUUID } from "node:crypto";
import { type OpenQueue, sentAtMsOf } from "./open-queues.ts";
import type { MessageAttribute, MessageHead, MessageState } from "./queue-record.ts";
import { decodeReceiptHandle, encodeReceiptHandle, receivedAtMsOf } from "./receipt-handle.ts";
import type { StoreTransaction } from "./store.ts";

export interface OutgoingMessage {
  readonly body: Buffer;
  readonly attributes?: Readonly<Record<string, MessageAttribute>>;
  readonly groupId?: string;
  readonly traceHeader?: string;
  readonly delaySeconds?: number;
}

export interface ReceivedMessage {
  readonly head: MessageHead;
  readonly body: Buffer;
  readonly receiptHandle: string;
  readonly receiveCount: number;
  readonly firstReceivedAtMs: number;
}

/** `superseded`: the message was received again since; as on SQS, the request is fine and deletes nothing. */
export type DeleteOutcome = "deleted" | "gone" | "superseded" | "invalid";
/** `tooLong`: hidden for more than 12 hours since its receive. */
export type VisibilityOutcome = "changed" | "gone" | "superseded" | "notInFlight" | "invalid" | "tooLong";

/** SQS's limit of a visibility timeout with all its changes (ChangeMessageVisibility). */
export const visibilitySecondsMax = 43_200;

/** The most that one transaction examines, so that none holds the process up. */
export const stepMessages = 1000;

/** Adds a message, delayed where it says so, and gives its new id. */
export function insert(
  transaction: StoreTransaction,
  queue: OpenQueue,
  message: OutgoingMessage,
  sentAtMs: number,
  sequence: number,
): string {
  const head: MessageHead = {
    messageId: randomUUID(),
    sentAtMs,
    ...(message.attributes && { attributes: message.attributes }),
    ...(message.groupId !== undefined && { groupId: message.groupId }),
    ...(message.traceHeader !== undefined && { traceHeader: message.traceHeader }),
  };
  const dueAtMs = message.delaySeconds ? sentAtMs + message.delaySeconds * 1000 : 0;
  queue.entries.insert(transaction, sequence, { head, body: message.body }, dueAtMs);
  return head.messageId;
}

/** Whether a receive could find something now. From memory; what it finds may have expired. */
export function hasReady({ entries }: OpenQueue, nowMs: number): boolean {
  if (entries.counts.ready > 0) return true;
  if (entries.counts.inFlight + entries.counts.delayed === 0) return false;
  return entries.dueNotBeforeMs() <= nowMs;
}

/** Takes up to `maxMessages`; on the way, drops the expired and parks those that were received too often. */
export function takeReady(
  transaction: StoreTransaction,
  queues: Map<string, OpenQueue>,
  queue: OpenQueue,
  options: { readonly maxMessages: number; readonly visibilityTimeoutSeconds?: number },
  nowMs: number,
): ReceivedMessage[] {
  const { definition, entries } = queue;
  const dueAtMs = nowMs + (options.visibilityTimeoutSeconds ?? definition.visibilityTimeoutSeconds) * 1000;
  const messages: ReceivedMessage[] = [];
  entries.promote(transaction, nowMs, stepMessages);
  for (let looked = 0; messages.length < options.maxMessages && looked < stepMessages; ) {
    const candidates = entries.list(transaction, "ready", options.maxMessages - messages.length);
    if (candidates.length === 0) break;
    looked += candidates.length;
    for (const sequence of candidates) {
      if (isExpired(queue, sequence, nowMs)) entries.remove(transaction, sequence);
      else if (!parkIfExhausted(transaction, queues, queue, sequence)) {
        const taken = entries.take(transaction, sequence, nowMs, dueAtMs);
        if (taken === undefined) throw new Error(`Message ${sequence} of ${definition.name} is incomplete.`);
        messages.push({
          ...taken.record,
          receiptHandle: encodeReceiptHandle(queue.id, { sequence, receipt: taken.state.receipt }),
          receiveCount: taken.state.receiveCount,
          firstReceivedAtMs: taken.state.firstReceivedAtMs,
        });
      }
    }
  }
  return messages;
}

/** As on SQS, the dead letter keeps its id, its time of sending (so its sequence number) and its receive count. */
function parkIfExhausted(
  transaction: StoreTransaction,
  queues: Map<string, OpenQueue>,
  { arn, definition, entries }: OpenQueue,
  sequence: number,
): boolean {
  const target = definition.redrive && queues.get(definition.redrive.deadLetterQueue);
  if (definition.redrive === undefined || target === undefined) return false;
  const state = entries.state(transaction, sequence);
  if (state === undefined || state.receiveCount < definition.redrive.maxReceiveCount) return false;
  const found = entries.find(transaction, sequence);
  if (found === undefined) return false;
  const head = { ...found.record.head, deadLetterSourceArn: arn };
  entries.remove(transaction, sequence);
  target.entries.adopt(transaction, sequence, { head, body: found.record.body }, state);
  return true;
}

/** Deletes the message of a receipt handle, if that is the latest one that was given out for it. */
export function remove(transaction: StoreTransaction, queue: OpenQueue, handle: string): DeleteOutcome {
  const held = heldBy(transaction, queue, handle);
  if (typeof held === "string") return held;
  queue.entries.remove(transaction, held.sequence);
  return "deleted";
}

/** Hides a message in flight for that long from now; with 0 it is ready at once. */
export function reschedule(
  transaction: StoreTransaction,
  queue: OpenQueue,
  handle: string,
  timeoutSeconds: number,
  nowMs: number,
): VisibilityOutcome {
  const held = heldBy(transaction, queue, handle);
  if (typeof held === "string") return held;
  const { sequence, state } = held;
  if (state.place !== "inFlight" || state.dueAtMs <= nowMs) return "notInFlight";
  const hiddenMs = nowMs + timeoutSeconds * 1000 - receivedAtMsOf(state.receipt);
  if (timeoutSeconds > 0 && hiddenMs > visibilitySecondsMax * 1000) return "tooLong";
  const dueAtMs = timeoutSeconds === 0 ? 0 : nowMs + timeoutSeconds * 1000;
  queue.entries.reschedule(transaction, sequence, state, dueAtMs);
  return "changed";
}

/** The message of a receipt handle that is the latest one for it, or why there is none. */
function heldBy(
  transaction: StoreTransaction,
  { id, entries }: OpenQueue,
  handle: string,
): { readonly sequence: number; readonly state: MessageState } | "invalid" | "gone" | "superseded" {
  const receipt = decodeReceiptHandle(id, handle);
  if (receipt === undefined) return "invalid";
  const { sequence } = receipt;
  const state = entries.state(transaction, sequence);
  if (state === undefined) return "gone";
  return state.receipt.equals(receipt.receipt) ? { sequence, state } : "superseded";
}

/** Whether the queue's retention is over, counted from the time of sending. */
export function isExpired(queue: OpenQueue, sequence: number, nowMs: number): boolean {
  return sentAtMsOf(sequence) + queue.definition.retentionSeconds * 1000 <= nowMs;
}

/** Deletes what is expired among the oldest `stepMessages`, and says how many that were. */
export function removeExpired(transaction: StoreTransaction, queue: OpenQueue, nowMs: number): number {
  const step = queue.entries
    .list(transaction, "message", stepMessages)
    .filter((sequence) => isExpired(queue, sequence, nowMs));
  for (const sequence of step) queue.entries.remove(transaction, sequence);
  return step.length;
}
