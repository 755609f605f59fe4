export interface RateLimitOptions {
  /** `Infinity` for no limit. */
  readonly requestsPerSecond: number;
  /** Of request bodies; `Infinity` for no limit. */
  readonly bytesPerSecond: number;
  /** How much may go at once after a pause, as time at the full rate. @default 50 */
  readonly burstMs?: number;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
}

/** What already waits in front of a request. */
export interface Ahead {
  readonly requests: number;
  readonly bytes: number;
}

export interface RateLimit {
  /** Milliseconds until a request behind `ahead` may go; 0 when it may go now. */
  waitMs(ahead?: Ahead): number;
  /**
   * Counts a request that goes now. What goes above the limit is a debt that the next ones wait for,
   * so that a body of more than a second's worth of bytes passes as well.
   */
  take(bytes: number): void;
}

const nothing: Ahead = { requests: 0, bytes: 0 };

/** Requests and bytes per second as token buckets, each kept as the time at which it is full again. */
export function createRateLimit(options: RateLimitOptions): RateLimit {
  const { burstMs = 50, now } = options;
  const requestMs = 1000 / options.requestsPerSecond;
  const byteMs = 1000 / options.bytesPerSecond;
  let requestsPaidAt = Number.NEGATIVE_INFINITY;
  let bytesPaidAt = Number.NEGATIVE_INFINITY;
  return {
    waitMs(ahead = nothing) {
      const at = now();
      const requests = Math.max(requestsPaidAt, at) + ahead.requests * requestMs;
      const bytes = Math.max(bytesPaidAt, at) + ahead.bytes * byteMs;
      return Math.max(0, Math.max(requests, bytes) - burstMs - at);
    },
    take(bytes) {
      const at = now();
      requestsPaidAt = Math.max(requestsPaidAt, at) + requestMs;
      bytesPaidAt = Math.max(bytesPaidAt, at) + bytes * byteMs;
    },
  };
}
