/** A message to send. The body holds only characters that SQS accepts. */
export interface OutgoingMessage {
  readonly body: string;
  /** Fair-queue group: one busy index must not starve the others. */
  readonly group: string;
  readonly delaySeconds?: number;
  /** String attributes, for people who look at a dead letter in the console. At most 10. */
  readonly attributes?: Readonly<Record<string, string>>;
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
