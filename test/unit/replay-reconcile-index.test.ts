import assert from "node:assert/strict";
import { test } from "node:test";
import { ClusterAnswerError } from "../../functions/core/cluster/json-request.ts";
import { ClusterError } from "../../functions/core/cluster/port.ts";
import {
  type IndexCursor,
  type ReconcileIndexRecord,
  wholeIndexRecord,
} from "../../functions/core/replication/record.ts";
import { encodeVersion, VersionOverflow } from "../../functions/core/replication/version.ts";
import { horizonKey } from "../../functions/core/tombstone/tombstones.ts";
import { TruthUnsettled } from "../../functions/core/truth/settled-progress.ts";
import { sideChangeSeconds } from "../../functions/replay/apply-operations.ts";
import { reconcilePage } from "../../functions/replay/reconcile-index.ts";
import { replayBatch } from "../../functions/replay/replay-batch.ts";
import { clusterError, fakeCluster, noAnswer } from "../support/fake-cluster.ts";
import { fakeReplayServices, nowMs, recordMessage } from "../support/fake-replay-services.ts";

const whole = wholeIndexRecord("books", "r", nowMs);
const from = (side: IndexCursor["side"], shard = 0, afterSeqNo = "-1"): ReconcileIndexRecord => ({
  ...whole,
  cursor: { side, shard, afterSeqNo },
});
const version = (seqNo: number, term = 1) => encodeVersion("books", 0, String(term), String(seqNo));
const place = (id: string) => `understudy-I-u1/${id}`;

/** PRIMARY's `books` with documents by id: their sequence number is their position. */
function world(ids: readonly string[], shards = 1) {
  const made = fakeReplayServices();
  const books = made.primary.index("books");
  books.terms = Array.from({ length: shards }, () => 1);
  books.progress = books.terms.map(() => ({ max: ids.length, checkpoint: ids.length }));
  for (const [seqNo, id] of ids.entries())
    books.documents.set(id, { seqNo, term: 1, source: `{"n":${seqNo}}` });
  const hold = (id: string, held: string) =>
    made.backup.documents.set(place(id), { version: held, source: "{}" });
  const page = async (record: ReconcileIndexRecord) => {
    const { operations, next } = await reconcilePage(record, made.services);
    const sent = operations.map(({ entry }) => `${entry.deletes ? "delete" : "index"} ${entry.id}`);
    const cursor = next?.kind === "reconcile-index" ? next.cursor : undefined;
    return { sent, versions: operations.map(({ entry }) => entry.version), next, cursor };
  };
  /** Replays the record and all that follow from it. */
  async function run(record: ReconcileIndexRecord): Promise<number> {
    let next: ReconcileIndexRecord | undefined = record;
    let pages = 0;
    for (; next !== undefined; pages++) {
      const before: number = made.queue.sent.length;
      const ends = await replayBatch([await recordMessage(next, made.services)], made.services);
      assert.deepEqual(ends, [{ kind: "done" }]);
      const following = made.queue.records()[before];
      next = following?.kind === "reconcile-index" ? following : undefined;
    }
    return pages;
  }
  return { ...made, books, hold, page, run };
}

test("reconcilePage() begins with PRIMARY's first shard: what BACKUP does not hold at that version or above", async () => {
  const { page, hold } = world(["missing", "older", "equal", "newer"]);
  hold("older", version(0));
  hold("equal", version(2));
  hold("newer", version(9));
  const { sent, versions, cursor } = await page(whole);
  assert.deepEqual(sent, ["index missing", "index older"]);
  assert.deepEqual(versions, [version(0), version(1)]);
  assert.deepEqual(cursor, { side: "backup", shard: 0, afterSeqNo: "-1" });
});

test("reconcilePage() makes the horizons durable before it looks at any document, and only on its first page", async () => {
  const { page, primary, tombstones, services } = world(["a"], 2);
  primary.index("books").progress = [
    { max: 7, checkpoint: 7 },
    { max: -1, checkpoint: -1 },
  ];
  tombstones.failOn("write");
  await assert.rejects(page(whole), ClusterError);
  assert.equal(primary.asked().includes("page"), false);
  tombstones.failOn(undefined);
  await page(whole);
  assert.deepEqual([...tombstones.versions], [[horizonKey("u1", 0), version(7)]]);
  primary.index("books").progress = [
    { max: 9, checkpoint: 9 },
    { max: 0, checkpoint: 0 },
  ];
  await reconcilePage(from("primary", 1), services);
  assert.equal(tombstones.versions.size, 1);
});

