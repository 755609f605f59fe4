import type { Deadline } from "./deadline.ts";
import type { RateLimit } from "./rate-limit.ts";

export interface WaitingLineOptions {
  readonly limit: RateLimit;
  /** Requests that may be under way at once. */
  readonly inFlightMax: number;
  /** The longest wait; `Infinity` to wait as long as it takes. */
  readonly waitMsMax: number;
}

/** `leave` is called exactly once, when the request no longer occupies the node. */
export type Entry =
  | { readonly entered: true; readonly leave: () => void }
  | { readonly entered: false; readonly retryAfterMs: number };

/** The queue in front of one node: first come, first served, within the node's limits. */
export interface WaitingLine {
  readonly waiting: number;
  /**
   * Waits for its turn. Not entered: at once when the wait is known to be longer than the bound, else when the
   * bound is over or the call's deadline ends it.
   */
  enter(bytes: number, deadline: Deadline): Promise<Entry>;
}

interface Waiter {
  readonly bytes: number;
  readonly answer: (entry: Entry) => void;
  timer?: NodeJS.Timeout;
}

/** An empty line. Within `limit` and `inFlightMax` a request enters it without waiting. */
export function createWaitingLine({ limit, inFlightMax, waitMsMax }: WaitingLineOptions): WaitingLine {
  const line = new Set<Waiter>();
  let bytesWaiting = 0;
  let inFlight = 0;
  let wakeUp: NodeJS.Timeout | undefined;

  const admit = (bytes: number): Entry => {
    limit.take(bytes);
    inFlight += 1;
    return { entered: true, leave };
  };
  const step = (waiter: Waiter) => {
    line.delete(waiter);
    bytesWaiting -= waiter.bytes;
    clearTimeout(waiter.timer);
  };
  const advance = () => {
    for (const waiter of line) {
      if (inFlight >= inFlightMax) return;
      const waitMs = limit.waitMs();
      if (waitMs > 0) return wakeUpAfter(waitMs);
      step(waiter);
      waiter.answer(admit(waiter.bytes));
    }
  };
  const wakeUpAfter = (waitMs: number) => {
    if (wakeUp !== undefined) return;
    wakeUp = setTimeout(() => {
      wakeUp = undefined;
      advance();
    }, Math.ceil(waitMs));
  };
  const leave = () => {
    inFlight -= 1;
    if (line.size > 0) advance();
  };
  const giveUp = (waiter: Waiter) => {
    if (!line.has(waiter)) return;
    step(waiter);
    waiter.answer({
      entered: false,
      retryAfterMs: limit.waitMs({ requests: line.size, bytes: bytesWaiting }),
    });
    advance();
  };
  const onBound = (waiter: Waiter) => {
    advance();
    giveUp(waiter);
  };

  return {
    get waiting() {
      return line.size;
    },
    async enter(bytes, deadline) {
      if (line.size === 0 && inFlight < inFlightMax && limit.waitMs() === 0) return admit(bytes);
      const waitMs = limit.waitMs({ requests: line.size, bytes: bytesWaiting });
      if (waitMs > waitMsMax || waitMsMax === 0) return { entered: false, retryAfterMs: waitMs };
      return new Promise<Entry>((answer) => {
        const waiter: Waiter = { bytes, answer };
        line.add(waiter);
        bytesWaiting += bytes;
        if (Number.isFinite(waitMsMax)) waiter.timer = setTimeout(onBound, waitMsMax, waiter);
        deadline.onEnd(() => giveUp(waiter));
        advance();
      });
    },
  };
}
