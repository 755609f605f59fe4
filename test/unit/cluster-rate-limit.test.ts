import assert from "node:assert/strict";
import { test } from "node:test";
import { createRateLimit } from "../../functions/core/cluster/rate-limit.ts";

function clocked(requestsPerSecond: number, bytesPerSecond: number) {
  let at = 0;
  const limit = createRateLimit({ requestsPerSecond, bytesPerSecond, now: () => at });
  const after = (ms: number) => {
    at += ms;
  };
  return { limit, after };
}

/** How many requests of this size go through in so many milliseconds when somebody always waits. */
function passed(limit: ReturnType<typeof clocked>, ms: number, bytes: number): number {
  let count = 0;
  for (let elapsed = 0; elapsed < ms; elapsed++) {
    for (; limit.limit.waitMs() === 0; count++) limit.limit.take(bytes);
    limit.after(1);
  }
  return count;
}

test("createRateLimit() holds requests per second within a burst of 50 ms", () => {
  for (const rate of [10, 100, 1000, 10_000]) {
    const count = passed(clocked(rate, Number.POSITIVE_INFINITY), 5000, 0);
    assert.ok(count >= rate * 5 && count <= rate * 5.05 + 1, `${count} at ${rate} per second`);
  }
});

test("createRateLimit() holds bytes per second, and a pause saves up no more than the burst", () => {
  const clock = clocked(Number.POSITIVE_INFINITY, 1_000_000);
  clock.after(3_600_000);
  const count = passed(clock, 5000, 1000);
  assert.ok(count >= 5000 && count <= 5051, `${count}`);
});

test("take() lets a body of many seconds pass, and the next ones wait for it", () => {
  const { limit, after } = clocked(1000, 1000);
  assert.equal(limit.waitMs(), 0);
  limit.take(10_000);
  assert.equal(limit.waitMs(), 9950);
  after(9950);
  assert.equal(limit.waitMs(), 0);
});

test("waitMs() counts what waits in front, by the stricter of both limits", () => {
  const { limit } = clocked(10, 1000);
  assert.equal(limit.waitMs({ requests: 5, bytes: 0 }), 450);
  assert.equal(limit.waitMs({ requests: 5, bytes: 2000 }), 1950);
});

test("createRateLimit() without limits never waits", () => {
  const { limit } = clocked(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY);
  for (let i = 0; i < 1000; i++) limit.take(1e9);
  assert.equal(limit.waitMs({ requests: 1000, bytes: 1e12 }), 0);
});
