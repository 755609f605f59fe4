import assert from "node:assert/strict";
import { test } from "node:test";
import { receivedMessage } from "../../functions/core/runtime/received-message.ts";
import { isLate, receiveRecord } from "../../functions/replay/message.ts";
import { pauseSeconds } from "../../functions/replay/replay-batch.ts";
import { fakeReplayServices, message, nowMs, recordMessage } from "../support/fake-replay-services.ts";

interface Delivery {
  /** Milliseconds before now. */
  readonly written: number;
  readonly sent: number;
  readonly received: number;
  readonly receives?: number;
}

const deliveries: Readonly<Record<string, Delivery & { readonly late: boolean }>> = {
  "everything at once": { written: 0, sent: 0, received: 0, late: false },
  "a few milliseconds each": { written: 60, sent: 40, received: 10, late: false },
  "as old as fresh may be": { written: 800, sent: 400, received: 0, late: false },
  "one millisecond older": { written: 801, sent: 400, received: 0, late: true },
  "a second delivery": { written: 10, sent: 5, received: 0, receives: 2, late: true },
  "a receive count that says nothing": {
    written: 10,
    sent: 5,
    received: 0,
    receives: Number.NaN,
    late: true,
  },
  "waited in the queue": { written: 5000, sent: 4990, received: 0, late: true },
  "waited with the consumer": { written: 3000, sent: 2990, received: 2980, late: true },
  "written long before it was sent": { written: 9000, sent: 10, received: 0, late: true },
  "a redrive: the queue's clock starts over": { written: 86_400_000, sent: 10, received: 5, late: true },
  "the queue's clock a little behind the writer's": { written: 10, sent: 30, received: 5, late: false },
  "the writer's clock ahead of the queue's": { written: -500, sent: 0, received: 0, late: true },
  "the queue's clock ahead of ours": { written: 0, sent: 0, received: -500, late: true },
  "received before it was sent": { written: 100, sent: 0, received: 100, late: true },
  "clocks ten minutes apart, the sum looking fresh": {
    written: 100,
    sent: -600_000,
    received: 0,
    late: true,
  },
};

for (const [what, { late, written, sent, received, receives = 1 }] of Object.entries(deliveries)) {
  test(`isLate() is ${late} for ${what}`, () => {
    const delivered = message("");
    const times = { sentMs: nowMs - sent, firstReceivedMs: nowMs - received };
    assert.equal(isLate({ ...delivered, ...times, receives }, nowMs - written, nowMs), late);
  });
}

test("isLate() is true where SQS gives no times", () => {
  const delivered = message("");
  const times = { sentMs: Number(""), firstReceivedMs: Number("x") };
  assert.equal(isLate({ ...delivered, ...times }, nowMs, nowMs), true);
});

test("receivedMessage() reads the texts of Lambda's event as numbers", () => {
  const event = {
    messageId: "m1",
    receiptHandle: "handle",
    body: "the body",
    attributes: {
      ApproximateReceiveCount: "3",
      SentTimestamp: "1700000000001",
      SenderId: "writer",
      ApproximateFirstReceiveTimestamp: "1700000000002",
    },
    messageAttributes: { parkedAt: { stringValue: "2023-11-14T22:13:20.003Z", dataType: "String" } },
    md5OfBody: "",
    eventSource: "aws:sqs",
    eventSourceARN: "arn",
    awsRegion: "local",
  };
  assert.deepEqual(receivedMessage(event), {
    id: "m1",
    receiptHandle: "handle",
    body: "the body",
    receives: 3,
    sentMs: 1_700_000_000_001,
    firstReceivedMs: 1_700_000_000_002,
    parkedAtMs: 1_700_000_000_003,
  });
});

test("receiveRecord() reads the record; its time in the queue starts over with a redrive", async () => {
  const { services } = fakeReplayServices();
  const record = { kind: "define", writtenAtMs: nowMs - 9_000_000, reason: "r", pattern: "books" } as const;
  const received = receiveRecord(await recordMessage(record, services), nowMs + 70);
  assert.deepEqual(received.record, record);
  assert.equal(received.queuedMs, 70);
  assert.equal(receiveRecord(received.message, nowMs - 1000).queuedMs, 0);
});

test("pauseSeconds() doubles from one second up to the maximum", () => {
  const longest = [1, 2, 3, 4, 5, 9, 10, 11, 50, 5000].map((receives) =>
    pauseSeconds(receives, 300, () => 1),
  );
  assert.deepEqual(longest, [1, 2, 4, 8, 16, 256, 300, 300, 300, 300]);
});

test("pauseSeconds() takes up to a quarter away at random, and is at least one second", () => {
  assert.equal(
    pauseSeconds(10, 300, () => 0),
    225,
  );
  assert.equal(
    pauseSeconds(3, 300, () => 0),
    3,
  );
  assert.equal(
    pauseSeconds(1, 300, () => 0),
    1,
  );
  assert.equal(
    pauseSeconds(0, 1, () => 0),
    1,
  );
});
