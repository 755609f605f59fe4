import assert from "node:assert/strict";
import { test } from "node:test";
import { bulkLines } from "../../functions/core/replication/bulk-lines.ts";
import { type ReplicaOperation, sliceOf } from "../../functions/core/replication/record.ts";
import { tombstoneKey } from "../../functions/core/tombstone/tombstones.ts";
import {
  type ApplyServices,
  applyOperations,
  freshMs,
  type PendingOperation,
} from "../../functions/replay/apply-operations.ts";
import { noAnswer } from "../support/fake-cluster.ts";
import { fakeReplayServices, nowMs, replica } from "../support/fake-replay-services.ts";

/** As replay does for a batch that was received just now. */
function apply(operations: readonly PendingOperation[], services: ApplyServices) {
  return applyOperations(operations, services.monotonicMs(), services);
}

const alias = "understudy-I-u1";
const layout = { shards: 1, routingShards: 1, partitionSize: 1 };

function pending(operation: ReplicaOperation, late = false, uuid = "u1"): PendingOperation {
  const { manifest, body } = bulkLines(uuid, [operation]);
  const [entry] = manifest;
  assert.ok(entry);
  const incarnation = { index: "books", uuid, createdMs: 0 };
  return { incarnation, layout, entry, lines: sliceOf(body), writtenAtMs: nowMs, late };
}

const kinds = async (result: ReturnType<typeof applyOperations>) => (await result).map(({ kind }) => kind);

test("applyOperations() sends only the newest of each document; the others are superseded", async () => {
  const { services, backup } = fakeReplayServices();
  const operations = [
    pending(replica("1", 5, '{"n":5}')),
    pending(replica("1", 10, '{"n":10}')),
    pending(replica("2", 7, '{"n":7}')),
    pending(replica("1", 9, '{"n":9}')),
    pending(replica("1", 10, '{"n":10}'), false, "u2"),
  ];
  assert.deepEqual(await kinds(apply(operations, services)), [
    "superseded",
    "applied",
    "applied",
    "superseded",
    "applied",
  ]);
  assert.equal(backup.bulks.length, 1);
  assert.deepEqual(
    backup.bulks[0]?.map(({ alias: to, id, version }) => `${to}/${id}@${version}`),
    [`${alias}/1@10`, `${alias}/2@7`, "understudy-I-u2/1@10"],
  );
});

test("applyOperations() tells the same id under two routings apart", async () => {
  const { services, backup } = fakeReplayServices();
  const twins = ["a", "b"].map((routing) => pending({ ...replica("1", 5, "{}"), routing }));
  await apply(twins, services);
  assert.equal(backup.bulks[0]?.length, 2);
});

test("applyOperations() tells routings and ids apart that look alike when joined", async () => {
  const { services, backup } = fakeReplayServices();
  const alike = [
    { ...replica("c", 5, "{}"), routing: "a/b" },
    { ...replica("b/c", 6, "{}"), routing: "a" },
    { ...replica("a/b/c", 7, "{}"), routing: "" },
    replica("3/a/b/c", 8, "{}"),
  ];
  assert.deepEqual(
    await kinds(
      apply(
        alike.map((operation) => pending(operation)),
        services,
      ),
    ),
    alike.map(() => "applied"),
  );
  assert.equal(backup.bulks[0]?.length, alike.length);
});

test("applyOperations() takes an operation for late that waited in its batch before it came here", async () => {
  for (const [waitedMs, calls] of [
    [freshMs, []],
    [freshMs + 1, ["find"]],
  ] as const) {
    const { services, tombstones } = fakeReplayServices({ monotonicMs: () => 10_000 });
    await applyOperations([pending(replica("1", 5, "{}"))], 10_000 - waitedMs, services);
    assert.deepEqual(tombstones.calls, calls);
  }
});

