import assert from "node:assert/strict";
import { test } from "node:test";
import type { ReceivedMessage } from "../../functions/core/queue/port.ts";
import { sortParked } from "../../functions/redrive/sort-parked.ts";
import { fakeQueue } from "../support/fake-queue.ts";

const parkedAtMs = 1_700_000_000_000;
const message = (id: string, sentMs: number, more: Partial<ReceivedMessage> = {}): ReceivedMessage => ({
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
    records.sent.map(({ body, attributes }) => [body, attributes]),
    [
      ["body of redriven", { parkedAt: "2023-11-14T22:13:20.000Z" }],
      ["body of from elsewhere", undefined],
    ],
  );
  assert.equal(parking.sent.length, 0);
});
