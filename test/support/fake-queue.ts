import type { OutgoingMessage, Queue } from "../../functions/core/queue/port.ts";
import { parseMessage, recordOf } from "../../functions/core/replication/header.ts";
import type { ReplicationRecord } from "../../functions/core/replication/record.ts";

export interface FakeQueue extends Queue {
  readonly sent: OutgoingMessage[];
  readonly hidden: { readonly receiptHandle: string; readonly seconds: number }[];
  /** From now on every message is refused; `undefined` ends it. */
  refuseWith(error: Error | undefined): void;
  /** What was sent, read back. */
  records(): readonly ReplicationRecord[];
}

/** A queue that keeps what it is sent. */
export function fakeQueue(): FakeQueue {
  const sent: OutgoingMessage[] = [];
  const hidden: { receiptHandle: string; seconds: number }[] = [];
  let refusal: Error | undefined;
  return {
    sent,
    hidden,
    refuseWith(error) {
      refusal = error;
    },
    records: () => sent.map(({ body }) => recordOf(parseMessage(body).header)),
    async send(messages) {
      if (refusal !== undefined) throw refusal;
      sent.push(...messages);
    },
    async hide(receiptHandle, seconds) {
      hidden.push({ receiptHandle, seconds });
    },
    depth: () => Promise.resolve({ visible: sent.length, inFlight: 0, delayed: 0 }),
  };
}