test("applyOperations() makes a deletion's tombstone durable before the deletion is sent", async () => {
  const { services, backup, tombstones } = fakeReplayServices();
  backup.refuseBulk(() => {
    assert.equal(tombstones.versions.get(tombstoneKey("u1", 0, "1")), "9");
    return undefined;
  });
  assert.deepEqual(await kinds(apply([pending(replica("1", 9))], services)), ["applied"]);
  assert.equal(backup.bulks.length, 1);
});

test("applyOperations() holds back only the deletions when their tombstones are not durable", async () => {
  const { services, backup, tombstones } = fakeReplayServices();
  tombstones.failOn("write");
  const operations = [pending(replica("1", 9)), pending(replica("2", 9, "{}")), pending(replica("3", 9))];
  assert.deepEqual(await kinds(apply(operations, services)), ["retry", "applied", "retry"]);
  assert.deepEqual(
    backup.bulks.flat().map(({ action, id }) => `${action} ${id}`),
    ["index 2"],
  );
});

test("applyOperations() looks for tombstones only when an index is late", async () => {
  const { services, tombstones } = fakeReplayServices();
  await apply([pending(replica("1", 5, "{}")), pending(replica("2", 5), true)], services);
  assert.deepEqual(tombstones.calls, ["write"]);
  await apply([pending(replica("3", 5, "{}"), true)], services);
  assert.deepEqual(tombstones.calls, ["write", "find"]);
});

test("applyOperations() deletes a late index again, at the version of the newer deletion", async () => {
  const { services, backup, tombstones } = fakeReplayServices();
  tombstones.versions.set(tombstoneKey("u1", 0, "1"), "9");
  tombstones.versions.set(tombstoneKey("u1", 0, "2"), "3");
  const operations = [
    pending(replica("1", 5, "{}"), true),
    pending(replica("2", 5, "{}"), true),
    pending(replica("3", 5, "{}"), true),
  ];
  assert.deepEqual(await kinds(apply(operations, services)), ["superseded", "applied", "applied"]);
  assert.deepEqual([...backup.documents.keys()], [`${alias}/2`, `${alias}/3`]);
  assert.deepEqual(
    backup.bulks[1]?.map(({ action, id, version }) => `${action} ${id}@${version}`),
    ["delete 1@9"],
  );
});

test("applyOperations() looks after a conflict too: an earlier attempt may have died before its look", async () => {
  const { services, backup, tombstones } = fakeReplayServices();
  backup.documents.set(`${alias}/1`, { version: "5", source: "{}" });
  tombstones.versions.set(tombstoneKey("u1", 0, "1"), "9");
  assert.deepEqual(await kinds(apply([pending(replica("1", 5, "{}"), true)], services)), ["superseded"]);
  assert.equal(backup.documents.size, 0);
});

test("applyOperations() takes a fresh operation for late when BACKUP took its time", async () => {
  let clock = 0;
  const { services, backup, tombstones } = fakeReplayServices({ monotonicMs: () => clock });
  backup.refuseBulk(() => {
    clock += freshMs + 1;
    return undefined;
  });
  tombstones.versions.set(tombstoneKey("u1", 0, "1"), "9");
  assert.deepEqual(await kinds(apply([pending(replica("1", 5, "{}"))], services)), ["superseded"]);
  assert.equal(backup.documents.size, 0);
});

test("applyOperations() retries what it could not look up, although it is written", async () => {
  const { services, tombstones } = fakeReplayServices();
  tombstones.failOn("find");
  const operations = [pending(replica("1", 5, "{}"), true), pending(replica("2", 5), false)];
  assert.deepEqual(await kinds(apply(operations, services)), ["retry", "applied"]);
});

test("applyOperations() retries a late index whose second deletion BACKUP did not take", async () => {
  const { services, backup, tombstones } = fakeReplayServices();
  tombstones.versions.set(tombstoneKey("u1", 0, "1"), "9");
  backup.refuse(({ action }) => (action === "delete" ? { status: 429, type: "x" } : undefined));
  assert.deepEqual(await kinds(apply([pending(replica("1", 5, "{}"), true)], services)), ["retry"]);
});

