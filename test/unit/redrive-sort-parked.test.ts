import assert from "node:assert/strict";
import { test } from "node:test";
import { type ParkedMessage, sortParked } from "../../functions/redrive/sort-parked.ts";
import { fakeQueue } from "../support/fake-queue.ts";

const parkedAtMs = 1_700_000_000_000;
const message = (id: string, sentMs: number, more: Partial<ParkedMessage> = {}): ParkedMessage => ({
  id,
  body: `body of ${id}`,
  receiptHandle: `handle of ${id}`,
  receives: 1,
  sentMs,
  firstReceivedMs: sentMs,
  parkedAtMs,
  ...more,
});

test("sortParked() lets SQS dead-letter what replay has just parked, and tries again what a person redrove", async () => {
  const [records, parking] = [fakeQueue(), fakeQueue()];
  const failures = await sortParked(
    [
      message("parked", parkedAtMs + 200),
      message("parked by a clock that is ahead", parkedAtMs - 900),
      message("redriven", parkedAtMs + 60_000),
      message("from elsewhere", parkedAtMs, { parkedAtMs: Number.NaN }),
    ],
    { records, parking },
  );
  assert.deepEqual(failures, ["parked", "parked by a clock that is ahead"]);
  assert.deepEqual(
    records.sent.map(({ body }) => body),
    ["body of redriven", "body of from elsewhere"],
  );
  assert.equal(parking.sent.length, 0);
});