test("reconcilePage() takes horizons only when every operation that PRIMARY has begun is numbered below them", async () => {
  const { page, primary, tombstones } = world(["a"]);
  primary.index("books").progress = [{ max: 9, checkpoint: 7 }];
  primary.onAsked("stats", (times) => {
    if (times > 2) primary.index("books").progress = [{ max: 12, checkpoint: 9 }];
  });
  await page(whole);
  assert.deepEqual([...tombstones.versions], [[horizonKey("u1", 0), version(9)]]);
});

test("reconcilePage() looks at BACKUP's side only some seconds after the horizons", async () => {
  const { services } = world(["a", "b"], 2);
  const delays = [whole, from("primary", 1), from("backup", 0)].map(async (record) => {
    return (await reconcilePage(record, services)).delaySeconds;
  });
  assert.deepEqual(await Promise.all(delays), [0, sideChangeSeconds, 0]);
});

test("reconcilePage() then deletes what only BACKUP holds, at the guard of its shard, and ends", async () => {
  const { page, hold } = world(["both"]);
  hold("both", version(0));
  hold("extra", version(0));
  const { sent, versions, next } = await page(from("backup"));
  assert.deepEqual(sent, ["delete extra"]);
  assert.deepEqual(versions, [version(1)]);
  assert.equal(next, undefined);
});

test("reconcilePage() goes through all shards of both sides", async () => {
  const { page, backup } = world(["a", "b", "c", "d", "e", "f"], 3);
  Object.assign(backup.definitions.get("books")?.settings ?? {}, { "index.number_of_shards": "3" });
  const cursors: unknown[] = [];
  const sent: string[] = [];
  let next: ReconcileIndexRecord | undefined = whole;
  while (next !== undefined) {
    const done: Awaited<ReturnType<typeof page>> = await page(next);
    sent.push(...done.sent);
    next = done.cursor && { ...whole, cursor: done.cursor };
    if (done.cursor) cursors.push(`${done.cursor.side} ${done.cursor.shard}`);
  }
  assert.deepEqual(
    sent.sort(),
    ["a", "b", "c", "d", "e", "f"].map((id) => `index ${id}`),
  );
  assert.deepEqual(cursors, ["primary 1", "primary 2", "backup 0", "backup 1", "backup 2"]);
});

test("reconcilePage() goes through as many shards as BACKUP's index has: it may have been made by hand", async () => {
  const { page, backup } = world([], 3);
  assert.equal((await page(from("backup", 0))).next, undefined);
  Object.assign(backup.definitions.get("books")?.settings ?? {}, { "index.number_of_shards": "5" });
  assert.deepEqual((await page(from("backup", 2))).cursor, { side: "backup", shard: 3, afterSeqNo: "-1" });
  assert.equal((await page(from("backup", 4))).next, undefined);
});

test("reconcilePage() takes a thousand documents at a time, and goes on above the last one's number", async () => {
  const ids = Array.from({ length: 1200 }, (_, i) => `d${i}`);
  const { page } = world(ids);
  const first = await page(whole);
  assert.equal(first.sent.length, 1000);
  assert.deepEqual(first.cursor, { side: "primary", shard: 0, afterSeqNo: "999" });
  const second = await page(from("primary", 0, "999"));
  assert.deepEqual(
    second.sent,
    ids.slice(1000).map((id) => `index ${id}`),
  );
  assert.deepEqual(second.cursor, { side: "backup", shard: 0, afterSeqNo: "-1" });
});

test("reconcilePage() of an index that PRIMARY does not have is done", async () => {
  const { page, primary, backup } = world(["a"]);
  primary.indices.clear();
  assert.deepEqual((await page(whole)).next, undefined);
  assert.equal(backup.cluster.requests.length, 0);
});

test("reconcilePage() waits until PRIMARY runs no by-query write, where the record says so", async () => {
  const { page, primary } = world(["a"]);
  primary.tasks.add("indices:data/write/update/byquery");
  await assert.rejects(page({ ...whole, awaitsTasks: true }), TruthUnsettled);
  assert.equal(primary.asked().includes("page"), false);
  assert.deepEqual((await page(whole)).sent, ["index a"]);
  primary.tasks.clear();
  const { sent, next } = await page({ ...whole, awaitsTasks: true });
  assert.deepEqual(sent, ["index a"]);
  assert.ok(next?.kind === "reconcile-index" && next.awaitsTasks);
});

test("reconcilePage() announces no index that it makes at its beginning: it is what would be announced", async () => {
  const { page, incarnations, queue, hold } = world(["a"]);
  hold("a", version(0));
  const layout = { shards: 1, routingShards: 1, partitionSize: 1 };
  incarnations.says(async (_incarnation, _state, announce) => {
    await announce?.({ replaced: true, resized: false, adopted: false });
    return { kind: "ready", layout };
  });
  const announced = () =>
    queue.records().filter((record) => record.kind === "reconcile-index" && record.cursor === undefined);
  await page(whole);
  assert.equal(announced().length, 0);
  // What its earlier pages wrote is gone.
  await page(from("backup"));
  assert.equal(announced().length, 1);
  for (const readiness of [{ kind: "dead" }, { kind: "unknown", reason: "made by another" }] as const) {
    incarnations.says(async () => readiness);
    await assert.rejects(page(whole), TruthUnsettled);
  }
});

