import {
  dueAtMsOf,
  dueKey,
  dueRange,
  type QueueTable,
  sequenceKey,
  sequenceOf,
  sequenceRange,
  tableRange,
} from "./queue-keys.ts";
import {
  decodeRecord,
  decodeState,
  encodeRecord,
  encodeState,
  type MessageRecord,
  type MessageState,
  noReceipt,
} from "./queue-record.ts";
import { newReceipt } from "./receipt-handle.ts";
import type { Store, StoreReader, StoreTransaction } from "./store.ts";

/** How many messages are where. Kept in memory, so that asking costs nothing. */
export interface QueueCounts {
  ready: number;
  inFlight: number;
  delayed: number;
}

export interface TakenMessage {
  readonly sequence: number;
  readonly record: MessageRecord;
  readonly state: MessageState;
}

/**
 * One queue's entries in the store. Every message is in exactly one place: `ready`, `inFlight` or `delayed`;
 * the methods that take a transaction keep the tables and the counts in step.
 */
export interface QueueEntries {
  readonly counts: Readonly<QueueCounts>;
  insert(transaction: StoreTransaction, sequence: number, record: MessageRecord, dueAtMs: number): void;
  /** Makes ready what is due, at most `limit` of it, and says how many that were. */
  promote(transaction: StoreTransaction, nowMs: number, limit: number): number;
  /** Sequence numbers of all messages or of the ready ones, in order, not above `last`. */
  list(reader: StoreReader, table: "message" | "ready", limit: number, last?: number): number[];
  /** Marks a ready message as received and gives it with its new receipt. */
  take(
    transaction: StoreTransaction,
    sequence: number,
    nowMs: number,
    dueAtMs: number,
  ): TakenMessage | undefined;
  find(reader: StoreReader, sequence: number): { record: MessageRecord; state: MessageState } | undefined;
  state(reader: StoreReader, sequence: number): MessageState | undefined;
  /** Sequence numbers of all messages that are in flight or delayed. */
  listDue(reader: StoreReader): number[];
  /** Makes a message in flight due at another time. */
  reschedule(transaction: StoreTransaction, sequence: number, state: MessageState, dueAtMs: number): void;
  remove(transaction: StoreTransaction, sequence: number): void;
  /** Puts a ready message here that another queue gave up, with the receive count it had there. */
  adopt(
    transaction: StoreTransaction,
    sequence: number,
    record: MessageRecord,
    history: Pick<MessageState, "receiveCount" | "firstReceivedAtMs">,
  ): void;
  oldest(reader: StoreReader): number | undefined;
  newest(reader: StoreReader): number | undefined;
  /** Nothing becomes due before this; from memory. Exact after a `promote` at that time. */
  dueNotBeforeMs(): number;
}

const empty = Buffer.alloc(0);
const untouched: MessageState = {
  place: "ready",
  dueAtMs: 0,
  receiveCount: 0,
  firstReceivedAtMs: 0,
  receipt: noReceipt,
};

