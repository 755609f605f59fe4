import type { OutgoingMessage, Queue, ReceivedMessage } from "../core/queue/port.ts";

export interface SortServices {
  /** The records queue. */
  readonly records: Queue;
  /** The parking queue. */
  readonly parking: Queue;
}

/**
 * Replay sends within a moment of parking. By mistake for redriven costs one more try of the record; by mistake for
 * just parked, a person has to redrive again.
 */
const justParkedMs = 10_000;

/**
 * Whether a message comes from replay, to be dead-lettered, or from a redrive, to be tried again: SQS gives a moved
 * message a new time of sending, and keeps its attributes.
 */
export function isRedriven({ sentMs, parkedAtMs }: ReceivedMessage): boolean {
  return !(sentMs - parkedAtMs <= justParkedMs);
}

/**
 * Sends redriven messages back to the records queue, and answers the ids of the others: they have to fail, because
 * SQS knows the source only of a dead letter that it has moved itself.
 */
export async function sortParked(
  messages: readonly ReceivedMessage[],
  { records, parking }: SortServices,
): Promise<readonly string[]> {
  const redriven = messages.filter(isRedriven);
  const parked = messages.filter((message) => !isRedriven(message));
  await records.send(redriven.map(messageAgain));
  await Promise.all(parked.map(({ receiptHandle }) => parking.hide(receiptHandle, 0)));
  return parked.map(({ id }) => id);
}

/** With what tells replay that it was parked. */
function messageAgain({ body, parkedAtMs }: ReceivedMessage): OutgoingMessage {
  const parked = !Number.isNaN(parkedAtMs) && {
    attributes: { parkedAt: new Date(parkedAtMs).toISOString() },
  };
  return { body, group: "redriven", ...parked };
}
