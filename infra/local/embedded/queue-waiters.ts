/** Receivers that found nothing and wait for a message, by queue. */
export interface QueueWaiters {
  /** Resolves at the next `wake` of the queue, at the signal, at `stop`, or after `timeoutMs`. */
  wait(queue: string, timeoutMs: number, signal?: AbortSignal): Promise<"woken" | "over">;
  wake(queue: string): void;
  /** Ends all waits, now and from now on. */
  stop(): void;
}

/** Nobody waits yet. A wait's timer keeps the process running until the wait is over. */
export function queueWaiters(): QueueWaiters {
  const waiting = new Map<string, Set<(reason: "woken" | "over") => void>>();
  let stopped = false;

  function endAll(queue: string, reason: "woken" | "over"): void {
    for (const end of [...(waiting.get(queue) ?? [])]) end(reason);
  }

  return {
    wait(queue, timeoutMs, signal) {
      if (stopped || signal?.aborted) return Promise.resolve("over");
      return new Promise((resolve) => {
        const ends = waiting.get(queue) ?? new Set();
        waiting.set(queue, ends);
        const end = (reason: "woken" | "over") => {
          ends.delete(end);
          clearTimeout(timer);
          signal?.removeEventListener("abort", over);
          resolve(reason);
        };
        const over = () => end("over");
        const timer = setTimeout(over, timeoutMs);
        signal?.addEventListener("abort", over);
        ends.add(end);
      });
    },
    wake: (queue) => endAll(queue, "woken"),
    stop() {
      stopped = true;
      for (const queue of waiting.keys()) endAll(queue, "over");
    },
  };
}
