import { dueAlarm } from "./due-alarm.ts";
import { type MoveTasks, moveTasks } from "./move-tasks.ts";
import {
  type OpenQueue,
  openQueues,
  type QueueDefinition,
  sentAtMsOf,
  sequenceAfter,
} from "./open-queues.ts";
import {
  type DeleteOutcome,
  hasReady,
  insert,
  isExpired,
  type OutgoingMessage,
  type ReceivedMessage,
  remove,
  removeExpired,
  reschedule,
  stepMessages,
  takeReady,
  type VisibilityOutcome,
} from "./queue-steps.ts";
import { queueWaiters } from "./queue-waiters.ts";
import type { Store, StoreTransaction } from "./store.ts";

export interface ReceiveOptions {
  readonly maxMessages: number;
  /** How long to wait for a first message; 0 does not wait. */
  readonly waitMs: number;
  /** @default the queue's */
  readonly visibilityTimeoutSeconds?: number;
  readonly signal?: AbortSignal;
}

/** `visible` may be received now; `oldestSentAtMs` is of anything that is not deleted yet, in flight included. */
export interface QueueStats {
  readonly visible: number;
  readonly inFlight: number;
  readonly delayed: number;
  readonly oldestSentAtMs: number | undefined;
}

/**
 * SQS standard queues on the embedded store. At least once, roughly in the order of sending; what a promise has
 * answered is on disk, so that a message is neither lost nor back too early after the process is killed.
 * Every method throws for a queue that was not declared: ask `definition` first.
 */
export interface QueueEngine {
  readonly names: readonly string[];
  readonly moves: MoveTasks;
  definition(queue: string): QueueDefinition | undefined;
  /** The ids of the messages, in their order. All or none. */
  send(queue: string, messages: readonly OutgoingMessage[]): Promise<string[]>;
  receive(queue: string, options: ReceiveOptions): Promise<ReceivedMessage[]>;
  delete(queue: string, receiptHandles: readonly string[]): Promise<DeleteOutcome[]>;
  changeVisibility(
    queue: string,
    changes: readonly { readonly receiptHandle: string; readonly timeoutSeconds: number }[],
  ): Promise<VisibilityOutcome[]>;
  /**
   * Makes visible at once what was received and not deleted. For whoever opens the directory: its former
   * receivers have ended with the process that had it, and would keep messages hidden for nothing.
   */
  releaseInFlight(queue: string): Promise<void>;
  /** Deletes what was in the queue when it was called, in bounded steps. */
  purge(queue: string): Promise<void>;
  /** From memory and one key of the store: cheap with any number of messages. */
  stats(queue: string): QueueStats;
  /** Deletes what is older than its queue's retention. Runs by itself every minute. */
  expire(): Promise<void>;
  /** Ends long polls and timers. The store stays open. */
  close(): Promise<void>;
}

const sweepEveryMs = 60_000;

/** Opens the declared queues of a store, with whatever messages they hold. `now` is the clock, in ms. */
export function createQueueEngine(
  store: Store,
  definitions: readonly QueueDefinition[],
  now: () => number = Date.now,
): Promise<QueueEngine> {
  return openQueues(store, definitions).then((queues) => engineOf(store, queues, now));
}

