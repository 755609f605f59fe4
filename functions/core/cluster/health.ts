export interface HealthOptions {
  /** How long a cluster that failed is left alone. @default 2000 */
  readonly downForMs?: number;
  /** Milliseconds of a clock that never goes back. @default performance.now */
  readonly now?: () => number;
}

/** Remembers for a short while that a cluster is unavailable, so that not every request has to find out. */
export interface Health {
  /**
   * Whether to pass the cluster by. Once the while is over, one caller at a time is told `false`: its request
   * is the probe, and it must report `failed` or `succeeded`. The others stay with the fallback until it does;
   * a probe that never reports is replaced after the same while.
   */
  isDown(): boolean;
  failed(): void;
  succeeded(): void;
  /** For status pages; takes no probe. */
  state(): "up" | "down";
}

/** The memory of one cluster's availability, for one process. It starts as up. */
export function createHealth({
  downForMs = 2000,
  now = () => performance.now(),
}: HealthOptions = {}): Health {
  let downUntil: number | undefined;
  return {
    isDown() {
      if (downUntil === undefined) return false;
      const at = now();
      if (at < downUntil) return true;
      downUntil = at + downForMs;
      return false;
    },
    failed() {
      downUntil = now() + downForMs;
    },
    succeeded() {
      downUntil = undefined;
    },
    state: () => (downUntil === undefined ? "up" : "down"),
  };
}
