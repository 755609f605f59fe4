import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeVersion } from "../../functions/core/replication/version.ts";
import { replayBatch } from "../../functions/replay/replay-batch.ts";
import { noAnswer } from "../support/fake-cluster.ts";
import {
  applyMessage,
  fakeReplayServices,
  nowMs,
  recordMessage,
  replica,
} from "../support/fake-replay-services.ts";

const place = (id: string) => `understudy-I-u1/${id}`;
const done = { kind: "done" };
const kinds = async (ends: ReturnType<typeof replayBatch>) => (await ends).map(({ kind }) => kind);

test("replayBatch() reconciles keys: present documents are written, absent ones deleted under their guard", async () => {
  const { services, backup, primary, tombstones } = fakeReplayServices();
  primary.index("books").documents.set("1", { seqNo: 7, term: 1, source: '{"n":9007199254740993}' });
  backup.documents.set(place("2"), { version: "3", source: "{}" });
  const keys = ["1", "2"].map((id) => ({ index: "books", id, routing: undefined }));
  const record = { kind: "reconcile", writtenAtMs: nowMs, reason: "r", keys, looksLeft: 0 } as const;
  assert.deepEqual(await replayBatch([await recordMessage(record, services)], services), [done]);
  assert.deepEqual(
    [...backup.documents],
    [[place("1"), { version: encodeVersion("books", 0, "1", "7"), source: '{"n":9007199254740993}' }]],
  );
  assert.deepEqual([...tombstones.versions.values()], [encodeVersion("books", 0, "1", "50")]);
});

/** A reconcile of three keys, of which PRIMARY cannot read `2`. */
function halfReadable() {
  const world = fakeReplayServices();
  const books = world.primary.index("books");
  books.documents.set("1", { seqNo: 7, term: 1, source: "{}" });
  books.unreadable.add("2");
  const keys = ["1", "2", "3"].map((id) => ({ index: "books", id, routing: undefined }));
  const record = { kind: "reconcile", writtenAtMs: nowMs - 5, reason: "r", keys, looksLeft: 0 } as const;
  return { ...world, books, record };
}

test("replayBatch() lets keys that PRIMARY cannot read wait in a record of their own: their neighbours are done", async () => {
  const { services, backup, queue, tombstones, record, books } = halfReadable();
  assert.deepEqual(await replayBatch([await recordMessage(record, services)], services), [done]);
  assert.deepEqual([...backup.documents.keys()], [place("1")]);
  assert.equal(tombstones.versions.size, 1);
  const [rest, ...more] = queue.records();
  assert.equal(more.length, 0);
  assert.ok(rest?.kind === "reconcile");
  assert.deepEqual(rest.keys, [record.keys[1]]);
  assert.equal(rest.writtenAtMs, record.writtenAtMs);
  assert.match(rest.reason, /it recovers/);
  assert.ok((queue.sent[0]?.delaySeconds ?? 0) > 0);
  books.unreadable.clear();
  books.documents.set("2", { seqNo: 8, term: 1, source: "{}" });
  assert.deepEqual(await replayBatch([await recordMessage(rest, services)], services), [done]);
  assert.deepEqual([...backup.documents.keys()], [place("1"), place("2")]);
  assert.equal(queue.sent.length, 1);
});

test("replayBatch() keeps a record waiting of whose keys PRIMARY can read none", async () => {
  const { services, queue, record } = halfReadable();
  const keys = record.keys.slice(1, 2);
  const message = await recordMessage({ ...record, keys }, services);
  assert.deepEqual(await kinds(replayBatch([message], services)), ["retry"]);
  assert.equal(queue.sent.length, 0);
});

test("replayBatch() parks at once what PRIMARY keeps no _source of: no later look can be any better", async () => {
  const { services, primary, deadLetters } = fakeReplayServices();
  primary.index("books").documents.set("1", { seqNo: 7, term: 1, source: undefined });
  const keys = [{ index: "books", id: "1", routing: undefined }];
  const some = { kind: "reconcile", writtenAtMs: nowMs, reason: "r", keys, looksLeft: 0 } as const;
  const whole = {
    kind: "reconcile-index",
    writtenAtMs: nowMs,
    reason: "r",
    index: "books",
    awaitsTasks: false,
  } as const;
  for (const record of [some, { ...whole, cursor: undefined }]) {
    assert.deepEqual(await replayBatch([await recordMessage(record, services)], services), [done]);
    assert.match(deadLetters.sent.at(-1)?.attributes?.["reason"] ?? "", /keeps no _source/);
  }
  assert.equal(deadLetters.sent.length, 2);
});