function engineOf(store: Store, queues: Map<string, OpenQueue>, now: () => number): QueueEngine {
  const waiters = queueWaiters();
  const nextSequence = sequenceAfter(store, queues);
  const moves = moveTasks({ store, queues, now, nextSequence, wake: waiters.wake });
  const alarm = dueAlarm(store, queues, now, waiters.wake);
  const sweep = setInterval(() => void expire().catch(() => {}), sweepEveryMs).unref();
  alarm.arm();

  function open(name: string): OpenQueue {
    const queue = queues.get(name);
    if (queue === undefined) throw new Error(`No queue ${name} was declared.`);
    return queue;
  }

  async function send(name: string, messages: readonly OutgoingMessage[]): Promise<string[]> {
    const queue = open(name);
    const ids = await store.write((transaction) => {
      const sentAtMs = now();
      return messages.map((message) => insert(transaction, queue, message, sentAtMs, nextSequence(sentAtMs)));
    });
    if (messages.some((message) => !message.delaySeconds)) waiters.wake(name);
    if (messages.some((message) => message.delaySeconds)) alarm.arm();
    return ids;
  }

  async function receive(name: string, options: ReceiveOptions): Promise<ReceivedMessage[]> {
    const queue = open(name);
    const deadline = performance.now() + options.waitMs;
    for (let last = options.waitMs <= 0; ; ) {
      if (hasReady(queue, now())) {
        const take = (open: StoreTransaction) => takeReady(open, queues, queue, options, now());
        const messages = await store.write(take);
        alarm.arm();
        if (queue.definition.redrive) waiters.wake(queue.definition.redrive.deadLetterQueue);
        if (messages.length > 0) return messages;
      }
      if (last) return [];
      if (hasReady(queue, now())) continue;
      const leftMs = Math.max(0, deadline - performance.now());
      last = (await waiters.wait(name, leftMs, options.signal)) === "over";
      if (options.signal?.aborted) return [];
    }
  }

  async function changeVisibility(
    name: string,
    changes: readonly { readonly receiptHandle: string; readonly timeoutSeconds: number }[],
  ): Promise<VisibilityOutcome[]> {
    const queue = open(name);
    const outcomes = await store.write((transaction) =>
      changes.map((change) =>
        reschedule(transaction, queue, change.receiptHandle, change.timeoutSeconds, now()),
      ),
    );
    if (changes.some((change) => change.timeoutSeconds === 0)) waiters.wake(name);
    alarm.arm();
    return outcomes;
  }

  async function releaseInFlight(name: string): Promise<void> {
    const { entries } = open(name);
    const due = entries.listDue(store);
    for (let from = 0; from < due.length; from += stepMessages) {
      await store.write((transaction) => {
        for (const sequence of due.slice(from, from + stepMessages)) {
          const state = entries.state(transaction, sequence);
          if (state?.place === "inFlight") entries.reschedule(transaction, sequence, state, 0);
        }
      });
    }
    waiters.wake(name);
  }

  async function purge(name: string): Promise<void> {
    const { entries } = open(name);
    const last = entries.newest(store);
    if (last === undefined) return;
    let removed = stepMessages;
    while (removed === stepMessages) {
      removed = await store.write((transaction) => {
        const step = entries.list(transaction, "message", stepMessages, last);
        for (const sequence of step) entries.remove(transaction, sequence);
        return step.length;
      });
    }
  }

  async function expire(): Promise<void> {
    for (const queue of queues.values()) {
      for (let removed = stepMessages; removed === stepMessages; ) {
        const oldest = queue.entries.oldest(store);
        if (oldest === undefined || !isExpired(queue, oldest, now())) break;
        removed = await store.write((transaction) => removeExpired(transaction, queue, now()));
      }
    }
  }

  return {
    names: [...queues.keys()],
    moves,
    definition: (name) => queues.get(name)?.definition,
    send,
    receive,
    delete: (name, handles) => {
      const queue = open(name);
      return store.write((transaction) => handles.map((handle) => remove(transaction, queue, handle)));
    },
    changeVisibility,
    releaseInFlight,
    purge,
    expire,
    stats(name) {
      const { entries } = open(name);
      const { ready, inFlight, delayed } = entries.counts;
      const oldest = entries.oldest(store);
      const oldestSentAtMs = oldest === undefined ? undefined : sentAtMsOf(oldest);
      return { visible: ready, inFlight, delayed, oldestSentAtMs };
    },
    async close() {
      clearInterval(sweep);
      alarm.stop();
      waiters.stop();
      await moves.close();
    },
  };
}
