import { setTimeout as sleep } from "node:timers/promises";
import type { Queue, QueueDepth } from "../../functions/core/queue/port.ts";

export interface DrainOptions {
  /** Depths are estimates: the queue must look empty three times in a row. */
  readonly approximate: boolean;
  /** `Infinity` waits for as long as it takes. */
  readonly timeoutMs: number;
  /** Records that were sent with a delay, and whose time has not come, do not count. */
  readonly ignoreDelayed?: boolean;
  readonly onDepth?: (depth: QueueDepth) => void | Promise<void>;
}

/** Waits until every record is applied or parked. @returns whether it was so in time. */
export async function awaitDrain(queue: Queue, options: DrainOptions): Promise<boolean> {
  const pauseMs = options.approximate ? 2000 : 250;
  const wanted = options.approximate ? 3 : 1;
  const endMs = performance.now() + options.timeoutMs;
  for (let empty = 0; ; ) {
    const depth = await queue.depth();
    await options.onDepth?.(depth);
    const waiting = waitingIn(options.ignoreDelayed ? { ...depth, delayed: 0 } : depth);
    empty = waiting === 0 ? empty + 1 : 0;
    if (empty >= wanted) return true;
    if (performance.now() + pauseMs > endMs) return false;
    await sleep(pauseMs);
  }
}

/** Records that are not applied yet. */
export function waitingIn({ visible, inFlight, delayed }: QueueDepth): number {
  return visible + inFlight + delayed;
}
