import assert from "node:assert/strict";
import { test } from "node:test";
import type { Answer } from "../../functions/core/http/answer.ts";
import { readIntent } from "../../functions/core/intent/intents.ts";
import { writeThrough } from "../../functions/write/write-through.ts";
import { type Answering, clusterError, lineOf, noAnswer } from "../support/fake-cluster.ts";
import { fakeRequest } from "../support/fake-request.ts";
import { fakeWriteServices } from "../support/fake-write-services.ts";

type Services = ReturnType<typeof fakeWriteServices>;

const typeOf = ({ body }: Answer): string => JSON.parse(body.toString()).error.type;
const states = (...names: readonly string[]) => ({
  body: { metadata: { indices: Object.fromEntries(names.map((name) => [name, { state: "open" }])) } },
});

/** PRIMARY has `books-1` and `books-2`, to which `shelf` leads as well, and answers the request itself as given. */
function executing(answering: Answering, more: Parameters<typeof fakeWriteServices>[1] = {}): Services {
  return fakeWriteServices((request) => {
    if (request.method !== "GET") return answering(request);
    return /%2A|shelf/.test(request.path) ? states("books-1", "books-2") : states();
  }, more);
}

/** The requests to PRIMARY that ask for more than a look. */
const forwarded = ({ primary }: Services) => primary.requests.filter(({ method }) => method !== "GET");

const acknowledged: Answering = () => ({ body: { acknowledged: true } });
const change = fakeRequest("PUT /books-1/_mapping", "{}");
const byQuery = fakeRequest("POST /books-*/_update_by_query");

/** The work of the only intent that is left. */
async function workLeft({ intentStore, intentsLeft }: Services) {
  await intentsLeft();
  const [stored, ...more] = intentStore.objects.values();
  assert.equal(more.length, 0);
  return stored && readIntent(stored.body)?.work;
}

const kinds = ({ queue }: Services) => queue.records().map(({ kind }) => kind);

for (const [what, request, work, followUp] of [
  ["an index-level change", change, { kind: "define", pattern: "books-1" }, ["define"]],
  [
    "a by-query write",
    byQuery,
    { kind: "reconcile", pattern: "books-*" },
    ["reconcile-index", "reconcile-index"],
  ],
] as const) {
  test(`writeThrough() of ${what} has an intent that names the pattern before PRIMARY is asked`, async () => {
    let held: unknown;
    const services: Services = executing(async () => {
      held = await workLeft(services);
      return acknowledged(request);
    });
    assert.equal((await writeThrough(request, services.services)).status, 200);
    assert.deepEqual(held, work);
    assert.deepEqual(kinds(services), followUp);
    assert.equal(await services.intentsLeft(), 0);
  });

  test(`writeThrough() of ${what} forwards nothing when the intent cannot be stored`, async () => {
    const services = executing(acknowledged);
    services.intentStore.failWith(new Error("no bucket"));
    const answer = await writeThrough(request, services.services);
    assert.equal(answer.status, 503);
    assert.equal(typeOf(answer), "intent_unavailable_exception");
    assert.deepEqual(forwarded(services), []);
    assert.deepEqual(services.queue.sent, []);
  });

  for (const [how, answering, status] of [
    ["PRIMARY's answer is lost", noAnswer("primary", "lost"), 502],
    ["PRIMARY does not answer in time", noAnswer("primary", "timeout"), 504],
    ["PRIMARY answers with a server error", () => clusterError(503, "x"), 503],
  ] as const) {
    test(`writeThrough() of ${what} queues what follows and keeps the intent when ${how}`, async () => {
      const services = executing(answering);
      assert.equal((await writeThrough(request, services.services)).status, status);
      assert.deepEqual(kinds(services), followUp);
      assert.deepEqual(await workLeft(services), work);
    });
  }

  for (const answering of [() => clusterError(400, "x"), noAnswer("primary", "refused")]) {
    test(`writeThrough() of ${what} that PRIMARY refused, or never got, queues nothing: ${answering}`, async () => {
      const services = executing(answering);
      assert.ok((await writeThrough(request, services.services)).status >= 400);
      assert.deepEqual(kinds(services), []);
      assert.equal(await services.intentsLeft(), 0);
    });
  }

  test(`writeThrough() of ${what} answers as PRIMARY did when the queue fails: the intent stays`, async () => {
    for (const intentMode of ["before", "parallel"] as const) {
      const services = executing(acknowledged, { intentMode });
      services.queue.refuseWith(new Error("throttled"));
      assert.equal((await writeThrough(request, services.services)).status, 200);
      assert.deepEqual(await workLeft(services), work);
      assert.ok(services.telemetry.lines.some((line) => line.includes("the intent stays")));
      assert.equal(services.telemetry.counted("enqueueFailures"), 1);
    }
  });

  test(`writeThrough() of ${what} answers 503 when neither the queue nor an intent knows of it`, async () => {
    for (const intentMode of ["off", "parallel"] as const) {
      const { services, queue, intentStore, telemetry } = executing(acknowledged, { intentMode });
      queue.refuseWith(new Error("throttled"));
      intentStore.failWith(new Error("no bucket"));
      const answer = await writeThrough(request, services);
      assert.equal(answer.status, 503);
      assert.equal(typeOf(answer), "enqueue_failed_exception");
      assert.equal(
        telemetry.lines.some((line) => line.includes("the intent stays")),
        false,
      );
    }
  });
}

