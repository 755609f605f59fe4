import { queueNameKey, queueNameRange } from "./queue-keys.ts";
import { type QueueEntries, queueEntries } from "./queue-table.ts";
import type { Store } from "./store.ts";

export interface QueueDefinition {
  readonly name: string;
  readonly visibilityTimeoutSeconds: number;
  readonly retentionSeconds: number;
  readonly redrive?: { readonly deadLetterQueue: string; readonly maxReceiveCount: number };
}

export interface OpenQueue {
  /** Of this store; it never changes once the name was seen. */
  readonly id: number;
  readonly arn: string;
  readonly definition: QueueDefinition;
  readonly entries: QueueEntries;
}

const arnPrefix = "arn:aws:sqs:us-east-1:000000000000:";
const queuesMax = 254;

/** The ARN of a queue, with the account and the region that all embedded queues have. */
export function queueArn(name: string): string {
  return arnPrefix + name;
}

/** The name in an ARN that `queueArn` made. */
export function queueNameOfArn(arn: string): string | undefined {
  return arn.startsWith(arnPrefix) ? arn.slice(arnPrefix.length) : undefined;
}

/**
 * The declared queues by name. A queue of an earlier run that is not declared any more keeps its messages on
 * disk, out of reach, until it is declared again.
 */
export async function openQueues(
  store: Store,
  definitions: readonly QueueDefinition[],
): Promise<Map<string, OpenQueue>> {
  const ids = await queueIds(
    store,
    definitions.map((definition) => definition.name),
  );
  const queues = new Map<string, OpenQueue>();
  for (const definition of definitions) {
    const { name, redrive } = definition;
    if (redrive !== undefined && !ids.has(redrive.deadLetterQueue)) {
      throw new Error(`The dead-letter queue ${redrive.deadLetterQueue} of ${name} is not declared.`);
    }
    const id = ids.get(name) ?? 0;
    queues.set(name, { id, arn: queueArn(name), definition, entries: queueEntries(store, id) });
  }
  return queues;
}

function queueIds(store: Store, names: readonly string[]): Promise<Map<string, number>> {
  return store.write((transaction) => {
    const all = new Map<string, number>();
    for (const { key, value } of transaction.entries(queueNameRange())) {
      all.set(key.toString("utf8", 1), value[0] ?? 0);
    }
    for (const name of names) {
      if (all.has(name)) continue;
      const id = all.size + 1;
      if (id > queuesMax) throw new Error(`An embedded store holds at most ${queuesMax} queues.`);
      transaction.put(queueNameKey(name), Buffer.from([id]));
      all.set(name, id);
    }
    return new Map(names.map((name) => [name, all.get(name) ?? 0]));
  });
}

/**
 * Sequence numbers: microseconds of the time of sending, or one more than the last, so that their order is the
 * order of sending, across queues and restarts, and the time of sending can be read from them.
 */
export function sequenceAfter(store: Store, queues: Map<string, OpenQueue>): (sentAtMs: number) => number {
  let last = 0;
  for (const { entries } of queues.values()) last = Math.max(last, entries.newest(store) ?? 0);
  return (sentAtMs) => {
    last = Math.max(last + 1, sentAtMs * 1000);
    return last;
  };
}

/** Exact unless more than 1,000 messages were sent in one millisecond or the clock went back. */
export function sentAtMsOf(sequence: number): number {
  return Math.floor(sequence / 1000);
}
