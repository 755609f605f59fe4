import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { test } from "node:test";
import { SQSClient } from "@aws-sdk/client-sqs";
import type { SQSBatchResponse, SQSEvent } from "aws-lambda";
import {
  createEventSourceMapping,
  type EventSourceMappingOptions,
} from "../../infra/local/event-source-mapping.ts";
import { batchEndFrom } from "../../infra/local/event-source-mapping-event.ts";
import type { LogEntry } from "../../infra/local/lambda-context.ts";

const queueArn = "arn:aws:sqs:eu-central-1:000000000000:replay";
const queueUrl = "http://sqs.local/000000000000/replay";

type Json = Record<string, unknown>;

/** SQS's answers without a network: a queue whose receives wait until something is put, or until they are aborted. */
function fakeQueue() {
  const waiting: string[] = [];
  const wakers = new Set<() => void>();
  const deleted: string[] = [];
  const requests: { action: string; input: Json }[] = [];
  const faults: { action: string; answer: Json | Error }[] = [];
  let receiving = 0;

  const receive = async (input: Json, signal: AbortSignal | undefined): Promise<Json> => {
    receiving += 1;
    while (waiting.length === 0) {
      await new Promise<void>((resolve, reject) => {
        wakers.add(resolve);
        signal?.addEventListener("abort", () => reject(new DOMException("Request aborted", "AbortError")));
      }).catch((error: unknown) => {
        receiving -= 1;
        throw error;
      });
    }
    receiving -= 1;
    const Messages = waiting.splice(0, Number(input.MaxNumberOfMessages)).map((body) => ({
      MessageId: `id-${body}`,
      ReceiptHandle: `receipt-${body}`,
      Body: body,
      MD5OfBody: createHash("md5").update(body).digest("hex"),
      Attributes: {
        ApproximateReceiveCount: "2",
        SentTimestamp: "1700000000000",
        SenderId: "sender",
        ApproximateFirstReceiveTimestamp: "1700000000001",
        MessageGroupId: "books",
      },
      MessageAttributes: {
        Reason: { DataType: "String", StringValue: "why" },
        Bytes: { DataType: "Binary", BinaryValue: "AAE=" },
      },
    }));
    return { Messages };
  };

  const answerTo = async (action: string, input: Json, signal: AbortSignal | undefined): Promise<Json> => {
    const at = faults.findIndex((fault) => fault.action === action);
    const [fault] = at < 0 ? [] : faults.splice(at, 1);
    if (fault?.answer instanceof Error) throw fault.answer;
    if (fault !== undefined) return fault.answer;
    if (action === "ReceiveMessage") return receive(input, signal);
    assert.equal(action, "DeleteMessageBatch");
    assert.ok(Array.isArray(input.Entries));
    for (const entry of input.Entries) deleted.push(String(entry.ReceiptHandle).replace("receipt-", ""));
    return { Successful: input.Entries.map(({ Id }) => ({ Id })), Failed: [] };
  };

  const sqs = new SQSClient({
    region: "eu-central-1",
    endpoint: "http://sqs.local",
    credentials: { accessKeyId: "a", secretAccessKey: "b" },
    maxAttempts: 1,
    requestHandler: {
      async handle(
        request: { headers: Record<string, string>; body: Uint8Array },
        options?: { abortSignal?: AbortSignal },
      ) {
        const action = (request.headers["x-amz-target"] ?? "").replace("AmazonSQS.", "");
        const input: Json = JSON.parse(Buffer.from(request.body).toString());
        requests.push({ action, input });
        const answer = await answerTo(action, input, options?.abortSignal);
        const headers = { "content-type": "application/x-amz-json-1.0" };
        return {
          response: { statusCode: 200, headers, body: Readable.from([Buffer.from(JSON.stringify(answer))]) },
        };
      },
    },
  });
  return {
    sqs,
    deleted,
    requests,
    faults,
    receiving: () => receiving,
    put(...bodies: string[]) {
      waiting.push(...bodies);
      for (const wake of wakers) wake();
      wakers.clear();
    },
  };
}

function mappingOn(queue: ReturnType<typeof fakeQueue>, options: Partial<EventSourceMappingOptions>) {
  const logged: LogEntry[] = [];
  const pauses: number[] = [];
  const mapping = createEventSourceMapping({
    sqs: queue.sqs,
    queueUrl,
    queueArn,
    handler: async () => {},
    batchSize: 10,
    concurrency: 1,
    functionTimeoutMs: 10_000,
    log: (entry) => logged.push(entry),
    sleep: async (ms) => {
      pauses.push(ms);
    },
    ...options,
  });
  return { mapping, logged, pauses };
}