test("writeThrough() of a by-query write reconciles each index once PRIMARY runs none any more, a little later", async () => {
  const { services, queue } = executing(() => ({ body: { task: "node:7" } }));
  const request = fakeRequest("POST /books-*/_update_by_query?wait_for_completion=false");
  await writeThrough(request, services);
  assert.deepEqual(
    queue.records().map((record) => record.kind === "reconcile-index" && [record.index, record.awaitsTasks]),
    [
      ["books-1", true],
      ["books-2", true],
    ],
  );
  for (const { delaySeconds } of queue.sent) assert.ok((delaySeconds ?? 0) > 0);
});

test("writeThrough() of a reindex that outlives its answer keeps the intent where it may make any index", async () => {
  for (const [query, dest, left] of [
    ["?wait_for_completion=false", { index: "b", pipeline: "p" }, { kind: "reconcile", pattern: "*" }],
    ["?wait_for_completion=false", { index: "b" }, undefined],
    ["", { index: "b", pipeline: "p" }, undefined],
  ] as const) {
    const services = executing(() => ({ body: { task: "node:7" } }));
    await writeThrough(fakeRequest(`POST /_reindex${query}`, JSON.stringify({ dest })), services.services);
    assert.ok(kinds(services).length > 0);
    assert.deepEqual(await workLeft(services), left);
  }
});

test("writeThrough() of a clone that outlives its answer looks for it soon, and keeps the intent", async () => {
  for (const [query, delaySeconds, left] of [
    ["?wait_for_completion=false", 2, { kind: "define", pattern: "b" }],
    ["", 0, undefined],
  ] as const) {
    const services = executing(() => ({ body: { task: "node:7" } }));
    await writeThrough(fakeRequest(`PUT /a/_clone/b${query}`), services.services);
    assert.deepEqual(kinds(services), ["define"]);
    assert.equal(services.queue.sent[0]?.delaySeconds, delaySeconds);
    assert.deepEqual(await workLeft(services), left);
  }
});

test("writeThrough() of a by-query write follows up what it did before it stopped at a conflict", async () => {
  const services = executing(() => ({ status: 409, body: { took: 1, updated: 5, failures: [{}] } }));
  assert.equal((await writeThrough(byQuery, services.services)).status, 409);
  assert.equal(kinds(services).length, 2);
  assert.equal(await services.intentsLeft(), 0);
});

test("writeThrough() of a by-query write keeps the intent when PRIMARY cannot say which indices it touched", async () => {
  const services = fakeWriteServices(({ method }) =>
    method === "GET" ? clusterError(503, "x") : { body: { updated: 3 } },
  );
  assert.equal((await writeThrough(byQuery, services.services)).status, 200);
  assert.deepEqual(await workLeft(services), { kind: "reconcile", pattern: "books-*" });
});

