import assert from "node:assert/strict";
import { test } from "node:test";
import type { Announcement } from "../../functions/core/definition/announcements.ts";
import { ensureIncarnation } from "../../functions/replay/ensure-incarnation.ts";
import { fakeReplayServices, nowMs } from "../support/fake-replay-services.ts";

const layout = { shards: 1, routingShards: 1, partitionSize: 1 };
const newborn: Announcement = { replaced: false, resized: false, adopted: false };

/** Ensures an incarnation of that age, whose index on BACKUP is made or replaced. */
async function ensured(ageMs: number, announcement: Announcement, lost?: boolean) {
  const { services, incarnations, queue } = fakeReplayServices();
  let queuedBefore = -1;
  incarnations.says(async (_incarnation, _state, announce) => {
    await announce?.(announcement);
    queuedBefore = queue.sent.length;
    return { kind: "created", layout, replaced: announcement.replaced };
  });
  const incarnation = { index: "books", uuid: "u1", createdMs: nowMs - ageMs };
  const readiness = await ensureIncarnation(incarnation, "unavailable", services, lost);
  assert.equal(readiness.kind, "created");
  return { queue, queuedBefore };
}

for (const [what, ageMs, announcement, lost] of [
  ["replaces another incarnation's", 0, { ...newborn, replaced: true }, false],
  ["is made for a clone or a shrunken index", 0, { ...newborn, resized: true }, false],
  ["is made for an index that is older than its first record", 600_000, newborn, false],
  ["takes the place of one that BACKUP has lost", 0, newborn, true],
] as const) {
  test(`ensureIncarnation() queues a reconcile of the whole index before one ${what}`, async () => {
    const { queue, queuedBefore } = await ensured(ageMs, announcement, lost);
    assert.equal(queuedBefore, 1);
    const [record] = queue.records();
    assert.ok(record?.kind === "reconcile-index");
    assert.equal(record.index, "books");
    assert.equal(record.cursor, undefined);
    assert.equal(record.awaitsTasks, false);
    // Writers may use the old incarnation for a few seconds more.
    assert.ok((queue.sent[0]?.delaySeconds ?? 0) >= 10);
  });
}

test("ensureIncarnation() queues nothing for an index that was born just now: each document has its record", async () => {
  assert.equal((await ensured(0, newborn)).queue.sent.length, 0);
  assert.equal((await ensured(60_000, newborn)).queue.sent.length, 0);
});

test("ensureIncarnation() makes no index whose reconcile cannot be queued", async () => {
  const { services, incarnations, queue } = fakeReplayServices();
  queue.refuseWith(new Error("throttled"));
  let made = false;
  incarnations.says(async (_incarnation, _state, announce) => {
    await announce?.({ ...newborn, replaced: true });
    made = true;
    return { kind: "created", layout, replaced: true };
  });
  const incarnation = { index: "books", uuid: "u1", createdMs: nowMs };
  await assert.rejects(ensureIncarnation(incarnation, "gone", services), /throttled/);
  assert.equal(made, false);
});
