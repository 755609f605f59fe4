import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import { type EmbeddedClients, embeddedClients } from "../../infra/local/embedded/clients.ts";
import { queueArn } from "../../infra/local/embedded/open-queues.ts";
import { createQueueEngine, type QueueEngine } from "../../infra/local/embedded/queue-engine.ts";
import { queueUrlPrefix } from "../../infra/local/embedded/sqs-action.ts";
import { openStore, type Store } from "../../infra/local/embedded/store.ts";
import { sqsCases } from "./contract-table.ts";

const day = 86_400;
const definitions = [
  {
    name: "source",
    visibilityTimeoutSeconds: 30,
    retentionSeconds: 4 * day,
    redrive: { deadLetterQueue: "dead", maxReceiveCount: 2 },
  },
  { name: "dead", visibilityTimeoutSeconds: 30, retentionSeconds: 14 * day },
  { name: "plain", visibilityTimeoutSeconds: 30, retentionSeconds: 4 * day },
];

describe("embedded SQS", () => {
  let directory: string;
  let clients: EmbeddedClients;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "understudy-sqs-"));
    clients = await embeddedClients(directory, { queues: definitions, bucket: "b", bodyMd5: true });
  });
  beforeEach(async () => {
    for (const name of clients.queues.names) await clients.queues.purge(name);
  });
  after(async () => {
    await clients.close();
    await rm(directory, { recursive: true });
  });

  for (const { name, run } of sqsCases) {
    test(name, () => run({ client: clients.sqs, url: (queue) => queueUrlPrefix + queue, arn: queueArn }));
  }
});

describe("queue engine", () => {
  let directory: string;
  let store: Store;
  let engine: QueueEngine;
  let nowMs: number;

  async function open(): Promise<void> {
    store = openStore(directory);
    engine = await createQueueEngine(store, definitions, () => nowMs);
  }
  async function close(): Promise<void> {
    await engine.close();
    await store.close();
  }
  async function take(queue: string) {
    const [message] = await engine.receive(queue, { maxMessages: 1, waitMs: 0 });
    return message;
  }

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "understudy-queue-"));
    nowMs = 1_700_000_000_000;
    await open();
    return async () => {};
  });

  async function withEngine(run: () => Promise<void>): Promise<void> {
    try {
      await run();
    } finally {
      await close();
      await rm(directory, { recursive: true });
    }
  }

  test("receive() gives a message back exactly when its visibility timeout is over", () =>
    withEngine(async () => {
      await engine.send("plain", [{ body: Buffer.from("a") }]);
      assert.equal((await take("plain"))?.receiveCount, 1);
      nowMs += 29_999;
      assert.equal(await take("plain"), undefined);
      nowMs += 1;
      assert.equal((await take("plain"))?.receiveCount, 2);
    }));

  test("createQueueEngine() finds waiting, in-flight and delayed messages of the run before", () =>
    withEngine(async () => {
      await engine.send("plain", [{ body: Buffer.from("a") }, { body: Buffer.from("b") }]);
      await engine.send("plain", [{ body: Buffer.from("c"), delaySeconds: 10 }]);
      const taken = await take("plain");
      const before = engine.stats("plain");
      await close();
      await open();
      assert.deepEqual(before, { visible: 1, inFlight: 1, delayed: 1, oldestSentAtMs: 1_700_000_000_000 });
      assert.deepEqual(engine.stats("plain"), before);
      nowMs += 10_000;
      const bodies = [await take("plain"), await take("plain")].map((message) => message?.body.toString());
      assert.deepEqual(bodies, ["b", "c"]);
      assert.equal(await take("plain"), undefined);
      nowMs += 20_000;
      const back = await take("plain");
      assert.equal(back?.head.messageId, taken?.head.messageId);
      assert.equal(back?.receiveCount, 2);
    }));

  test("receive() keeps roughly the order of sending, across a restart too", () =>
    withEngine(async () => {
      for (let index = 0; index < 5; index++) await engine.send("plain", [{ body: Buffer.from(`${index}`) }]);
      await close();
      nowMs -= 5;
      await open();
      for (let index = 5; index < 9; index++) await engine.send("plain", [{ body: Buffer.from(`${index}`) }]);
      const messages = await engine.receive("plain", { maxMessages: 10, waitMs: 0 });
      assert.equal(messages.map((message) => message.body.toString()).join(""), "012345678");
    }));

  test("receive() and expire() drop what is older than the retention, in flight or not", () =>
    withEngine(async () => {
      await engine.send("plain", [{ body: Buffer.from("a") }, { body: Buffer.from("b") }]);
      await take("plain");
      nowMs += 4 * day * 1000 - 1;
      await engine.expire();
      assert.equal(engine.stats("plain").visible + engine.stats("plain").inFlight, 2);
      nowMs += 1;
      assert.equal(await take("plain"), undefined);
      await engine.expire();
      assert.deepEqual(engine.stats("plain"), {
        visible: 0,
        inFlight: 0,
        delayed: 0,
        oldestSentAtMs: undefined,
      });
    }));

  test("stats() counts the oldest in-flight message and, in the dead-letter queue, the first sending", () =>
    withEngine(async () => {
      const sentAtMs = nowMs;
      await engine.send("source", [{ body: Buffer.from("a") }]);
      for (const _attempt of [1, 2]) {
        assert.ok(await take("source"));
        assert.equal(engine.stats("source").oldestSentAtMs, sentAtMs);
        nowMs += 30_000;
      }
      assert.equal(await take("source"), undefined);
      assert.equal(engine.stats("source").oldestSentAtMs, undefined);
      assert.equal(engine.stats("dead").oldestSentAtMs, sentAtMs);
    }));

  test("a handle of one queue is invalid in another", () =>
    withEngine(async () => {
      await engine.send("plain", [{ body: Buffer.from("a") }]);
      const message = await take("plain");
      assert.deepEqual(await engine.delete("source", [message?.receiptHandle ?? ""]), ["invalid"]);
      assert.deepEqual(await engine.delete("plain", [message?.receiptHandle ?? ""]), ["deleted"]);
    }));

  test("a move task without a destination fails on a message that was sent to the dead-letter queue directly", () =>
    withEngine(async () => {
      await engine.send("dead", [{ body: Buffer.from("a") }]);
      const task = engine.moves.start({ source: "dead" });
      while (task?.status === "RUNNING") await new Promise((resolve) => setImmediate(resolve));
      assert.equal(task?.failureReason, "CouldNotDetermineMessageSource");
      assert.equal(engine.stats("dead").visible, 1);
    }));

  test("concurrent receivers never get the same message", () =>
    withEngine(async () => {
      const messages = Array.from({ length: 300 }, (_, index) => ({ body: Buffer.from(`${index}`) }));
      const sending = Promise.all(messages.map((message) => engine.send("plain", [message])));
      const seen: string[] = [];
      const receiver = async () => {
        while (seen.length < 300) {
          const batch = await engine.receive("plain", { maxMessages: 7, waitMs: 20 });
          seen.push(...batch.map((message) => message.body.toString()));
        }
      };
      await Promise.all([sending, receiver(), receiver(), receiver(), receiver()]);
      assert.equal(seen.length, 300);
      assert.equal(new Set(seen).size, 300);
    }));
});
