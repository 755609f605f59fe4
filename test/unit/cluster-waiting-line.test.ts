import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { startDeadline } from "../../functions/core/cluster/deadline.ts";
import { createRateLimit } from "../../functions/core/cluster/rate-limit.ts";
import { createWaitingLine } from "../../functions/core/cluster/waiting-line.ts";

function line(t: TestContext, options: { perSecond?: number; inFlightMax?: number; waitMsMax?: number }) {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"] });
  const { perSecond = Number.POSITIVE_INFINITY, inFlightMax = 100, waitMsMax = 1000 } = options;
  const limit = createRateLimit({
    requestsPerSecond: perSecond,
    bytesPerSecond: Number.POSITIVE_INFINITY,
    burstMs: 0,
    now: Date.now,
  });
  return createWaitingLine({ limit, inFlightMax, waitMsMax });
}

const forever = () => startDeadline(Number.POSITIVE_INFINITY, undefined);
const settled = () => new Promise((done) => setImmediate(done));

test("enter() lets requests through in the order of their arrival, at the rate", async (t) => {
  const queue = line(t, { perSecond: 10 });
  const entered: number[] = [];
  for (let i = 0; i < 5; i++) queue.enter(0, forever()).then((entry) => entry.entered && entered.push(i));
  await settled();
  assert.deepEqual(entered, [0]);
  for (const expected of [
    [0, 1],
    [0, 1, 2],
    [0, 1, 2, 3],
  ]) {
    t.mock.timers.tick(100);
    await settled();
    assert.deepEqual(entered, expected);
  }
});

test("enter() refuses at once when the wait is known to exceed the bound", async (t) => {
  const queue = line(t, { perSecond: 1, waitMsMax: 2000 });
  const waits = [1, 2, 3].map(() => queue.enter(0, forever()));
  assert.deepEqual(await queue.enter(0, forever()), { entered: false, retryAfterMs: 3000 });
  t.mock.timers.tick(1000);
  t.mock.timers.tick(1000);
  assert.deepEqual(
    (await Promise.all(waits)).map(({ entered }) => entered),
    [true, true, true],
  );
});

test("enter() with no bound only slows down", async (t) => {
  const queue = line(t, { perSecond: 1, waitMsMax: Number.POSITIVE_INFINITY });
  let entered = 0;
  for (let i = 0; i < 20; i++) queue.enter(0, forever()).then((entry) => (entered += entry.entered ? 1 : 0));
  for (let second = 0; second < 19; second++) {
    t.mock.timers.tick(1000);
    await settled();
  }
  assert.equal(entered, 20);
});

test("leave() lets the next one in; who gives up leaves the line without holding it up", async (t) => {
  const queue = line(t, { inFlightMax: 1, waitMsMax: 500 });
  const first = await queue.enter(0, forever());
  assert.ok(first.entered);
  const controller = new AbortController();
  const second = queue.enter(0, startDeadline(Number.POSITIVE_INFINITY, controller.signal));
  t.mock.timers.tick(100);
  const third = queue.enter(0, forever());
  assert.equal(queue.waiting, 2);
  controller.abort();
  assert.equal((await second).entered, false);
  first.leave();
  const entry = await third;
  assert.ok(entry.entered);
  const fourth = queue.enter(0, forever());
  t.mock.timers.tick(500);
  assert.equal((await fourth).entered, false);
  assert.equal(queue.waiting, 0);
});
