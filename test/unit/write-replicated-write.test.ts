import assert from "node:assert/strict";
import { test } from "node:test";
import type { Outcome } from "../../functions/core/bulk/outcome.ts";
import { ClusterError } from "../../functions/core/cluster/port.ts";
import type { Answer } from "../../functions/core/http/answer.ts";
import { looksAfterUnknown, sliceOf } from "../../functions/core/replication/record.ts";
import { encodeVersion } from "../../functions/core/replication/version.ts";
import type { AnsweredOperation } from "../../functions/write/accepted-writes.ts";
import { type ReplicatedWrite, replicatedWrite } from "../../functions/write/replicated-write.ts";
import { clusterError, noAnswer } from "../support/fake-cluster.ts";
import { fakeWriteServices } from "../support/fake-write-services.ts";

const key = (id: string) => ({ index: "books", id, routing: undefined });
const document = sliceOf(Buffer.from('{"n":1}'));
const receivedMs = 1_700_000_000_000;

function written(id: string, seqNo: string, result: "index" | "delete" = "index"): Outcome {
  return {
    kind: "written",
    result,
    index: "books",
    id,
    seqNo,
    primaryTerm: "2",
    source: undefined,
  };
}

function answered(id: string, outcome: Outcome): AnsweredOperation {
  return { key: key(id), outcome, document, namesPipeline: false };
}

/** A write of the documents 1 and 2, which PRIMARY's answer reads as the given outcomes. */
function write(
  outcomes?: readonly AnsweredOperation[],
  more: Partial<ReplicatedWrite> = {},
): ReplicatedWrite {
  return {
    origin: { writtenAtMs: receivedMs },
    forward: { method: "POST", path: "/_bulk" },
    form: "bulk",
    keys: [key("1"), key("2")],
    read: () => outcomes,
    restore: (body) => Buffer.concat([Buffer.from("restored:"), body]),
    ...more,
  };
}

const bothWritten = [answered("1", written("1", "5")), answered("2", written("2", "6", "delete"))];
const typeOf = ({ body }: Answer): string => JSON.parse(body.toString()).error.type;
const unknown = (keys: readonly string[]) => ({
  kind: "reconcile",
  writtenAtMs: receivedMs,
  reason: "outcome unknown",
  keys: keys.map(key),
  looksLeft: looksAfterUnknown,
});

test("replicatedWrite() gives the client PRIMARY's answer and queues what PRIMARY accepted", async () => {
  const { services, queue, intentsLeft } = fakeWriteServices(() => ({
    headers: { "x-elastic-product": "Elasticsearch", connection: "close", "content-length": "2" },
    body: "ok",
  }));
  const answer = await replicatedWrite(write(bothWritten), services);
  assert.equal(answer.status, 200);
  assert.equal(answer.body.toString(), "restored:ok");
  assert.deepEqual(answer.headers, { "x-elastic-product": "Elasticsearch" });
  const [record, ...more] = queue.records();
  assert.equal(more.length, 0);
  assert.ok(record?.kind === "apply");
  assert.equal(record.writtenAtMs, receivedMs);
  assert.deepEqual(record.incarnation, { index: "books", uuid: "uuid-books", createdMs: 1 });
  assert.deepEqual(
    record.manifest.map(({ id, version, deletes }) => ({ id, version, deletes })),
    [
      { id: "1", version: encodeVersion("books", 1, "2", "5"), deletes: false },
      { id: "2", version: encodeVersion("books", 1, "2", "6"), deletes: true },
    ],
  );
  assert.equal(await intentsLeft(), 0);
});

test("replicatedWrite() makes the intent durable before PRIMARY is asked", async () => {
  let held = -1;
  const { services, intentStore } = fakeWriteServices(() => {
    held = intentStore.objects.size;
    return {};
  });
  await replicatedWrite(write(bothWritten), services);
  assert.equal(held, 1);
});

test("replicatedWrite() keeps the intent until the record is queued", async () => {
  const { services, queue, intentStore } = fakeWriteServices(() => ({}));
  let held = -1;
  const send = queue.send.bind(queue);
  const watched = {
    ...services,
    queue: {
      ...queue,
      send: (messages: Parameters<typeof send>[0]) => {
        held = intentStore.objects.size;
        return send(messages);
      },
    },
  };
  await replicatedWrite(write(bothWritten), watched);
  assert.equal(held, 1);
});

for (const status of [400, 401, 403, 404, 409, 413, 429, 500, 503]) {
  test(`replicatedWrite() passes PRIMARY's ${status} on, queues nothing and withdraws the intent`, async () => {
    const { services, queue, intentsLeft, telemetry } = fakeWriteServices(() => clusterError(status, "why"));
    const answer = await replicatedWrite(write(bothWritten), services);
    assert.equal(answer.status, status);
    assert.equal(typeOf(answer), "why");
    assert.deepEqual(queue.sent, []);
    assert.equal(await intentsLeft(), 0);
    assert.equal(telemetry.counted("writesRefused"), 1);
  });
}

