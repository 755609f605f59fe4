import assert from "node:assert/strict";
import { test } from "node:test";
import { ensureIncarnation } from "../../functions/replay/ensure-incarnation.ts";
import { fakeReplayServices, nowMs } from "../support/fake-replay-services.ts";

const layout = { shards: 1, routingShards: 1, partitionSize: 1 };

/** Ensures an incarnation of that age, whose index on BACKUP is made or replaced. */
async function ensured(ageMs: number, replaced: boolean) {
  const { services, incarnations, queue } = fakeReplayServices();
  let queuedBefore = -1;
  incarnations.says(async (_incarnation, _state, announce) => {
    await announce?.(replaced);
    queuedBefore = queue.sent.length;
    return { kind: "created", layout, replaced };
  });
  const incarnation = { index: "books", uuid: "u1", createdMs: nowMs - ageMs };
  const readiness = await ensureIncarnation(incarnation, "unavailable", services);
  assert.equal(readiness.kind, "created");
  return { queue, queuedBefore };
}

for (const [what, ageMs, replaced] of [
  ["replaces another incarnation's", 0, true],
  ["is made for an index that is older than its first record", 600_000, false],
] as const) {
  test(`ensureIncarnation() queues a reconcile of the whole index before one ${what}`, async () => {
    const { queue, queuedBefore } = await ensured(ageMs, replaced);
    assert.equal(queuedBefore, 1);
    const [record] = queue.records();
    assert.ok(record?.kind === "reconcile-index");
    assert.equal(record.index, "books");
    assert.equal(record.cursor, undefined);
    // Writers may use the old incarnation for a few seconds more.
    assert.ok((queue.sent[0]?.delaySeconds ?? 0) >= 10);
  });
}

test("ensureIncarnation() queues nothing for an index that was born just now", async () => {
  assert.equal((await ensured(0, false)).queue.sent.length, 0);
});