/** The entries of one queue, which must have no other `QueueEntries`: the counts are read from the store once, here. */
export function queueEntries(store: Store, queueId: number): QueueEntries {
  const counts = countEntries(store, queueId);
  let dueNotBeforeMs = 0;
  const key = (table: Exclude<QueueTable, "due">, sequence: number) => sequenceKey(table, queueId, sequence);

  function state(reader: StoreReader, sequence: number): MessageState | undefined {
    const stored = reader.get(key("state", sequence));
    if (stored !== undefined) return decodeState(stored);
    return reader.has(key("message", sequence)) ? untouched : undefined;
  }

  /** The one place that moves a message; `to` becomes its state, wherever it was before. */
  function place(
    transaction: StoreTransaction,
    sequence: number,
    from: MessageState | undefined,
    to: MessageState,
  ) {
    if (from !== undefined) leave(transaction, sequence, from);
    counts[to.place]++;
    if (to.place === "ready") transaction.put(key("ready", sequence), empty);
    else {
      transaction.put(dueKey(queueId, to.dueAtMs, sequence), empty);
      dueNotBeforeMs = Math.min(dueNotBeforeMs, to.dueAtMs);
    }
    if (to.place !== "ready" || to.receiveCount > 0) transaction.put(key("state", sequence), encodeState(to));
    else if (from !== undefined) transaction.remove(key("state", sequence));
  }

  function leave(transaction: StoreTransaction, sequence: number, from: MessageState): void {
    counts[from.place]--;
    if (from.place === "ready") transaction.remove(key("ready", sequence));
    else transaction.remove(dueKey(queueId, from.dueAtMs, sequence));
  }

  return {
    counts,
    state,
    insert(transaction, sequence, record, dueAtMs) {
      transaction.put(key("message", sequence), encodeRecord(record));
      const to: MessageState = dueAtMs > 0 ? { ...untouched, place: "delayed", dueAtMs } : untouched;
      place(transaction, sequence, undefined, to);
    },
    promote(transaction, nowMs, limit) {
      if (nowMs < dueNotBeforeMs) return 0;
      const due = transaction.keys(dueRange(queueId, nowMs, limit));
      for (const sequence of due.map(sequenceOf)) {
        const from = state(transaction, sequence);
        if (from !== undefined) place(transaction, sequence, from, { ...from, place: "ready", dueAtMs: 0 });
      }
      const [next] = transaction.keys(tableRange("due", queueId, 1));
      dueNotBeforeMs = next === undefined ? Number.POSITIVE_INFINITY : dueAtMsOf(next);
      return due.length;
    },
    list(reader, table, limit, last = Number.MAX_SAFE_INTEGER - 1) {
      return reader.keys(sequenceRange(table, queueId, last, limit)).map(sequenceOf);
    },
    listDue: (reader) => reader.keys(tableRange("due", queueId)).map(sequenceOf),
    take(transaction, sequence, nowMs, dueAtMs) {
      const value = transaction.get(key("message", sequence));
      const from = state(transaction, sequence);
      if (value === undefined || from === undefined) return undefined;
      const to: MessageState = {
        place: "inFlight",
        dueAtMs,
        receiveCount: from.receiveCount + 1,
        firstReceivedAtMs: from.receiveCount === 0 ? nowMs : from.firstReceivedAtMs,
        receipt: newReceipt(nowMs, from.receiveCount + 1),
      };
      place(transaction, sequence, from, to);
      return { sequence, record: decodeRecord(value), state: to };
    },
    find(reader, sequence) {
      const value = reader.get(key("message", sequence));
      const found = state(reader, sequence);
      return value && found && { record: decodeRecord(value), state: found };
    },
    reschedule(transaction, sequence, from, dueAtMs) {
      place(transaction, sequence, from, { ...from, place: dueAtMs === 0 ? "ready" : "inFlight", dueAtMs });
    },
    remove(transaction, sequence) {
      const from = state(transaction, sequence);
      if (from === undefined) return;
      leave(transaction, sequence, from);
      transaction.remove(key("message", sequence));
      if (from !== untouched) transaction.remove(key("state", sequence));
    },
    adopt(transaction, sequence, record, history) {
      transaction.put(key("message", sequence), encodeRecord(record));
      place(transaction, sequence, undefined, { ...untouched, ...history });
    },
    oldest: (reader) => reader.keys(tableRange("message", queueId, 1)).map(sequenceOf)[0],
    newest: (reader) => newestOf(reader, queueId),
    dueNotBeforeMs: () => dueNotBeforeMs,
  };
}

function newestOf(reader: StoreReader, queueId: number): number | undefined {
  const last = reader.lastKey(tableRange("message", queueId));
  return last === undefined ? undefined : sequenceOf(last);
}

function countEntries(store: Store, queueId: number): QueueCounts {
  const counts: QueueCounts = { ready: store.count(tableRange("ready", queueId)), inFlight: 0, delayed: 0 };
  for (const due of store.keys(tableRange("due", queueId))) {
    const value = store.get(sequenceKey("state", queueId, sequenceOf(due)));
    if (value !== undefined) counts[decodeState(value).place]++;
  }
  return counts;
}
