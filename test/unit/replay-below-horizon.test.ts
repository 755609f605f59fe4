import assert from "node:assert/strict";
import { test } from "node:test";
import { bulkLines } from "../../functions/core/replication/bulk-lines.ts";
import { sliceOf } from "../../functions/core/replication/record.ts";
import { horizonKey, tombstoneKey } from "../../functions/core/tombstone/tombstones.ts";
import {
  applyOperations,
  type PendingOperation,
  sideChangeSeconds,
} from "../../functions/replay/apply-operations.ts";
import { noAnswer } from "../support/fake-cluster.ts";
import { fakeReplayServices, nowMs, replica } from "../support/fake-replay-services.ts";

const layout = { shards: 1, routingShards: 1, partitionSize: 1 };

/** BACKUP after a whole-index reconcile whose horizon is 5; PRIMARY has document `1`. */
function reconciled() {
  let clock = 0;
  const made = fakeReplayServices({ monotonicMs: () => clock });
  made.primary.index("books").documents.set("1", { seqNo: 1, term: 1, source: "{}" });
  made.tombstones.versions.set(horizonKey("u1", 0), "5");
  const apply = async (operations: readonly PendingOperation[], tookMs = 0) => {
    clock += tookMs;
    const ends = await applyOperations(operations, clock - tookMs, made.services);
    return ends.map(({ kind }) => kind);
  };
  const reconciles = () =>
    made.queue
      .records()
      .flatMap((record) => (record.kind === "reconcile" ? record.keys.map(({ id }) => id) : []));
  return { ...made, apply, reconciles };
}

function pending(id: string, version: number, more: Partial<PendingOperation> = {}): PendingOperation {
  const { manifest, body } = bulkLines("u1", [replica(id, version, "{}")]);
  const [entry] = manifest;
  assert.ok(entry);
  const incarnation = { index: "books", uuid: "u1", createdMs: 0 };
  return { incarnation, layout, entry, lines: sliceOf(body), writtenAtMs: nowMs, late: true, ...more };
}

test("applyOperations() has a late document reconciled that is not above the horizon and that PRIMARY does not have", async () => {
  const { apply, reconciles, primary } = reconciled();
  const operations = [pending("1", 4), pending("2", 5), pending("3", 6)];
  assert.deepEqual(await apply(operations), ["applied", "applied", "applied"]);
  assert.deepEqual(reconciles(), ["2"]);
  assert.deepEqual(primary.asked(), ["mget"]);
});

test("applyOperations() asks PRIMARY after a conflict too: an earlier attempt may have died before it asked", async () => {
  const { apply, reconciles, backup } = reconciled();
  backup.documents.set("understudy-I-u1/2", { version: "4", source: "{}" });
  assert.deepEqual(await apply([pending("2", 4)]), ["superseded"]);
  assert.deepEqual(reconciles(), ["2"]);
});

test("applyOperations() does not ask PRIMARY for what is fresh, above the horizon, or buried under a tombstone", async () => {
  const { apply, primary, tombstones, queue } = reconciled();
  tombstones.versions.set(tombstoneKey("u1", 0, "3"), "9");
  await apply([pending("1", 4, { late: false }), pending("2", 6), pending("3", 4)]);
  assert.deepEqual(primary.asked(), []);
  assert.equal(queue.sent.length, 0);
});

test("applyOperations() tries again only what is below the horizon while PRIMARY cannot be asked", async () => {
  const { apply, primary } = reconciled();
  primary.cluster.answer(noAnswer("primary", "refused"));
  assert.deepEqual(await apply([pending("2", 4), pending("3", 6)]), ["retry", "applied"]);
});

test("applyOperations() tries again only those below the horizon that PRIMARY cannot read", async () => {
  const { apply, reconciles, primary } = reconciled();
  const docs = [
    { _index: "books", _id: "2", error: { type: "index_closed_exception", reason: "closed" } },
    { _index: "books", _id: "3", found: false },
  ];
  primary.cluster.answer(() => ({ body: { docs } }));
  assert.deepEqual(await apply([pending("2", 4), pending("3", 4)]), ["retry", "applied"]);
  assert.deepEqual(reconciles(), ["3"]);
});

test("applyOperations() does not try again below the horizon of an index that is closed on PRIMARY: it is queued as a whole", async () => {
  const { apply, primary, queue } = reconciled();
  const books = primary.index("books");
  books.closed = true;
  for (const id of ["2", "3"]) books.unreadable.add(id);
  assert.deepEqual(await apply([pending("2", 4), pending("3", 4)]), ["applied", "applied"]);
  const [record, ...more] = queue.records();
  assert.ok(record?.kind === "reconcile-index" && record.index === "books" && !record.awaitsTasks);
  assert.equal(more.length, 0);
  assert.ok((queue.sent[0]?.delaySeconds ?? 0) > 0);
});

test("applyOperations() does not ask again for what was read from PRIMARY in this batch, unless that was long ago", async () => {
  const { apply, reconciles } = reconciled();
  await apply([pending("2", 4, { readNow: true })], (sideChangeSeconds - 1) * 1000);
  assert.deepEqual(reconciles(), []);
  await apply([pending("2", 4, { readNow: true })], (sideChangeSeconds - 1) * 1000 + 1);
  assert.deepEqual(reconciles(), ["2"]);
});
