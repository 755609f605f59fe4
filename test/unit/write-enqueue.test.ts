import assert from "node:assert/strict";
import { test } from "node:test";
import { type DocumentKey, type ReplicaOperation, sliceOf } from "../../functions/core/replication/record.ts";
import { enqueue } from "../../functions/write/enqueue.ts";
import { fakeWriteServices } from "../support/fake-write-services.ts";

/** What SQS takes in one message (SendMessage). */
const messageBytesMax = 1_048_576;
const incarnation = { index: "books", uuid: "u", createdMs: 1 };

function operations(count: number, idCharacters: number, routing?: string): readonly ReplicaOperation[] {
  return Array.from({ length: count }, (_, i) => ({
    id: String(i).padStart(idCharacters, "x"),
    routing,
    version: "1234567890123456789",
    document: sliceOf(Buffer.from("{}")),
  }));
}

test("enqueue() keeps a bulk of ordinary size in one record", async () => {
  const { services, queue } = fakeWriteServices(() => ({}));
  await enqueue(
    { byIncarnation: [{ incarnation, operations: operations(1000, 20) }], unknown: [] },
    { writtenAtMs: 7 },
    services,
  );
  assert.equal(queue.records().length, 1);
});

for (const [what, count, idCharacters, routing] of [
  ["25,000 documents", 25_000, 20, undefined],
  ["5,000 documents with the longest ids and routings", 5000, 512, "r".repeat(512)],
] as const) {
  test(`enqueue() splits ${what} into records that a message can carry, each operation in one`, async () => {
    const { services, queue } = fakeWriteServices(() => ({}));
    const all = operations(count, idCharacters, routing);
    await enqueue(
      { byIncarnation: [{ incarnation, operations: all }], unknown: [] },
      { writtenAtMs: 7 },
      services,
    );
    for (const { body } of queue.sent) assert.ok(Buffer.byteLength(body) < messageBytesMax);
    const sent = queue.records().flatMap((record) => (record.kind === "apply" ? record.manifest : []));
    assert.deepEqual(
      sent.map(({ id }) => id),
      all.map(({ id }) => id),
    );
    const headers = queue.sent.map(({ body }) => body.indexOf("\n"));
    assert.ok(Math.max(...headers) < 400_000, `${headers}`);
  });
}

test("enqueue() cuts unknown documents into records of 500 keys, and of fewer where their ids are long", async () => {
  for (const [length, most] of [
    [10, 500],
    [500, 200],
  ] as const) {
    const { services, queue } = fakeWriteServices(() => ({}));
    const unknown: readonly DocumentKey[] = operations(1001, length).map(({ id }) => ({
      index: "books",
      id,
      routing: undefined,
    }));
    await enqueue({ byIncarnation: [], unknown }, { writtenAtMs: 7 }, services);
    const keys = queue.records().map((record) => (record.kind === "reconcile" ? record.keys : []));
    assert.deepEqual(keys.flat(), unknown);
    assert.ok(Math.max(...keys.map((each) => each.length)) <= most);
  }
});
