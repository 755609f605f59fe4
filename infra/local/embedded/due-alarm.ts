import type { OpenQueue } from "./open-queues.ts";
import type { Store } from "./store.ts";

/** Makes messages ready when their delay or visibility timeout is over, without anybody asking for them. */
export interface DueAlarm {
  /** Looks at what is due first; to be called after anything that may have changed that. */
  arm(): void;
  stop(): void;
}

const stepMessages = 1000;
/** A timer may be this early or late to look again; also bounds what a stepped clock can do. */
const lookAgainMs = 30_000;

/**
 * Not armed yet. What is due it makes ready, then calls `wake` with the queue's name. Its timer does not keep the
 * process running.
 */
export function dueAlarm(
  store: Store,
  queues: Map<string, OpenQueue>,
  now: () => number,
  wake: (queue: string) => void,
): DueAlarm {
  let timer: NodeJS.Timeout | undefined;
  let ringsAtMs = Number.POSITIVE_INFINITY;
  let stopped = false;

  function arm(): void {
    if (stopped) return;
    let dueAtMs = Number.POSITIVE_INFINITY;
    for (const { entries } of queues.values()) {
      if (entries.counts.inFlight + entries.counts.delayed === 0) continue;
      dueAtMs = Math.min(dueAtMs, entries.dueNotBeforeMs());
    }
    if (dueAtMs >= ringsAtMs) return;
    clearTimeout(timer);
    ringsAtMs = dueAtMs;
    const waitMs = Math.min(lookAgainMs, Math.max(1, dueAtMs - now()));
    timer = setTimeout(() => void ring().catch(() => {}), waitMs).unref();
  }

  /** A failed write has stopped the store, and whoever writes next is told; here is nobody to tell. */
  async function ring(): Promise<void> {
    for (const [name, { entries }] of queues) {
      if (entries.dueNotBeforeMs() > now()) continue;
      await store.write((transaction) => entries.promote(transaction, now(), stepMessages));
      wake(name);
    }
    ringsAtMs = Number.POSITIVE_INFINITY;
    arm();
  }

  return {
    arm,
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
