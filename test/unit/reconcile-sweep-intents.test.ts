import assert from "node:assert/strict";
import { test } from "node:test";
import { createIntents, type IntentWork } from "../../functions/core/intent/intents.ts";
import { sweepIntents } from "../../functions/reconcile/sweep-intents.ts";
import { fakeCluster, lineOf, noAnswer } from "../support/fake-cluster.ts";
import { fakeObjectStore } from "../support/fake-object-store.ts";
import { fakeQueue } from "../support/fake-queue.ts";
import { fakeTelemetry } from "../support/fake-telemetry.ts";

const key = (id: string) => ({ index: "books", id, routing: undefined });
const ageMs = 120_000;

/** A sweep at the time 1,000,000 over intents in a store of their own. */
function sweep() {
  const objects = fakeObjectStore();
  const intents = createIntents(objects, "intents/", () => undefined);
  const queue = fakeQueue();
  const telemetry = fakeTelemetry();
  const primary = fakeCluster("primary", () => ({
    body: { metadata: { indices: { "books-1": { state: "open" }, "books-2": { state: "close" } } } },
  }));
  let nowMs = 1_000_000;
  const services = {
    primary,
    objects,
    intentPrefix: "intents/",
    intentAgeMs: ageMs,
    queue,
    payloads: objects,
    envelope: { encoding: "plain", inlineBytesMax: 400_000, payloadPrefix: "payloads/" },
    telemetry,
    now: () => nowMs,
  } as const;
  const declareWork = async (at: number, work: IntentWork) => {
    objects.at(at);
    await intents.declare(work, { writtenAtMs: at }).durable;
  };
  const declare = (at: number, ids: readonly string[]) =>
    declareWork(at, { kind: "documents", keys: ids.map(key) });
  const passTime = (ms: number) => {
    nowMs += ms;
  };
  /** The store's clock is right; the sweep's may not be. */
  const run = (aheadMs = 0) => {
    objects.at(nowMs);
    return sweepIntents({ ...services, now: () => nowMs + aheadMs });
  };
  const left = () => [...objects.objects.keys()].filter((name) => name !== "intents/clock");
  return { left, primary, objects, queue, telemetry, declare, declareWork, passTime, run };
}

test("sweepIntents() turns an old intent into a reconcile record and then removes it", async () => {
  const { queue, declare, run, telemetry, left } = sweep();
  await declare(1_000_000 - ageMs, ["1", "2"]);
  assert.equal(await run(), 1);
  const [record] = queue.records();
  assert.ok(record?.kind === "reconcile");
  assert.equal(record.writtenAtMs, 1_000_000 - ageMs);
  assert.deepEqual(record.keys, [key("1"), key("2")]);
  assert.ok(record.looksLeft > 0);
  assert.equal(left().length, 0);
  assert.equal(telemetry.counted("intentsSwept"), 1);
});

test("sweepIntents() leaves a younger intent alone: its write may be under way", async () => {
  const { queue, declare, run, left } = sweep();
  await declare(1_000_000 - ageMs + 1, ["1"]);
  assert.equal(await run(), 0);
  assert.equal(queue.sent.length, 0);
  assert.equal(left().length, 1);
});

test("sweepIntents() goes by the store's clock, neither by the writer's nor by its own", async () => {
  const { objects, declare, passTime, run } = sweep();
  await declare(5, ["1"]);
  const [[name, stored] = []] = objects.objects;
  assert.ok(name && stored);
  objects.objects.set(name, { ...stored, modifiedMs: 1_000_000 });
  assert.equal(await run(), 0);
  assert.equal(await run(600_000), 0);
  passTime(ageMs);
  assert.equal(await run(-600_000), 1);
});

test("sweepIntents() tells the store's clock by an object that is not empty: the SDK warns of those", async () => {
  const { objects, declare, run } = sweep();
  await declare(1_000_000, ["1"]);
  await run();
  assert.ok((objects.objects.get("intents/clock")?.body.length ?? 0) > 0);
});

test("sweepIntents() takes the oldest first", async () => {
  const { queue, declare, run } = sweep();
  for (const at of [300_000, 100_000, 200_000]) await declare(at, [String(at)]);
  assert.equal(await run(), 3);
  assert.deepEqual(
    queue.records().map(({ writtenAtMs }) => writtenAtMs),
    [100_000, 200_000, 300_000],
  );
});

test("sweepIntents() cuts a large intent into records of 500 keys", async () => {
  const { queue, declare, run } = sweep();
  const ids = Array.from({ length: 1001 }, (_, i) => String(i));
  await declare(1, ids);
  await run();
  const keys = queue.records().map((record) => (record.kind === "reconcile" ? record.keys : []));
  assert.deepEqual(
    keys.map(({ length }) => length),
    [500, 500, 1],
  );
  assert.deepEqual(
    keys.flat().map(({ id }) => id),
    ids,
  );
});

test("sweepIntents() keeps an intent that it cannot queue", async () => {
  const { queue, declare, run, left } = sweep();
  await declare(1, ["1"]);
  queue.refuseWith(new Error("throttled"));
  await assert.rejects(run(), /1 intents could not be swept/);
  assert.equal(left().length, 1);
  queue.refuseWith(undefined);
  assert.equal(await run(), 1);
  assert.equal(left().length, 0);
});