test("reconcilePage() levels the definition anew on its first page: whoever made the index may have died before", async () => {
  const { page, incarnations } = world(["a"]);
  await page(whole);
  await page(from("backup"));
  assert.deepEqual(incarnations.calls.slice(0, 2), ["forget u1", "ensure u1"]);
  assert.equal(incarnations.calls.filter((call) => call === "forget u1").length, 1);
});

test("reconcilePage() is not done with a page while one of its documents cannot be read", async () => {
  const primarySide = world(["a", "b"]);
  primarySide.books.unreadable.add("b");
  await assert.rejects(primarySide.page(whole), TruthUnsettled);
  const backupSide = world(["a"]);
  backupSide.hold("a", version(0));
  backupSide.hold("b", version(0));
  backupSide.books.unreadable.add("b");
  await assert.rejects(backupSide.page(from("backup")), TruthUnsettled);
});

test("reconcilePage() is not done with a page that a cluster could not give as a whole", async () => {
  const { services } = world(["a"]);
  const hits = { hits: { hits: [] } };
  for (const body of [
    { timed_out: true, _shards: { failed: 0 }, ...hits },
    { timed_out: false, _shards: { failed: 1 }, ...hits },
    "<html>",
  ]) {
    const backup = fakeCluster("backup", ({ path }) => (path.endsWith("_search") ? { body } : { body: {} }));
    await assert.rejects(reconcilePage(from("backup"), { ...services, backup }), ClusterError);
  }
  for (const answer of [() => clusterError(503, "no_master"), noAnswer("backup", "refused")]) {
    const backup = fakeCluster("backup", answer);
    await assert.rejects(
      reconcilePage(whole, { ...services, backup }),
      (error) => error instanceof ClusterError || error instanceof ClusterAnswerError,
    );
  }
});

test("reconcilePage() throws VersionOverflow rather than compare a wrapped version", async () => {
  const { page, books, hold } = world(["a"]);
  hold("a", version(0));
  books.documents.set("a", { seqNo: 0, term: 99_999, source: "{}" });
  await assert.rejects(page(whole), VersionOverflow);
});

test("replayBatch() makes BACKUP equal by a whole-index reconcile, page by page, and again changes nothing", async () => {
  const ids = Array.from({ length: 1500 }, (_, i) => `d${i}`);
  const { run, hold, backup, telemetry } = world(ids);
  hold("extra", version(3));
  hold("d7", version(3));
  assert.equal(await run(whole), 4);
  assert.deepEqual([...backup.documents.keys()].sort(), ids.map(place).sort());
  for (const [seqNo, id] of ids.entries()) {
    assert.deepEqual(backup.documents.get(place(id)), { version: version(seqNo), source: `{"n":${seqNo}}` });
  }
  const bulks = backup.bulks.length;
  assert.equal(await run(whole), 4);
  assert.equal(backup.bulks.length, bulks);
  assert.equal(telemetry.counted("recordsParked"), 0);
});

test("replayBatch() goes on to the next page only when this one is done", async () => {
  const { services, backup, queue } = world(["a"]);
  backup.refuse(() => ({ status: 429, type: "es_rejected_execution_exception" }));
  const message = await recordMessage(whole, services);
  assert.equal((await replayBatch([message], services))[0]?.kind, "retry");
  assert.equal(queue.sent.length, 0);
  backup.refuse(() => undefined);
  assert.equal((await replayBatch([message], services))[0]?.kind, "done");
  assert.equal(queue.sent.length, 1);
});

test("reconcilePage() is done with an index that is closed on PRIMARY, once BACKUP's is closed as well", async () => {
  for (const record of [whole, from("backup")]) {
    const { page, primary, backup, books } = world(["a"]);
    books.closed = true;
    const { sent, next } = await page(record);
    assert.deepEqual([sent, next], [[], undefined]);
    assert.equal(backup.definitions.get("books")?.closed, true);
    assert.equal(primary.asked().includes("page"), false);
  }
});

test("reconcilePage() opens BACKUP's index that an interrupted levelling left closed", async () => {
  const { page, backup } = world([]);
  Object.assign(backup.definitions.get("books") ?? {}, { closed: true });
  await page(from("backup"));
  assert.equal(backup.definitions.get("books")?.closed, false);
});
