import assert from "node:assert/strict";
import { test } from "node:test";
import { unseal } from "../../functions/core/replication/envelope.ts";
import { parseMessage, recordOf } from "../../functions/core/replication/header.ts";
import { recordSchema } from "../../functions/core/replication/record.ts";
import { encodeVersion } from "../../functions/core/replication/version.ts";
import { tombstoneKey } from "../../functions/core/tombstone/tombstones.ts";
import { replayBatch } from "../../functions/replay/replay-batch.ts";
import { noAnswer } from "../support/fake-cluster.ts";
import {
  applyMessage,
  fakeReplayServices,
  message,
  nowMs,
  recordMessage,
  replica,
} from "../support/fake-replay-services.ts";

const place = (id: string, uuid = "u1") => `understudy-I-${uuid}/${id}`;
const done = { kind: "done" };
const kinds = async (ends: ReturnType<typeof replayBatch>) => (await ends).map(({ kind }) => kind);
const unhappy = (id: string, status: number, type: string) => (operation: { id: string }) =>
  operation.id === id ? { status, type } : undefined;

test("replayBatch() merges the records of a batch into one bulk, the newest of each document", async () => {
  const { services, backup, telemetry } = fakeReplayServices();
  const messages = [
    await applyMessage([replica("1", 9, '{"n":9}'), replica("2", 3, "{}")], services),
    await applyMessage([replica("1", 5, '{"n":5}')], services),
    await applyMessage([replica("2", 4)], services),
  ];
  assert.deepEqual(await replayBatch(messages, services), [done, done, done]);
  assert.equal(backup.bulks.length, 1);
  assert.deepEqual([...backup.documents], [[place("1"), { version: "9", source: '{"n":9}' }]]);
  assert.equal(telemetry.counted("recordsApplied"), 2);
  assert.equal(telemetry.counted("recordsSuperseded"), 1);
});

test("replayBatch() replays any message any number of times to the same end", async () => {
  const { services, backup } = fakeReplayServices();
  const messages = [
    await applyMessage([replica("1", 9, "{}"), replica("2", 8)], services, { late: true }),
    await applyMessage([replica("2", 7, "{}"), replica("1", 3)], services, { late: true }),
  ];
  for (const batch of [messages, [...messages].reverse(), messages]) {
    await replayBatch(batch, services);
    assert.deepEqual([...backup.documents.keys()], [place("1")]);
  }
});

test("replayBatch() parks a message that cannot be read, as it came, and does the others", async () => {
  const { services, backup, deadLetters } = fakeReplayServices();
  const good = await applyMessage([replica("1", 9, "{}")], services);
  const bad = message('{"schema":99}\nbody');
  assert.deepEqual(await replayBatch([bad, good], services), [done, done]);
  assert.equal(backup.documents.size, 1);
  assert.equal(deadLetters.sent.length, 1);
  assert.equal(deadLetters.sent[0]?.body, bad.body);
  assert.match(deadLetters.sent[0]?.attributes?.["reason"] ?? "", /unknown or damaged/);
});

test("replayBatch() keeps a record waiting as a whole while one of its operations is to be retried", async () => {
  const { services, backup, store, deadLetters } = fakeReplayServices();
  backup.refuse(unhappy("2", 429, "es_rejected_execution_exception"));
  const messages = [
    await applyMessage([replica("1", 9, "{}"), replica("2", 9, "{}")], services),
    await applyMessage([replica("3", 9, "{}")], services),
  ];
  assert.deepEqual(await kinds(replayBatch(messages, services)), ["retry", "done"]);
  assert.equal(backup.documents.size, 2);
  assert.equal(deadLetters.sent.length, 0);
  assert.equal(store.objects.size, 0);
});