test("applyOperations() converges for every order of an index, a deletion and a later index", async () => {
  const writes = [replica("1", 5, '{"n":5}'), replica("1", 6), replica("1", 7, '{"n":7}'), replica("1", 8)];
  const orders = permutations([0, 1, 2, 3]);
  assert.equal(orders.length, 24);
  for (const order of orders) {
    const { services, backup } = fakeReplayServices();
    for (const at of order) {
      const operation = writes[at];
      if (operation) await apply([pending(operation, true)], services);
    }
    assert.deepEqual([...backup.documents], [], order.join());
  }
});

function permutations(items: readonly number[]): readonly (readonly number[])[] {
  if (items.length < 2) return [items];
  return items.flatMap((item) =>
    permutations(items.filter((other) => other !== item)).map((rest) => [item, ...rest]),
  );
}

test("applyOperations() never throws for BACKUP: an outage is a retry for all it touched", async () => {
  const { services, backup } = fakeReplayServices();
  backup.cluster.answer(noAnswer("backup", "refused"));
  const operations = [pending(replica("1", 5, "{}")), pending(replica("2", 6))];
  assert.deepEqual(await kinds(apply(operations, services)), ["retry", "retry"]);
});

test("applyOperations() halves a bulk that is too large or refused as a whole, down to the one at fault", async () => {
  for (const status of [413, 400]) {
    const { services, backup } = fakeReplayServices();
    backup.refuseBulk((operations) =>
      operations.some(({ id }) => id === "3") ? { status, body: { error: { type: "whole" } } } : undefined,
    );
    const operations = ["0", "1", "2", "3", "4"].map((id) => pending(replica(id, 5, "{}")));
    assert.deepEqual(await kinds(apply(operations, services)), [
      "applied",
      "applied",
      "applied",
      "park",
      "applied",
    ]);
    assert.equal(backup.documents.size, 4);
  }
});

for (const status of [429, 500, 503, 401, 403]) {
  test(`applyOperations() retries all of a bulk that BACKUP answered ${status}, in one piece`, async () => {
    const { services, backup } = fakeReplayServices();
    backup.refuseBulk(() => ({ status, body: { error: { type: "x", reason: "y" } } }));
    const operations = [pending(replica("1", 5, "{}")), pending(replica("2", 5, "{}"))];
    assert.deepEqual(await kinds(apply(operations, services)), ["retry", "retry"]);
    assert.equal(backup.bulks.length, 1);
  });
}

test("applyOperations() retries all of a bulk whose 400 is not the cluster's own: no document is at fault", async () => {
  for (const body of ["<html>400 Bad Request</html>", "", { message: "Bad Request" }]) {
    const { services, backup } = fakeReplayServices();
    backup.refuseBulk(() => ({ status: 400, body }));
    const operations = [pending(replica("1", 5, "{}")), pending(replica("2", 5, "{}"))];
    assert.deepEqual(await kinds(apply(operations, services)), ["retry", "retry"]);
    assert.equal(backup.bulks.length, 1);
  }
});

test("applyOperations() retries all of a bulk whose answer is cut or has other items", async () => {
  for (const body of [
    '{"errors":true,"items":[',
    { errors: true, items: [{ index: { status: 200 } }] },
    "<html>",
  ]) {
    const { services, backup } = fakeReplayServices();
    backup.refuseBulk(() => ({ body }));
    const operations = [pending(replica("1", 5, "{}")), pending(replica("2", 5, "{}"))];
    assert.deepEqual(await kinds(apply(operations, services)), ["retry", "retry"]);
  }
});

test("applyOperations() keeps BACKUP's pipelines away and cuts bulks at 8 MiB", async () => {
  const { services, backup } = fakeReplayServices();
  const large = JSON.stringify({ s: "x".repeat(3 * 1024 * 1024) });
  await apply(
    ["1", "2", "3"].map((id) => pending(replica(id, 5, large))),
    services,
  );
  assert.deepEqual(
    backup.bulks.map((operations) => operations.length),
    [2, 1],
  );
  for (const { query } of backup.cluster.requests) assert.ok(query?.includes("pipeline=_none"));
});
