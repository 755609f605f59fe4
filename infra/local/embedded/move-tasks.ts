import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { type OpenQueue, queueNameOfArn } from "./open-queues.ts";
import type { MessageHead } from "./queue-record.ts";
import type { Store, StoreTransaction } from "./store.ts";

export type MoveStatus = "RUNNING" | "COMPLETED" | "CANCELLING" | "CANCELLED" | "FAILED";

export interface MoveTask {
  readonly id: string;
  readonly source: string;
  /** Undefined: each message goes back to the queue that it came from. */
  readonly destination: string | undefined;
  readonly maxPerSecond: number | undefined;
  readonly startedAtMs: number;
  readonly toMove: number;
  moved: number;
  status: MoveStatus;
  failureReason: string | undefined;
}

export interface MoveRequest {
  readonly source: string;
  readonly destination?: string;
  readonly maxPerSecond?: number;
}

/**
 * Redrives of dead-letter queues. One runs per source; it moves what was ready when it started, in bounded steps,
 * so that a message which is parked again meanwhile is not moved in circles. Tasks live in memory: one that a
 * restart interrupts has to be started again, and no message is lost or doubled by that.
 */
export interface MoveTasks {
  /** Undefined when one is running for this source. */
  start(request: MoveRequest): MoveTask | undefined;
  /** The latest first. */
  list(source: string): readonly MoveTask[];
  find(id: string): MoveTask | undefined;
  /** Whether it was running; it ends after the step that it is in. */
  cancel(task: MoveTask): boolean;
  close(): Promise<void>;
}

interface MoveContext {
  readonly store: Store;
  readonly queues: Map<string, OpenQueue>;
  readonly now: () => number;
  readonly nextSequence: (sentAtMs: number) => number;
  readonly wake: (queue: string) => void;
}

const stepMessages = 100;
const keptTasks = 10;

/** No task yet. `start` throws for a source that was not declared. */
export function moveTasks(context: MoveContext): MoveTasks {
  let tasks: MoveTask[] = [];
  const running = new Set<Promise<void>>();
  const stop = new AbortController();

  function start({ source, destination, maxPerSecond }: MoveRequest): MoveTask | undefined {
    const queue = context.queues.get(source);
    if (queue === undefined) throw new Error(`No queue ${source} was declared.`);
    const mine = tasks.filter((task) => task.source === source);
    if (mine.some((task) => task.status === "RUNNING" || task.status === "CANCELLING")) return undefined;
    const task: MoveTask = {
      id: randomUUID(),
      source,
      destination,
      maxPerSecond,
      startedAtMs: context.now(),
      toMove: queue.entries.counts.ready,
      moved: 0,
      status: "RUNNING",
      failureReason: undefined,
    };
    tasks = [task, ...tasks.filter((old) => old.source !== source), ...mine.slice(0, keptTasks - 1)];
    const run = runTask(context, task, queue, stop.signal)
      .catch((error: unknown) => end(task, "FAILED", String(error)))
      .finally(() => running.delete(run));
    running.add(run);
    return task;
  }

  return {
    start,
    list: (source) => tasks.filter((task) => task.source === source),
    find: (id) => tasks.find((task) => task.id === id),
    cancel(task) {
      if (task.status !== "RUNNING") return false;
      task.status = "CANCELLING";
      return true;
    },
    async close() {
      stop.abort();
      await Promise.all(running);
    },
  };
}

async function runTask(context: MoveContext, task: MoveTask, queue: OpenQueue, signal: AbortSignal) {
  const last = queue.entries.newest(context.store) ?? 0;
  const stepMax = Math.min(stepMessages, task.maxPerSecond ?? stepMessages);
  while (task.status === "RUNNING" && !signal.aborted) {
    const step = await context.store.write((transaction) =>
      moveStep(context, task, queue, stepMax, last, transaction),
    );
    task.moved += step.moved;
    for (const name of step.targets) context.wake(name);
    if (step.stuck) return end(task, "FAILED", "CouldNotDetermineMessageSource");
    if (step.moved === 0) return end(task, "COMPLETED");
    const pauseMs = task.maxPerSecond === undefined ? 0 : (step.moved / task.maxPerSecond) * 1000;
    await sleep(pauseMs, undefined, { signal }).catch(() => {});
  }
  end(task, "CANCELLED");
}

function end(task: MoveTask, status: MoveStatus, failureReason?: string): void {
  task.status = status;
  task.failureReason = failureReason;
}

/** As on SQS, a moved message is a new one: new id, new time of sending, never received. */
function moveStep(
  { queues, now, nextSequence }: MoveContext,
  { destination }: MoveTask,
  { entries }: OpenQueue,
  limit: number,
  last: number,
  transaction: StoreTransaction,
): { moved: number; targets: Set<string>; stuck: boolean } {
  const targets = new Set<string>();
  let moved = 0;
  for (const sequence of entries.list(transaction, "ready", limit, last)) {
    const found = entries.find(transaction, sequence);
    if (found === undefined) throw new Error(`Message ${sequence} is incomplete.`);
    const { deadLetterSourceArn, ...kept } = found.record.head;
    const name = destination ?? (deadLetterSourceArn && queueNameOfArn(deadLetterSourceArn));
    const target = name === undefined ? undefined : queues.get(name);
    if (name === undefined || target === undefined) return { moved, targets, stuck: true };
    const head: MessageHead = { ...kept, messageId: randomUUID(), sentAtMs: now() };
    entries.remove(transaction, sequence);
    target.entries.insert(transaction, nextSequence(head.sentAtMs), { head, body: found.record.body }, 0);
    targets.add(name);
    moved++;
  }
  return { moved, targets, stuck: false };
}
