/** A message to send. The body holds only characters that SQS accepts. */
export interface OutgoingMessage {
  readonly body: string;
  /** Fair-queue group: one busy index must not starve the others. */
  readonly group: string;
  readonly delaySeconds?: number;
  /** String attributes, for people who look at a dead letter in the console. At most 10. */
  readonly attributes?: Readonly<Record<string, string>>;
}

/** A message as a consumer gets it. A number that the queue did not give, or not as one, is `NaN` or 0. */
export interface ReceivedMessage {
  readonly id: string;
  readonly body: string;
  /** Of this delivery; what `Queue.hide` takes. */
  readonly receiptHandle: string;
  /** Deliveries so far, this one included. */
  readonly receives: number;
  /** When it was sent, by the queue's clock, in milliseconds since 1970; a redrive starts it over. */
  readonly sentMs: number;
  /** When it was delivered for the first time, by the same clock. */
  readonly firstReceivedMs: number;
  /** When replay parked it as a dead letter, in milliseconds; `NaN` for what was never parked. */
  readonly parkedAtMs: number;
}

/** How many messages a queue holds. */
export interface QueueDepth {
  readonly visible: number;
  readonly inFlight: number;
  readonly delayed: number;
}

export interface Queue {
  /** Resolves when every message is durable; throws when any is not (some may be: records repeat safely). */
  send(messages: readonly OutgoingMessage[]): Promise<void>;
  /** Hides a received message for that long from now. */
  hide(receiptHandle: string, seconds: number): Promise<void>;
  depth(): Promise<QueueDepth>;
}