for (const status of [502, 504]) {
  test(`replicatedWrite() takes a proxy's ${status} for an unknown outcome: reconciled, and the intent stays`, async () => {
    const { services, queue, intentsLeft } = fakeWriteServices(() => ({ status, body: "bad gateway" }));
    const answer = await replicatedWrite(write(bothWritten), services);
    assert.equal(answer.status, status);
    assert.equal(answer.body.toString(), "bad gateway");
    assert.deepEqual(queue.records(), [unknown(["1", "2"])]);
    assert.equal(await intentsLeft(), 1);
  });
}

for (const [code, status, type] of [
  ["timeout", 504, "primary_timeout_exception"],
  ["lost", 502, "primary_connection_lost_exception"],
  ["aborted", 502, "primary_connection_lost_exception"],
] as const) {
  test(`replicatedWrite() reconciles at once when PRIMARY's answer is ${code}, and the intent stays`, async () => {
    const { services, queue, intentsLeft } = fakeWriteServices(noAnswer("primary", code));
    const answer = await replicatedWrite(write(bothWritten), services);
    assert.equal(answer.status, status);
    assert.equal(typeOf(answer), type);
    assert.deepEqual(queue.records(), [unknown(["1", "2"])]);
    assert.equal(await intentsLeft(), 1);
  });
}

for (const [code, status] of [
  ["refused", 503],
  ["limited", 429],
] as const) {
  test(`replicatedWrite() queues nothing when PRIMARY was not reached (${code}), and withdraws the intent`, async () => {
    const { services, queue, intentsLeft } = fakeWriteServices(noAnswer("primary", code));
    const answer = await replicatedWrite(write(bothWritten), services);
    assert.equal(answer.status, status);
    assert.deepEqual(queue.sent, []);
    assert.equal(await intentsLeft(), 0);
  });
}

test("replicatedWrite() says when to come again where the limit holds", async () => {
  const { services } = fakeWriteServices(() => {
    throw new ClusterError("primary", "limited", "full", { retryAfterSeconds: 9 });
  });
  const answer = await replicatedWrite(write(bothWritten), services);
  assert.equal(answer.headers["retry-after"], "9");
});

test("replicatedWrite() forwards nothing when the intent cannot be made durable", async () => {
  const { services, primary, queue, intentStore } = fakeWriteServices(() => ({}));
  intentStore.failWith(new Error("no bucket"));
  const answer = await replicatedWrite(write(bothWritten), services);
  assert.equal(answer.status, 503);
  assert.equal(typeOf(answer), "intent_unavailable_exception");
  assert.equal(answer.headers["retry-after"], "1");
  assert.equal(primary.requests.length, 0);
  assert.deepEqual(queue.sent, []);
});

test("replicatedWrite() with INTENTS=parallel does not fail for the intent alone", async () => {
  const { services, queue, intentStore } = fakeWriteServices(() => ({}), { intentMode: "parallel" });
  intentStore.failWith(new Error("no bucket"));
  const answer = await replicatedWrite(write(bothWritten), services);
  assert.equal(answer.status, 200);
  assert.equal(queue.records()[0]?.kind, "apply");
});

test("replicatedWrite() answers as PRIMARY did when the queue fails: the intent stays for the sweep", async () => {
  for (const intentMode of ["before", "parallel"] as const) {
    const { services, queue, intentsLeft, telemetry } = fakeWriteServices(() => ({ body: "ok" }), {
      intentMode,
    });
    queue.refuseWith(new Error("throttled"));
    const answer = await replicatedWrite(write(bothWritten), services);
    assert.equal(answer.status, 200);
    assert.equal(await intentsLeft(), 1);
    assert.equal(telemetry.counted("enqueueFailures"), 1);
  }
});

test("replicatedWrite() without intents answers 503 when the queue fails: nobody else would know", async () => {
  const { services, queue } = fakeWriteServices(() => ({ body: "ok" }), { intentMode: "off" });
  queue.refuseWith(new Error("throttled"));
  const answer = await replicatedWrite(write(bothWritten), services);
  assert.equal(answer.status, 503);
  assert.equal(typeOf(answer), "enqueue_failed_exception");
});

test("replicatedWrite() keeps the intent when the payload store fails", async () => {
  const { services, store, intentsLeft, queue } = fakeWriteServices(() => ({ body: "ok" }), {
    envelope: { encoding: "plain", inlineBytesMax: 10, payloadPrefix: "payloads/" },
  });
  store.failWith(new Error("no bucket"));
  assert.equal((await replicatedWrite(write(bothWritten), services)).status, 200);
  assert.deepEqual(queue.sent, []);
  assert.equal(await intentsLeft(), 1);
});

