/** What a message attribute is on the wire; kept as it came. */
export interface MessageAttribute {
  readonly DataType: string;
  readonly StringValue?: string;
  /** Base64. */
  readonly BinaryValue?: string;
}

/** Everything about a message that never changes while it is in one queue, except its body. */
export interface MessageHead {
  readonly messageId: string;
  readonly sentAtMs: number;
  readonly attributes?: Readonly<Record<string, MessageAttribute>>;
  readonly groupId?: string;
  /** Of AWS X-Ray. */
  readonly traceHeader?: string;
  /** With a message that a redrive policy moved here: the ARN of the queue it came from. */
  readonly deadLetterSourceArn?: string;
}

export interface MessageRecord {
  readonly head: MessageHead;
  readonly body: Buffer;
}

/** Present once a message was received, and while it is delayed. */
export interface MessageState {
  readonly place: "ready" | "inFlight" | "delayed";
  /** When it becomes ready; 0 when it is. */
  readonly dueAtMs: number;
  readonly receiveCount: number;
  readonly firstReceivedAtMs: number;
  /** The receipt of the latest receive, 8 bytes. */
  readonly receipt: Buffer;
}

const places: readonly MessageState["place"][] = ["ready", "inFlight", "delayed"];
const stateBytes = 25;
export const receiptBytes = 8;
export const noReceipt = Buffer.alloc(receiptBytes);

/** The stored form: the head's length in 4 bytes, the head as JSON, the body as it is. */
export function encodeRecord(record: MessageRecord): Buffer {
  const head = Buffer.from(JSON.stringify(record.head));
  const value = Buffer.allocUnsafe(4 + head.length + record.body.length);
  value.writeUInt32BE(head.length, 0);
  head.copy(value, 4);
  record.body.copy(value, 4 + head.length);
  return value;
}

/** `body` is a view of `value`. */
export function decodeRecord(value: Buffer): MessageRecord {
  const bodyAt = 4 + value.readUInt32BE(0);
  const head: MessageHead = JSON.parse(value.toString("utf8", 4, bodyAt));
  return { head, body: value.subarray(bodyAt) };
}

/** The stored form, always 25 bytes. */
export function encodeState(state: MessageState): Buffer {
  const value = Buffer.allocUnsafe(stateBytes);
  value[0] = places.indexOf(state.place);
  value.writeUIntBE(state.dueAtMs, 1, 6);
  value.writeUInt32BE(state.receiveCount, 7);
  value.writeUIntBE(state.firstReceivedAtMs, 11, 6);
  state.receipt.copy(value, 17);
  return value;
}

/** What `encodeState` was given; the receipt is a copy. */
export function decodeState(value: Buffer): MessageState {
  return {
    place: places[value[0] ?? 0] ?? "ready",
    dueAtMs: value.readUIntBE(1, 6),
    receiveCount: value.readUInt32BE(7),
    firstReceivedAtMs: value.readUIntBE(11, 6),
    receipt: Buffer.from(value.subarray(17, stateBytes)),
  };
}