test("replayBatch() is done with keys of an index that is closed on PRIMARY, once BACKUP's is closed too", async () => {
  const { services, queue, record, books, backup } = halfReadable();
  const keys = record.keys.slice(1, 2);
  books.closed = true;
  const message = await recordMessage({ ...record, keys }, services);
  assert.deepEqual(await replayBatch([message], services), [done]);
  assert.equal(queue.sent.length, 0);
  assert.equal(backup.definitions.get("books")?.closed, true);
});

test("replayBatch() looks at every key again where looks are left, the unreadable among them", async () => {
  const { services, queue, record } = halfReadable();
  await replayBatch([await recordMessage({ ...record, looksLeft: 1 }, services)], services);
  assert.deepEqual(queue.records(), [record]);
});

test("replayBatch() sends the rest of a record only when this part of it is done", async () => {
  const { services, backup, queue, record } = halfReadable();
  backup.refuse(() => ({ status: 429, type: "es_rejected_execution_exception" }));
  assert.deepEqual(await kinds(replayBatch([await recordMessage(record, services)], services)), ["retry"]);
  assert.equal(queue.sent.length, 0);
});

test("replayBatch() finds documents behind an alias that was written through", async () => {
  const { services, backup, primary } = fakeReplayServices();
  primary.index("books").aliases = { library: {} };
  primary.index("books").documents.set("1", { seqNo: 7, term: 1, source: "{}" });
  const keys = [{ index: "library", id: "1", routing: undefined }];
  const record = { kind: "reconcile", writtenAtMs: nowMs, reason: "r", keys, looksLeft: 0 } as const;
  assert.deepEqual(await replayBatch([await recordMessage(record, services)], services), [done]);
  assert.deepEqual([...backup.documents.keys()], [place("1")]);
});

test("replayBatch() makes no index on BACKUP for keys of which there is nothing to write", async () => {
  const { services, incarnations, primary } = fakeReplayServices();
  primary.index("books").progress = [{ max: -1, checkpoint: -1 }];
  const keys = [{ index: "books", id: "1", routing: undefined }];
  const record = { kind: "reconcile", writtenAtMs: nowMs, reason: "r", keys, looksLeft: 0 } as const;
  assert.deepEqual(await replayBatch([await recordMessage(record, services)], services), [done]);
  assert.deepEqual(incarnations.calls, []);
});

test("replayBatch() looks again, a while later, as often as a reconcile says", async () => {
  const { services, queue } = fakeReplayServices();
  const keys = [{ index: "books", id: "1", routing: undefined }];
  const record = { kind: "reconcile", writtenAtMs: nowMs, reason: "r", keys, looksLeft: 2 } as const;
  await replayBatch([await recordMessage(record, services)], services);
  assert.deepEqual(queue.records(), [{ ...record, looksLeft: 1 }]);
  assert.ok((queue.sent[0]?.delaySeconds ?? 0) > 0);
  await replayBatch([await recordMessage({ ...record, looksLeft: 0 }, services)], services);
  assert.equal(queue.sent.length, 1);
});

test("replayBatch() keeps a reconcile waiting while PRIMARY is away, beside records that go through", async () => {
  const { services, primary, backup } = fakeReplayServices();
  primary.cluster.answer(noAnswer("primary", "timeout"));
  const keys = [{ index: "books", id: "1", routing: undefined }];
  const record = { kind: "reconcile", writtenAtMs: nowMs, reason: "r", keys, looksLeft: 0 } as const;
  const messages = [
    await recordMessage(record, services),
    await applyMessage([replica("2", 9, "{}")], services),
  ];
  assert.deepEqual(await kinds(replayBatch(messages, services)), ["retry", "done"]);
  assert.equal(backup.documents.size, 1);
});

test("replayBatch() keeps a batch waiting when the incarnation's index is being made by another consumer", async () => {
  const { services, backup, incarnations } = fakeReplayServices();
  incarnations.says(async () => ({ kind: "unknown", reason: "being created" }));
  const keys = [{ index: "books", id: "1", routing: undefined }];
  const record = { kind: "reconcile", writtenAtMs: nowMs, reason: "r", keys, looksLeft: 0 } as const;
  const messages = [
    await applyMessage([replica("1", 9, "{}")], services),
    await recordMessage(record, services),
  ];
  assert.deepEqual(await kinds(replayBatch(messages, services)), ["retry", "retry"]);
  assert.equal(backup.bulks.length, 0);
});