test("replayBatch() parks only the refused operations, with BACKUP's reason, when their neighbours are done", async () => {
  const { services, backup, deadLetters, store, telemetry } = fakeReplayServices();
  backup.refuse(unhappy("2", 400, "routing_missing_exception"));
  const operations = [replica("1", 9, "{}"), replica("2", 9, '{"bad":1}'), replica("3", 9)];
  const late = await applyMessage(operations, services, { late: true });
  assert.deepEqual(await replayBatch([late], services), [done]);
  assert.equal(backup.documents.size, 1);
  const [parked] = deadLetters.sent;
  assert.ok(parked);
  const { header, inline } = parseMessage(parked.body);
  const record = recordOf(header);
  assert.ok(record.kind === "apply");
  assert.deepEqual(
    record.manifest.map(({ id, version }) => `${id}@${version}`),
    ["2@9"],
  );
  const body = await unseal(header, inline, "payloads/", store);
  assert.ok(body.toString().endsWith('{"bad":1}\n'));
  assert.equal(body.toString().split("\n").length, 3);
  assert.deepEqual(parked.attributes, {
    index: "books",
    reason: "400 routing_missing_exception: refused 2",
    parkedAt: new Date(nowMs).toISOString(),
    receives: "2",
    schema: String(recordSchema),
    id: "2",
    operations: "1",
  });
  assert.equal(telemetry.counted("recordsParked"), 1);
  assert.equal(telemetry.counted("operationsParked"), 1);
});

test("replayBatch() replays a parked record to success once BACKUP takes it", async () => {
  const { services, backup, deadLetters } = fakeReplayServices();
  backup.refuse(unhappy("2", 400, "routing_missing_exception"));
  await replayBatch([await applyMessage([replica("2", 9, '{"n":1}')], services)], services);
  backup.refuse(() => undefined);
  await replayBatch([message(deadLetters.sent[0]?.body ?? "", true)], services);
  assert.deepEqual(backup.documents.get(place("2")), { version: "9", source: '{"n":1}' });
});

test("replayBatch() parks a record that could not be applied for too long", async () => {
  const { services, backup, deadLetters } = fakeReplayServices({ retryMsMax: 1000 });
  backup.refuse(unhappy("2", 503, "unavailable_shards_exception"));
  const operations = [replica("1", 9, "{}"), replica("2", 9, "{}")];
  const { body } = await applyMessage(operations, services);
  assert.deepEqual(await kinds(replayBatch([message(body, true, nowMs - 1000)], services)), ["retry"]);
  assert.deepEqual(await kinds(replayBatch([message(body, true, nowMs - 1001)], services)), ["done"]);
  const record = deadLetters.records()[0];
  assert.ok(record?.kind === "apply");
  assert.deepEqual(
    record.manifest.map(({ id }) => id),
    ["2"],
  );
});

const offloaded = { encoding: "plain", inlineBytesMax: 1024, payloadPrefix: "payloads/" } as const;
const large = JSON.stringify({ s: "x".repeat(3000) });

test("replayBatch() removes a payload only after its record is done", async () => {
  const { services, backup, store } = fakeReplayServices({ envelope: offloaded });
  const stored = await applyMessage([replica("1", 9, large)], services);
  assert.equal(store.objects.size, 1);
  backup.cluster.answer(noAnswer("backup", "timeout"));
  assert.deepEqual(await kinds(replayBatch([stored], services)), ["retry"]);
  assert.equal(store.objects.size, 1);
  const whole = fakeReplayServices({ envelope: offloaded, payloads: store });
  whole.backup.refuseBulk(() => {
    assert.equal(store.objects.size, 1);
    return undefined;
  });
  assert.deepEqual(await replayBatch([stored], whole.services), [done]);
  assert.equal(store.objects.size, 0);
});

test("replayBatch() reads PRIMARY's truth where a payload is lost: never a success without its documents", async () => {
  const { services, backup, store, primary } = fakeReplayServices({ envelope: offloaded });
  const lost = await applyMessage([replica("1", 9, large), replica("2", 9)], services);
  store.objects.clear();
  primary.index("books").documents.set("1", { seqNo: 12, term: 1, source: '{"n":12}' });
  assert.deepEqual(await replayBatch([lost], services), [done]);
  assert.deepEqual(
    [...backup.documents],
    [[place("1"), { version: encodeVersion("books", 0, "1", "12"), source: '{"n":12}' }]],
  );
  primary.cluster.answer(noAnswer("primary", "refused"));
  assert.deepEqual(await kinds(replayBatch([lost], services)), ["retry"]);
});