for (const [line, body, pattern] of [
  ["POST /_reindex", { source: { index: "a" }, dest: { index: "b" } }, "b"],
  ["POST /_reindex/?wait_for_completion=false", { source: { index: "a*" }, dest: { index: "b" } }, "b"],
  ["POST /_reindex", { source: {}, dest: { index: "b", pipeline: "p" } }, "*"],
  ["POST /_reindex", { source: {}, dest: { index: "b" }, script: { source: "ctx._index = 'c'" } }, "*"],
  ["POST /_reindex", { source: {}, dest: { index: "<b-{now/d}>" } }, "*"],
  ["POST /_reindex", { source: {} }, "*"],
  ["POST /_snapshot/repo/snap/_restore", { dest: { index: "b" } }, "*"],
  ["POST /_all/_delete_by_query", {}, "*"],
  ["POST /books/_update_by_query?conflicts=proceed&pipeline=p", {}, "*"],
  ["POST /books/_update_by_query", {}, "books"],
  ["POST /shelf/_update_by_query", {}, "shelf,books-1,books-2"],
] as const) {
  test(`writeThrough() of ${line} ${JSON.stringify(body)} reconciles [${pattern}]`, async () => {
    const services = executing(noAnswer("primary", "timeout"));
    await writeThrough(fakeRequest(line, JSON.stringify(body)), services.services);
    assert.deepEqual(await workLeft(services), { kind: "reconcile", pattern });
    const listed = services.primary.requests.at(-1);
    const names = pattern.split(",").map((name) => encodeURIComponent(name).replace("*", "%2A"));
    assert.equal(listed && lineOf(listed), `GET /_cluster/state/metadata/${names.join(",")}`);
  });
}

test("writeThrough() of a by-query write forwards nothing while PRIMARY gives no answer to where its names lead", async () => {
  const services = fakeWriteServices(noAnswer("primary", "timeout"));
  const { status, body } = await writeThrough(byQuery, services.services);
  assert.equal(status, 503);
  assert.match(body.toString(), /nothing was written/);
  assert.deepEqual(forwarded(services), []);
  assert.deepEqual(kinds(services), []);
  assert.equal(await services.intentsLeft(), 0);
});

test("writeThrough() of a by-query write goes on, and warns, where PRIMARY may not be asked where its names lead", async () => {
  const services = fakeWriteServices((request) =>
    request.path.startsWith("/_cluster/state")
      ? clusterError(403, "security_exception")
      : acknowledged(request),
  );
  await writeThrough(byQuery, services.services);
  assert.equal(forwarded(services).length, 1);
  assert.match(JSON.stringify(services.telemetry.lines), /does not say where an alias leads/);
});

test("writeThrough() of DELETE /_all and of paths with slashes at their end makes BACKUP's definitions equal", async () => {
  for (const [line, pattern] of [
    ["DELETE /_all", "*"],
    ["PUT /_all/_settings", "*"],
    ["DELETE /books//", "books"],
    ["POST /_aliases//", "*"],
  ] as const) {
    const { services, queue } = executing(acknowledged);
    await writeThrough(fakeRequest(line, "{}"), services);
    assert.deepEqual(
      queue.records().map((record) => record.kind === "define" && record.pattern),
      [pattern],
    );
  }
});

test("writeThrough() refuses document writes whose body is not JSON, and forwards nothing", async () => {
  for (const type of [
    "application/yaml",
    "application/cbor",
    "application/vnd.elasticsearch+smile;compatible-with=8",
  ]) {
    for (const line of ["POST /_bulk", "PUT /books/_doc/1", "POST /books/_update/1"]) {
      const { services, primary } = executing(acknowledged);
      const answer = await writeThrough(
        fakeRequest(line, "---", { headers: { "content-type": type } }),
        services,
      );
      assert.equal(answer.status, 406);
      assert.equal(
        JSON.parse(answer.body.toString()).error.reason,
        `Content-Type header [${type}] is not supported`,
      );
      assert.equal(primary.requests.length, 0);
    }
  }
});

test("writeThrough() of a deletion takes any content type: it has no body to read", async () => {
  const { services, primary } = executing(() => clusterError(404, "x"));
  const headers = { "content-type": "application/yaml" };
  await writeThrough(fakeRequest("DELETE /books/_doc/1", "", { headers }), services);
  assert.equal(primary.requests.length, 1);
});

test("writeThrough() of a document with slashes at the end of its path gives it an id behind one", async () => {
  const { services, primary } = executing(() => clusterError(400, "x"));
  await writeThrough(fakeRequest("POST /books/_doc//", "{}"), services);
  assert.equal(primary.requests[0]?.path, "/books/_doc/new-1");
});