/** Waits for a condition that an event loop turn will bring. */
async function until(holds: () => boolean): Promise<void> {
  for (let turn = 0; turn < 5_000; turn += 1) {
    if (holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  assert.fail(`never came true: ${holds}`);
}

test("createEventSourceMapping() hands over the event that Lambda builds, and deletes the batch", async () => {
  const queue = fakeQueue();
  const events: SQSEvent[] = [];
  const { mapping } = mappingOn(queue, {
    functionName: "replay",
    handler: async (event, context) => {
      assert.equal(context.functionName, "replay");
      assert.ok(context.getRemainingTimeInMillis() > 9_000);
      events.push(event);
    },
  });
  queue.put("one");
  mapping.start();
  await until(() => queue.deleted.length === 1);
  await mapping.stop();
  assert.deepEqual(events[0]?.Records, [
    {
      messageId: "id-one",
      receiptHandle: "receipt-one",
      body: "one",
      attributes: {
        ApproximateReceiveCount: "2",
        SentTimestamp: "1700000000000",
        SenderId: "sender",
        ApproximateFirstReceiveTimestamp: "1700000000001",
        MessageGroupId: "books",
      },
      messageAttributes: {
        Reason: { stringValue: "why", stringListValues: [], binaryListValues: [], dataType: "String" },
        Bytes: { binaryValue: "AAE=", stringListValues: [], binaryListValues: [], dataType: "Binary" },
      },
      md5OfBody: createHash("md5").update("one").digest("hex"),
      eventSource: "aws:sqs",
      eventSourceARN: queueArn,
      awsRegion: "eu-central-1",
    },
  ]);
  assert.deepEqual(queue.requests[0]?.input, {
    QueueUrl: queueUrl,
    MaxNumberOfMessages: 10,
    WaitTimeSeconds: 20,
    MessageSystemAttributeNames: ["All"],
    MessageAttributeNames: ["All"],
  });
});

test("createEventSourceMapping() deletes a batch's successes at once and leaves its failures", async () => {
  const queue = fakeQueue();
  const { mapping, pauses } = mappingOn(queue, {
    handler: async () => ({ batchItemFailures: [{ itemIdentifier: "id-b" }] }),
  });
  queue.put("a", "b", "c");
  mapping.start();
  await until(() => queue.deleted.length > 0);
  await mapping.stop();
  assert.deepEqual(queue.deleted, ["a", "c"]);
  assert.equal(queue.requests.filter(({ action }) => action === "DeleteMessageBatch").length, 1);
  assert.deepEqual(pauses, []);
});

test("createEventSourceMapping() deletes nothing of a batch that throws, times out or answers nonsense", async () => {
  const handlers: EventSourceMappingOptions["handler"][] = [
    async () => {
      throw new Error("broken");
    },
    () => {
      throw new Error("broken");
    },
    async () => ({ batchItemFailures: [{ itemIdentifier: "id-a" }, { itemIdentifier: "unknown" }] }),
    async () => {
      await new Promise((resolve) => setTimeout(resolve, 50));
    },
  ];
  for (const handler of handlers) {
    const queue = fakeQueue();
    const { mapping, logged, pauses } = mappingOn(queue, { handler, functionTimeoutMs: 20 });
    queue.put("a", "b");
    mapping.start();
    await until(() => pauses.length === 1);
    await mapping.stop();
    assert.deepEqual(queue.deleted, []);
    assert.equal(logged[0]?.level, "error");
    assert.equal(logged[0]?.messages, 2);
  }
});

test("batchEndFrom() reads success and failure as AWS documents them", () => {
  const ids = new Set(["a", "b"]);
  for (const result of [undefined, null, {}, { batchItemFailures: null }, { batchItemFailures: [] }]) {
    assert.deepEqual(batchEndFrom(result, ids), { kind: "some", failed: new Set() });
  }
  assert.deepEqual(batchEndFrom({ batchItemFailures: [{ itemIdentifier: "b" }] }, ids), {
    kind: "some",
    failed: new Set(["b"]),
  });
  for (const failure of [
    {},
    { itemIdentifier: "" },
    { itemIdentifier: null },
    { messageId: "a" },
    { itemIdentifier: "c" },
    "a",
    null,
  ]) {
    assert.equal(batchEndFrom({ batchItemFailures: [failure] }, ids).kind, "all");
  }
  assert.equal(batchEndFrom("done", ids).kind, "all");
  assert.equal(batchEndFrom({ batchItemFailures: "a" }, ids).kind, "all");
});

test("createEventSourceMapping() does not let others wait for a few that come back by themselves", async () => {
  const queue = fakeQueue();
  const { mapping, pauses } = mappingOn(queue, {
    handler: async (event) => ({
      batchItemFailures: event.Records.filter(({ body }) => body.startsWith("stuck")).map(
        ({ messageId }) => ({
          itemIdentifier: messageId,
        }),
      ),
    }),
  });
  mapping.start();
  for (let round = 1; round <= 3; round += 1) {
    queue.put(`stuck ${round}`);
    await until(() => queue.requests.length > round);
  }
  queue.put("new");
  await until(() => queue.deleted.length === 1);
  await mapping.stop();
  assert.deepEqual(pauses, []);
});

test("createEventSourceMapping() pauses longer after each whole batch without a success, until one has", async () => {
  const queue = fakeQueue();
  let failing = true;
  const { mapping, pauses } = mappingOn(queue, {
    batchSize: 2,
    handler: async (event) =>
      failing
        ? { batchItemFailures: event.Records.map(({ messageId }) => ({ itemIdentifier: messageId })) }
        : undefined,
  });
  mapping.start();
  for (let round = 1; round <= 7; round += 1) {
    queue.put("a", "b");
    await until(() => pauses.length === round);
  }
  assert.deepEqual(pauses, [200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
  failing = false;
  queue.put("c");
  await until(() => queue.deleted.length === 1);
  failing = true;
  queue.put("d", "e");
  await until(() => pauses.length === 8);
  assert.equal(pauses[7], 200);
  await mapping.stop();
});

test("createEventSourceMapping() handles at most `concurrency` batches at once, and adds pollers only for work", async () => {
  const queue = fakeQueue();
  const releases: (() => void)[] = [];
  let most = 0;
  let now = 0;
  const { mapping } = mappingOn(queue, {
    batchSize: 1,
    concurrency: 3,
    handler: async (): Promise<SQSBatchResponse> => {
      now += 1;
      most = Math.max(most, now);
      await new Promise<void>((resolve) => releases.push(resolve));
      now -= 1;
      return { batchItemFailures: [] };
    },
  });
  mapping.start();
  await until(() => queue.receiving() === 1);
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(queue.receiving(), 1);
  queue.put("a");
  await until(() => now === 1 && queue.receiving() === 1);
  queue.put("b", "c", "d", "e");
  await until(() => now === 3);
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(queue.receiving(), 0);
  while (queue.deleted.length < 5) {
    for (const release of releases.splice(0)) release();
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  assert.equal(most, 3);
  await mapping.stop();
});

test("createEventSourceMapping() logs an error of SQS, pauses, and goes on", async () => {
  const queue = fakeQueue();
  const { mapping, logged, pauses } = mappingOn(queue, {});
  queue.faults.push({ action: "ReceiveMessage", answer: new Error("down") });
  queue.faults.push({ action: "ReceiveMessage", answer: new Error("down") });
  queue.put("a");
  mapping.start();
  await until(() => queue.deleted.length === 1);
  await mapping.stop();
  assert.deepEqual(pauses, [200, 400]);
  assert.deepEqual(logged.map((entry) => entry.message).slice(0, 2), [
    "cannot receive from the queue",
    "cannot receive from the queue",
  ]);
});

test("createEventSourceMapping() deletes again what could not be deleted", async () => {
  const queue = fakeQueue();
  const { mapping } = mappingOn(queue, {});
  queue.faults.push({ action: "DeleteMessageBatch", answer: new Error("down") });
  const failed = { Id: "1", SenderFault: false, Code: "InternalError" };
  queue.faults.push({
    action: "DeleteMessageBatch",
    answer: { Successful: [{ Id: "0" }], Failed: [failed] },
  });
  queue.put("a", "b");
  mapping.start();
  await until(() => queue.deleted.length > 0);
  await mapping.stop();
  assert.deepEqual(queue.deleted, ["b"]);
});

test("stop() ends the long poll at once and waits for the running batch; start() begins again", async () => {
  const queue = fakeQueue();
  let release = () => {};
  let handled = 0;
  const { mapping } = mappingOn(queue, {
    concurrency: 2,
    handler: async () => {
      await new Promise<void>((resolve) => {
        release = resolve;
      });
      handled += 1;
    },
  });
  queue.put("a");
  mapping.start();
  mapping.start();
  await until(() => queue.receiving() === 1 && queue.requests.length === 2);
  let stopped = false;
  const stopping = mapping.stop().then(() => {
    stopped = true;
  });
  await until(() => queue.receiving() === 0);
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(stopped, false);
  release();
  await stopping;
  assert.equal(handled, 1);
  assert.deepEqual(queue.deleted, ["a"]);
  mapping.start();
  await until(() => queue.receiving() === 1);
  await mapping.stop();
  assert.equal(queue.receiving(), 0);
});
