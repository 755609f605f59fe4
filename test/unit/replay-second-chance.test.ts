import assert from "node:assert/strict";
import { test } from "node:test";
import { tombstoneKey } from "../../functions/core/tombstone/tombstones.ts";
import { replayBatch } from "../../functions/replay/replay-batch.ts";
import { clusterError } from "../support/fake-cluster.ts";
import { applyMessage, fakeReplayServices, nowMs, replica } from "../support/fake-replay-services.ts";

const place = (id: string) => `understudy-I-u1/${id}`;
const done = { kind: "done" };
const kinds = async (ends: ReturnType<typeof replayBatch>) => (await ends).map(({ kind }) => kind);

test("replayBatch() makes a missing index and sends its operations once more", async () => {
  const { services, backup, incarnations } = fakeReplayServices();
  let refusals = 0;
  backup.refuse(() => (refusals++ === 0 ? { status: 404, type: "index_not_found_exception" } : undefined));
  const apply = await applyMessage([replica("1", 9, "{}")], services);
  assert.deepEqual(await replayBatch([apply], services), [done]);
  assert.deepEqual(incarnations.calls, ["ensure u1", "forget u1", "ensure u1"]);
  assert.equal(backup.documents.size, 1);
});

test("replayBatch() counts the time that making a missing index took: its operations are late then", async () => {
  let elapsedMs = 0;
  const { services, backup, incarnations, tombstones } = fakeReplayServices({
    monotonicMs: () => elapsedMs,
  });
  let refusals = 0;
  backup.refuse(() => (refusals++ === 0 ? { status: 404, type: "index_not_found_exception" } : undefined));
  tombstones.versions.set(tombstoneKey("u1", 0, "1"), "20");
  incarnations.says(async () => {
    if (refusals > 0) elapsedMs += 5000;
    return { kind: "ready", layout: { shards: 1, routingShards: 1, partitionSize: 1 } };
  });
  assert.deepEqual(await replayBatch([await applyMessage([replica("1", 9, "{}")], services)], services), [
    done,
  ]);
  assert.equal(backup.documents.size, 0);
});

test("replayBatch() has an index reconciled as a whole that BACKUP has lost, however young it is", async () => {
  const { services, backup, incarnations, queue } = fakeReplayServices();
  let refusals = 0;
  backup.refuse(() => (refusals++ === 0 ? { status: 404, type: "index_not_found_exception" } : undefined));
  incarnations.says(async (_incarnation, _state, announce) => {
    if (refusals > 0) await announce?.({ replaced: false, resized: false, adopted: false });
    return { kind: "ready", layout: { shards: 1, routingShards: 1, partitionSize: 1 } };
  });
  await replayBatch([await applyMessage([replica("1", 9, "{}")], services)], services);
  assert.deepEqual(
    queue.records().map(({ kind }) => kind),
    ["reconcile-index"],
  );
});

test("replayBatch() keeps a record waiting whose index is missing twice: there is no third try", async () => {
  const { services, backup, deadLetters } = fakeReplayServices();
  backup.refuse(() => ({ status: 404, type: "index_not_found_exception" }));
  const apply = await applyMessage([replica("1", 9, "{}")], services);
  assert.deepEqual(await kinds(replayBatch([apply], services)), ["retry"]);
  assert.equal(backup.bulks.length, 2);
  assert.equal(deadLetters.sent.length, 0);
});

test("replayBatch() copies the definition again for what a person redrove: BACKUP may have been mended", async () => {
  const { services, incarnations } = fakeReplayServices();
  const message = await applyMessage([replica("1", 9, "{}")], services);
  await replayBatch([message], services);
  assert.deepEqual(incarnations.calls, ["ensure u1"]);
  await replayBatch([{ ...message, parkedAtMs: nowMs - 2000 }], services);
  assert.deepEqual(incarnations.calls, ["ensure u1", `renew books ${nowMs}`, "ensure u1"]);
});

test("replayBatch() copies the mapping again after a mapping error, and parks what does not fit even then", async () => {
  const { services, backup, incarnations, deadLetters } = fakeReplayServices();
  let refused = 0;
  backup.refuse(({ id }) => {
    if (id === "once" && refused++ === 0) return { status: 400, type: "mapper_parsing_exception" };
    return id === "never" ? { status: 400, type: "document_parsing_exception" } : undefined;
  });
  const operations = [replica("once", 9, "{}"), replica("never", 9, "{}"), replica("fits", 9, "{}")];
  assert.deepEqual(await replayBatch([await applyMessage(operations, services)], services), [done]);
  assert.deepEqual(incarnations.calls, ["ensure u1", "forget u1", "ensure u1"]);
  assert.deepEqual([...backup.documents.keys()].sort(), [place("fits"), place("once")]);
  assert.deepEqual(
    backup.bulks[1]?.map(({ id }) => id),
    ["once", "never"],
  );
  assert.equal(deadLetters.sent[0]?.attributes?.["id"], "never");
});

test("replayBatch() parks no document that does not fit when BACKUP holds a newer one", async () => {
  for (const [held, parked] of [
    ["10", 0],
    ["9", 0],
    ["8", 1],
  ] as const) {
    const { services, backup, deadLetters } = fakeReplayServices();
    backup.documents.set(place("1"), { version: held, source: "{}" });
    backup.refuse(() => ({ status: 400, type: "mapper_parsing_exception" }));
    const apply = await applyMessage([replica("1", 9, "{}")], services);
    assert.deepEqual(await replayBatch([apply], services), [done]);
    assert.equal(deadLetters.sent.length, parked, held);
  }
});

test("replayBatch() keeps a misfit waiting while PRIMARY cannot be asked for its mapping", async () => {
  const { services, backup, primary, deadLetters } = fakeReplayServices();
  backup.refuse(() => {
    primary.cluster.answer(() => clusterError(503, "no_master"));
    return { status: 400, type: "mapper_parsing_exception" };
  });
  const apply = await applyMessage([replica("1", 9, "{}")], services);
  assert.deepEqual(await kinds(replayBatch([apply], services)), ["retry"]);
  assert.equal(deadLetters.sent.length, 0);
});

test("replayBatch() opens an index that was closed before its record came, and has it levelled and reconciled", async () => {
  const { services, backup, queue } = fakeReplayServices();
  const books = backup.definitions.get("books");
  assert.ok(books);
  books.closed = true;
  backup.refuse(() => (books.closed ? { status: 400, type: "index_closed_exception" } : undefined));
  assert.deepEqual(await replayBatch([await applyMessage([replica("1", 9, "{}")], services)], services), [
    done,
  ]);
  assert.equal(backup.documents.size, 1);
  assert.deepEqual(
    queue.records().map((record) => [record.kind, "index" in record && record.index]),
    [["reconcile-index", "books"]],
  );
});