test("replayBatch() is done with a record that a newer one of its batch superseded only if that one is done", async () => {
  const { services, backup, tombstones } = fakeReplayServices();
  const index = await applyMessage([replica("1", 5, "{}")], services);
  const damaged = { ...index, body: `${index.body}damaged` };
  const deletion = await applyMessage([replica("1", 6)], services);
  // PRIMARY has no such document: a deletion at its shard's guard stands for the damaged record now, and fails.
  tombstones.failOn("write");
  const ends = await replayBatch([damaged, deletion], services);
  assert.deepEqual(
    ends.map(({ kind }) => kind),
    ["retry", "retry"],
  );
  tombstones.failOn(undefined);
  await replayBatch([{ ...index, receives: 2 }], services);
  await replayBatch([{ ...deletion, receives: 2 }], services);
  assert.equal(backup.documents.size, 0);
});

test("replayBatch() drops the records of an incarnation that PRIMARY has no more", async () => {
  const { services, backup, primary } = fakeReplayServices();
  primary.indices.clear();
  const dead = await applyMessage([replica("1", 9, "{}")], services);
  assert.deepEqual(await replayBatch([dead], services), [done]);
  assert.equal(backup.bulks.length, 0);
});

test("replayBatch() reads PRIMARY's truth for a record of a dead incarnation: it may be the successor's", async () => {
  const { services, backup, primary } = fakeReplayServices();
  primary.index("books").uuid = "u2";
  primary.index("books").documents.set("1", { seqNo: 0, term: 1, source: '{"of":"u2"}' });
  const dead = await applyMessage([replica("1", 99, '{"of":"u1"}'), replica("2", 99, "{}")], services);
  assert.deepEqual(await replayBatch([dead], services), [done]);
  assert.deepEqual(
    [...backup.documents],
    [[place("1", "u2"), { version: encodeVersion("books", 0, "1", "0"), source: '{"of":"u2"}' }]],
  );
});

test("replayBatch() applies without PRIMARY what BACKUP has an index for, and keeps the rest waiting", async () => {
  const { services, backup, primary, incarnations } = fakeReplayServices();
  primary.cluster.answer(noAnswer("primary", "refused"));
  const apply = await applyMessage([replica("1", 9, "{}")], services);
  assert.deepEqual(await replayBatch([apply], services), [done]);
  assert.equal(backup.documents.size, 1);
  incarnations.says(async () => ({ kind: "unknown", reason: "PRIMARY is needed" }));
  assert.deepEqual(await replayBatch([apply], services), [{ kind: "retry", reason: "PRIMARY is needed" }]);
});

test("replayBatch() writes what today's PRIMARY holds for a record of an older operator epoch", async () => {
  const { services, backup, primary } = fakeReplayServices({ epoch: 2 });
  const old = (id: string) => replica(id, encodeVersion("books", 1, "9", "9"), '{"of":"the old PRIMARY"}');
  primary.index("books").documents.set("1", { seqNo: 3, term: 1, source: '{"of":"today"}' });
  const messages = [
    await applyMessage([old("1"), old("gone")], services),
    await applyMessage([replica("2", encodeVersion("books", 2, "1", "1"), "{}")], services),
  ];
  backup.documents.set(place("gone"), { version: encodeVersion("books", 1, "9", "8"), source: "{}" });
  assert.deepEqual(await replayBatch(messages, services), [done, done]);
  assert.deepEqual(
    [...backup.documents],
    [
      [place("1"), { version: encodeVersion("books", 2, "1", "3"), source: '{"of":"today"}' }],
      [place("2"), { version: encodeVersion("books", 2, "1", "1"), source: "{}" }],
    ],
  );
});

test("replayBatch() keeps a record of an older operator epoch waiting while PRIMARY cannot be read", async () => {
  const { services, backup, primary } = fakeReplayServices({ epoch: 2 });
  primary.cluster.answer(noAnswer("primary", "refused"));
  const old = await applyMessage([replica("1", encodeVersion("books", 1, "9", "9"), "{}")], services);
  assert.deepEqual(await kinds(replayBatch([old], services)), ["retry"]);
  assert.equal(backup.bulks.length, 0);
});

