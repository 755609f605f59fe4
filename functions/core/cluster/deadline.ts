/** The end of one call, by its time or by its caller's signal, whichever comes first. */
export interface Deadline {
  /** Why the call ended early; `undefined` while it may go on. */
  readonly ended: "timeout" | "aborted" | undefined;
  /** `stop` is called once, when the call ends early; it replaces the one before. */
  onEnd(stop: () => void): void;
  /** The time no longer counts, the signal still does (for a body that goes on after its headers). */
  stopClock(): void;
  /** Forgets timer and signal; nothing is called any more. */
  release(): void;
}

/** Starts the clock of one call. */
export function startDeadline(timeoutMs: number, signal: AbortSignal | undefined): Deadline {
  let ended: Deadline["ended"];
  let stop: (() => void) | undefined;
  const end = (reason: "timeout" | "aborted") => {
    if (ended !== undefined) return;
    ended = reason;
    const call = stop;
    release();
    call?.();
  };
  const onAbort = () => end("aborted");
  const timer = Number.isFinite(timeoutMs) ? setTimeout(() => end("timeout"), timeoutMs) : undefined;
  const release = () => {
    stop = undefined;
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  };
  if (signal?.aborted) end("aborted");
  else signal?.addEventListener("abort", onAbort, { once: true });
  return {
    get ended() {
      return ended;
    },
    onEnd(next) {
      stop = next;
      if (ended !== undefined) next();
    },
    stopClock: () => clearTimeout(timer),
    release,
  };
}