test("replicatedWrite() reconciles everything when the answer does not pair with the request", async () => {
  const { services, queue, intentsLeft } = fakeWriteServices(() => ({ body: "?" }));
  const answer = await replicatedWrite(write(undefined), services);
  assert.equal(answer.status, 200);
  assert.deepEqual(queue.records(), [unknown(["1", "2"])]);
  assert.equal(await intentsLeft(), 1);
});

test("replicatedWrite() replicates no item that PRIMARY rejected, and does reconcile one that failed inside it", async () => {
  const outcomes = [
    answered("1", { kind: "rejected", status: 409, type: "version_conflict_engine_exception" }),
    answered("2", { kind: "rejected", status: 429, type: "es_rejected_execution_exception" }),
    answered("3", { kind: "noop" }),
    answered("4", { kind: "rejected", status: 503, type: "unavailable_shards_exception" }),
    answered("5", { kind: "rejected", status: 500, type: "some_exception" }),
    answered("6", { kind: "unreadable" }),
    answered("7", { kind: "unsequenced", result: "index", index: "books", id: "7" }),
  ];
  const { services, queue, intentsLeft, telemetry } = fakeWriteServices(() => ({}));
  await replicatedWrite(write(outcomes), services);
  assert.deepEqual(queue.records(), [unknown(["4", "5", "6", "7"])]);
  assert.equal(await intentsLeft(), 1);
  assert.equal(telemetry.counted("operationsRejected"), 6);
});

test("replicatedWrite() sends nothing and keeps no intent when PRIMARY rejected every item", async () => {
  const outcomes = [answered("1", { kind: "rejected", status: 400, type: "x" })];
  const { services, queue, intentsLeft } = fakeWriteServices(() => ({}));
  await replicatedWrite(write(outcomes), services);
  assert.deepEqual(queue.sent, []);
  assert.equal(await intentsLeft(), 0);
});

test("replicatedWrite() takes a 404 for an answer to read only where a deletion may give one", async () => {
  const outcomes = [answered("1", written("1", "9", "delete"))];
  const { services, queue } = fakeWriteServices(() => ({ status: 404 }));
  const answer = await replicatedWrite(write(outcomes, { form: "document" }), services);
  assert.equal(answer.status, 404);
  const [record] = queue.records();
  assert.ok(record?.kind === "apply");
  assert.equal(record.manifest[0]?.deletes, true);
});

test("replicatedWrite() lets a mistake of its own escape: no answer is made up", async () => {
  const { services } = fakeWriteServices(() => {
    throw new TypeError("a bug");
  });
  await assert.rejects(replicatedWrite(write(bothWritten), services), TypeError);
});

for (const status of [500, 502, 503, 504]) {
  test(`replicatedWrite() of a single document takes ${status} for an unknown outcome: PRIMARY may have failed half-way`, async () => {
    const { services, queue, intentsLeft } = fakeWriteServices(() => clusterError(status, "why"));
    const answer = await replicatedWrite(write(bothWritten, { form: "document" }), services);
    assert.equal(answer.status, status);
    assert.equal(typeOf(answer), "why");
    assert.deepEqual(queue.records(), [unknown(["1", "2"])]);
    assert.equal(await intentsLeft(), 1);
  });
}

for (const outcomes of [bothWritten, undefined]) {
  const what = outcomes ? "what PRIMARY accepted" : "an answer that does not pair";
  test(`replicatedWrite() with INTENTS=parallel answers 503 when neither the intent nor the record of ${what} is durable`, async () => {
    const { services, queue, intentStore, telemetry } = fakeWriteServices(() => ({ body: "ok" }), {
      intentMode: "parallel",
    });
    intentStore.failWith(new Error("no bucket"));
    queue.refuseWith(new Error("throttled"));
    const answer = await replicatedWrite(write(outcomes), services);
    assert.equal(answer.status, 503);
    assert.equal(typeOf(answer), "enqueue_failed_exception");
    const recovery = telemetry.lines.filter((line) => line.includes('"recovery"'));
    assert.equal(recovery.length, 1);
    assert.match(recovery[0] ?? "", /none: the intent could not be stored/);
  });
}

for (const [intentMode, said] of [
  ["before", /the intent stays/],
  ["parallel", /the intent stays/],
  ["off", /none: INTENTS is off/],
] as const) {
  test(`replicatedWrite() with INTENTS=${intentMode} says in the log what becomes of a write that cannot be queued`, async () => {
    const { services, queue, telemetry } = fakeWriteServices(() => ({ body: "ok" }), { intentMode });
    queue.refuseWith(new Error("throttled"));
    await replicatedWrite(write(bothWritten), services);
    assert.match(telemetry.lines.find((line) => line.includes('"recovery"')) ?? "", said);
  });
}