test("replayBatch() parks a record whose version does not fit, and does its neighbours", async () => {
  const { services, backup, primary, deadLetters } = fakeReplayServices();
  primary.index("books").documents.set("1", { seqNo: 7, term: 99_999, source: "{}" });
  const keys = [{ index: "books", id: "1", routing: undefined }];
  const record = { kind: "reconcile", writtenAtMs: nowMs, reason: "r", keys, looksLeft: 0 } as const;
  const messages = [
    await recordMessage(record, services),
    await applyMessage([replica("2", 9, "{}")], services),
  ];
  assert.deepEqual(await replayBatch(messages, services), [done, done]);
  assert.deepEqual([...backup.documents.keys()], [place("2")]);
  assert.deepEqual(deadLetters.records(), [record]);
  assert.match(deadLetters.sent[0]?.attributes?.["reason"] ?? "", /\[books\].*99999.*OPERATOR_EPOCH/);
});

for (const encoding of ["gzip", "brotli"] as const) {
  test(`replayBatch() reads PRIMARY's truth where an inline body (${encoding}) is damaged, and does its neighbours`, async () => {
    const envelope = { encoding, inlineBytesMax: 400_000, payloadPrefix: "payloads/" } as const;
    const { services, backup, primary, deadLetters } = fakeReplayServices({ envelope });
    primary.index("books").documents.set("1", { seqNo: 12, term: 1, source: '{"n":12}' });
    const damaged = await applyMessage([replica("1", 9, '{"n":9}')], services);
    const messages = [
      message(damaged.body.slice(0, -12)),
      await applyMessage([replica("2", 9, "{}")], services),
    ];
    assert.deepEqual(await replayBatch(messages, services), [done, done]);
    assert.equal(backup.documents.get(place("1"))?.source, '{"n":12}');
    assert.equal(backup.documents.size, 2);
    assert.equal(deadLetters.sent.length, 0);
  });
}

test("replayBatch() takes a record for late that was fresh when it came and waited for its batch since", async () => {
  let elapsedMs = 0;
  const { services, backup, incarnations, tombstones } = fakeReplayServices({
    monotonicMs: () => elapsedMs,
  });
  tombstones.versions.set(tombstoneKey("u1", 0, "1"), "20");
  incarnations.says(async () => {
    // BACKUP's index had to be made first.
    elapsedMs += 5000;
    return { kind: "ready", layout: { shards: 1, routingShards: 1, partitionSize: 1 } };
  });
  const fresh = await applyMessage([replica("1", 9, "{}")], services);
  assert.deepEqual(await replayBatch([fresh], services), [done]);
  assert.deepEqual(tombstones.calls, ["find"]);
  assert.equal(backup.documents.size, 0);
});

test("replayBatch() lets the unreadable documents of a lost payload wait alone, too", async () => {
  const { services, backup, store, queue, primary } = fakeReplayServices({ envelope: offloaded });
  const lost = await applyMessage([replica("1", 9, large), replica("2", 9, "{}")], services);
  store.objects.clear();
  primary.index("books").documents.set("1", { seqNo: 12, term: 1, source: "{}" });
  primary.index("books").unreadable.add("2");
  assert.deepEqual(await replayBatch([lost], services), [done]);
  assert.deepEqual([...backup.documents.keys()], [place("1")]);
  const [rest] = queue.records();
  assert.ok(rest?.kind === "reconcile");
  assert.deepEqual(
    rest.keys.map(({ id }) => id),
    ["2"],
  );
});

test("replayBatch() throws when the dead-letter queue fails: the batch comes again, nothing is dropped", async () => {
  const { services, backup, deadLetters } = fakeReplayServices();
  deadLetters.refuseWith(new Error("throttled"));
  backup.refuse(() => ({ status: 400, type: "routing_missing_exception" }));
  const apply = await applyMessage([replica("1", 9, "{}")], services);
  await assert.rejects(replayBatch([apply], services), /throttled/);
});
