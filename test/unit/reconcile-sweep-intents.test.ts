import assert from "node:assert/strict";
import { test } from "node:test";
import { createIntents } from "../../functions/core/intent/intents.ts";
import { sweepIntents } from "../../functions/reconcile/sweep-intents.ts";
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
  const services = {
    objects,
    intentPrefix: "intents/",
    intentAgeMs: ageMs,
    queue,
    payloads: objects,
    envelope: { encoding: "plain", inlineBytesMax: 400_000, payloadPrefix: "payloads/" },
    telemetry,
    now: () => 1_000_000,
  } as const;
  const declare = async (at: number, ids: readonly string[]) => {
    objects.at(at);
    await intents.declare(ids.map(key), at).durable;
  };
  return { objects, queue, telemetry, declare, run: () => sweepIntents(services) };
}

test("sweepIntents() turns an old intent into a reconcile record and then removes it", async () => {
  const { objects, queue, declare, run, telemetry } = sweep();
  await declare(1_000_000 - ageMs, ["1", "2"]);
  assert.equal(await run(), 1);
  const [record] = queue.records();
  assert.ok(record?.kind === "reconcile");
  assert.equal(record.writtenAtMs, 1_000_000 - ageMs);
  assert.deepEqual(record.keys, [key("1"), key("2")]);
  assert.ok(record.looksLeft > 0);
  assert.equal(objects.objects.size, 0);
  assert.equal(telemetry.counted("intentsSwept"), 1);
});

test("sweepIntents() leaves a younger intent alone: its write may be under way", async () => {
  const { objects, queue, declare, run } = sweep();
  await declare(1_000_000 - ageMs + 1, ["1"]);
  assert.equal(await run(), 0);
  assert.equal(queue.sent.length, 0);
  assert.equal(objects.objects.size, 1);
});

test("sweepIntents() goes by the store's clock, not by the writer's", async () => {
  const { objects, declare, run } = sweep();
  await declare(5, ["1"]);
  const [[name, stored] = []] = objects.objects;
  assert.ok(name && stored);
  objects.objects.set(name, { ...stored, modifiedMs: 1_000_000 });
  assert.equal(await run(), 0);
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
  const { objects, queue, declare, run } = sweep();
  await declare(1, ["1"]);
  queue.refuseWith(new Error("throttled"));
  await run().catch(() => undefined);
  assert.equal(objects.objects.size, 1);
  queue.refuseWith(undefined);
  assert.equal(await run(), 1);
  assert.equal(objects.objects.size, 0);
});

test("sweepIntents() leaves an intent that cannot be read to a person, and sweeps the others", async () => {
  const { objects, declare, run, telemetry } = sweep();
  await objects.put("intents/000000000000000-x", '{"schema":9}');
  await declare(1, ["1"]);
  assert.equal(await run(), 1);
  assert.deepEqual([...objects.objects.keys()], ["intents/000000000000000-x"]);
  assert.ok(telemetry.lines.some((line) => line.includes("intents/000000000000000-x")));
});

test("sweepIntents() does not touch what is not an intent", async () => {
  const { objects, run } = sweep();
  await objects.put("payloads/1", "x");
  assert.equal(await run(), 0);
  assert.equal(objects.objects.size, 1);
});