test("sweepIntents() leaves an intent that cannot be read to a person, and sweeps the others", async () => {
  const { objects, declare, run, telemetry, left } = sweep();
  await objects.put("intents/000000000000000-x", '{"schema":9}');
  await declare(1, ["1"]);
  assert.equal(await run(), 1);
  assert.deepEqual(left(), ["intents/000000000000000-x"]);
  assert.ok(telemetry.lines.some((line) => line.includes("intents/000000000000000-x")));
});

test("sweepIntents() does not touch what is not an intent", async () => {
  const { objects, run, left } = sweep();
  await objects.put("payloads/1", "x");
  assert.equal(await run(), 0);
  assert.equal(left().length, 1);
});

test("sweepIntents() queues a definition for an intent of an index-level change", async () => {
  const { queue, declareWork, run, primary, left } = sweep();
  await declareWork(5, { kind: "define", pattern: "a,b*" });
  assert.equal(await run(), 1);
  assert.deepEqual(queue.records(), [
    { kind: "define", writtenAtMs: 5, reason: "intent left over", pattern: "a,b*" },
  ]);
  assert.equal(left().length, 0);
  assert.equal(primary.requests.length, 0);
});

test("sweepIntents() has all indices of the pattern reconciled for an intent of a by-query write, once its task has ended", async () => {
  const { queue, declareWork, run, left } = sweep();
  await declareWork(5, { kind: "reconcile", pattern: "books-*" });
  assert.equal(await run(), 1);
  const indices = queue.records().map((record) => {
    assert.ok(record.kind === "reconcile-index");
    return [record.index, record.awaitsTasks];
  });
  assert.deepEqual(indices, [
    ["books-1", true],
    ["books-2", true],
  ]);
  assert.equal(left().length, 0);
});

test("sweepIntents() leaves a by-query intent of any index while PRIMARY runs such a write, and sweeps the others", async () => {
  const { primary, queue, declare, declareWork, run, left } = sweep();
  const running = { nodes: { n: { tasks: { "n:1": { action: "indices:data/write/reindex" } } } } };
  const indices = { metadata: { indices: { made: { state: "open" } } } };
  let tasks: object = running;
  primary.answer(({ path }) => ({ body: path === "/_tasks" ? tasks : indices }));
  await declareWork(1, { kind: "reconcile", pattern: "*" });
  await declareWork(2, { kind: "reconcile", pattern: "named" });
  await declare(3, ["1"]);
  assert.equal(await run(), 2);
  assert.equal(left().length, 1);
  tasks = { nodes: {} };
  assert.equal(await run(), 1);
  assert.equal(left().length, 0);
  const last = queue.records().at(-1);
  assert.ok(last?.kind === "reconcile-index" && last.index === "made");
});

test("sweepIntents() sweeps the documents' intents while PRIMARY is gone, and asks it only once", async () => {
  const { primary, queue, declare, declareWork, run, telemetry, left } = sweep();
  primary.answer(noAnswer("primary", "refused"));
  for (let i = 0; i < 20; i++) await declareWork(i, { kind: "reconcile", pattern: "x*" });
  await declare(100, ["1"]);
  await assert.rejects(run(), /20 intents/);
  assert.deepEqual(
    queue.records().map(({ kind }) => kind),
    ["reconcile"],
  );
  assert.equal(left().length, 20);
  assert.ok(primary.requests.length <= 8, primary.requests.map(lineOf).join());
  assert.equal(telemetry.counted("intentsSwept"), 1);
});

test("sweepIntents() goes on after an intent that cannot be queued, and names it", async () => {
  const { objects, queue, declare, run, telemetry, left } = sweep();
  await declare(1, ["poison"]);
  const [poisoned = ""] = objects.objects.keys();
  for (let i = 2; i < 30; i++) await declare(i, [`good ${i}`]);
  const send = queue.send.bind(queue);
  Object.assign(queue, {
    send: (messages: Parameters<typeof send>[0]) =>
      messages.some(({ body }) => body.includes("poison")) ? Promise.reject(new Error("no")) : send(messages),
  });
  await assert.rejects(run(), /1 intents could not be swept/);
  assert.deepEqual(left(), [poisoned]);
  assert.equal(queue.sent.length, 28);
  assert.ok(telemetry.lines.some((line) => line.includes(poisoned)));
});

test("sweepIntents() looks behind a thousand young and bad intents", async () => {
  const { objects, queue, declare, run } = sweep();
  for (let i = 0; i < 600; i++) await objects.put(`intents/${String(i).padStart(15, "0")}-bad`, "?");
  objects.at(1_000_000);
  for (let i = 0; i < 600; i++) await objects.put(`intents/${String(i).padStart(15, "0")}-young`, "?");
  await declare(5000, ["1"]);
  assert.equal(await run(), 1);
  assert.equal(queue.sent.length, 1);
});

test("sweepIntents() begins elsewhere each time when a run cannot manage all: what is slow starves nothing", async () => {
  const { objects, queue, declare, passTime, run } = sweep();
  const slow = objects.get.bind(objects);
  for (let i = 0; i < 1500; i++) await objects.put(`intents/${String(i).padStart(15, "0")}-bad`, "?");
  await declare(2000, ["1"]);
  Object.assign(objects, {
    get: (name: string) => {
      passTime(100);
      return slow(name);
    },
  });
  for (let runs = 0; queue.sent.length === 0; runs++) {
    assert.ok(runs < 50, "it never comes to the last one");
    await run();
    passTime(7919);
  }
});
