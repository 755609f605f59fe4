import assert from "node:assert/strict";
import { test } from "node:test";
import { sweepIntents } from "../../functions/reconcile/sweep-intents.ts";
import { replayBatch } from "../../functions/replay/replay-batch.ts";
import { writeThrough } from "../../functions/write/write-through.ts";
import { noAnswer } from "../support/fake-cluster.ts";
import { fakeReplayServices, message } from "../support/fake-replay-services.ts";
import { fakeRequest } from "../support/fake-request.ts";
import { fakeWriteServices } from "../support/fake-write-services.ts";

const requestId = "c6af9ac6-7b61-11e6-9a41-93e8deadbeef";
const request = (line: string, body = "") => fakeRequest(line, body, { requestId });
const written = {
  _index: "books",
  _id: "1",
  result: "created",
  _seq_no: 5,
  _primary_term: 1,
  status: 201,
};
const bulk = '{"index":{"_index":"books","_id":"1"}}\n{"n":1}\n';
const linesOf = ({ lines }: { readonly lines: readonly string[] }) => lines.map((line) => JSON.parse(line));

test("a request's id is in its record, and in the dead letter and the log of its replay", async () => {
  const writing = fakeWriteServices(() => ({ body: { errors: false, items: [{ index: written }] } }));
  await writeThrough(request("POST /_bulk", bulk), writing.services);
  assert.equal(writing.queue.records()[0]?.requestId, requestId);

  const replaying = fakeReplayServices();
  replaying.incarnations.says(async () => ({
    kind: "ready",
    layout: { shards: 1, routingShards: 1, partitionSize: 1 },
  }));
  const [sent] = writing.queue.sent;
  replaying.backup.refuse(() => ({ status: 429, type: "es_rejected_execution_exception" }));
  const [end] = await replayBatch([message(sent?.body ?? "", true)], replaying.services);
  assert.ok(end?.kind === "retry");
  assert.equal(end.requestId, requestId);

  replaying.backup.refuse(() => ({ status: 400, type: "routing_missing_exception" }));
  await replayBatch([message(sent?.body ?? "", true)], replaying.services);
  const [parked] = replaying.deadLetters.sent;
  assert.equal(parked?.attributes?.["requestId"], requestId);
  assert.equal(replaying.deadLetters.records()[0]?.requestId, requestId);
  const line = linesOf(replaying.telemetry).find((each) => each.message === "parked a record");
  assert.equal(line?.requestId, requestId);
});

for (const [what, line, kind] of [
  ["a definition", "PUT /books/_mapping", "define"],
  ["a template", "PUT /_index_template/t", "define"],
  ["a by-query write", "POST /books/_delete_by_query", "reconcile-index"],
] as const) {
  test(`a request's id is in the record of ${what}`, async () => {
    const { services, queue } = fakeWriteServices(() => ({ body: { acknowledged: true } }));
    await writeThrough(request(line, "{}"), services);
    assert.deepEqual(
      queue.records().map((record) => [record.kind, record.requestId]),
      [[kind, requestId]],
    );
  });
}

test("an unknown outcome's log line, record, later looks and intent carry the request's id", async () => {
  const writing = fakeWriteServices(noAnswer("primary", "timeout"));
  await writeThrough(request("PUT /books/_doc/1", "{}"), writing.services);
  assert.deepEqual(
    linesOf(writing.telemetry).map((each) => each.requestId),
    [requestId],
  );
  const replaying = fakeReplayServices();
  const [record] = writing.queue.sent;
  await replayBatch([message(record?.body ?? "")], replaying.services);
  assert.equal(replaying.queue.records()[0]?.requestId, requestId);

  const { services, intentStore: objects, queue } = writing;
  queue.sent.length = 0;
  await sweepIntents({ ...services, objects, intentPrefix: "intents/", intentAgeMs: 0, now: Date.now });
  assert.equal(queue.records()[0]?.requestId, requestId);
});

test("a request's id is in each line that its write logs", async () => {
  const { services, queue, telemetry } = fakeWriteServices(() => ({
    body: { errors: false, items: [{ index: written }] },
  }));
  queue.refuseWith(new Error("no queue"));
  await writeThrough(request("POST /_bulk", bulk), services);
  const [line] = linesOf(telemetry);
  assert.equal(line?.message, "what PRIMARY may have executed could not be queued");
  assert.equal(line?.requestId, requestId);
});
