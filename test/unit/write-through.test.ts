import assert from "node:assert/strict";
import { test } from "node:test";
import { gunzipSync, gzipSync } from "node:zlib";
import { ClusterError } from "../../functions/core/cluster/port.ts";
import type { Answer } from "../../functions/core/http/answer.ts";
import { parseMessage } from "../../functions/core/replication/header.ts";
import { writeThrough } from "../../functions/write/write-through.ts";
import { clusterError, noAnswer, textOf } from "../support/fake-cluster.ts";
import { fakeHandles } from "../support/fake-handles.ts";
import { fakeRequest } from "../support/fake-request.ts";
import { fakeWriteServices } from "../support/fake-write-services.ts";

const item = (action: string, id: string, more: object = {}) => ({
  [action]: {
    _index: "books",
    _id: id,
    result: "created",
    _seq_no: 5,
    _primary_term: 1,
    status: 201,
    ...more,
  },
});
const bulkAnswer = (...items: object[]) => ({ body: { took: 1, errors: false, items } });
const jsonOf = ({ body }: Answer) => JSON.parse(body.toString());

/** The body of the only record that was sent. */
function sentLines(queue: ReturnType<typeof fakeWriteServices>["queue"]): readonly string[] {
  assert.equal(queue.sent.length, 1);
  return parseMessage(queue.sent[0]?.body ?? "")
    .inline.trimEnd()
    .split("\n");
}

test("writeThrough() of a bulk forwards it byte for byte where nothing has to change", async () => {
  const { services, primary, queue } = fakeWriteServices(() => bulkAnswer(item("index", "1")));
  const body = '{"index":{"_id":"1" ,"routing":"r"}}\r\n{"n":9007199254740993,"n":1}\r\n';
  const answer = await writeThrough(fakeRequest("POST /books/_bulk?refresh=true&x=%20", body), services);
  assert.equal(textOf(primary.requests[0]), body);
  assert.equal(primary.requests[0]?.query, "refresh=true&x=%20");
  assert.equal(primary.requests[0]?.timeoutMs, 1234);
  assert.deepEqual(jsonOf(answer), bulkAnswer(item("index", "1")).body);
  const [action = "", document] = sentLines(queue);
  assert.equal(document, '{"n":9007199254740993,"n":1}');
  assert.deepEqual(JSON.parse(action).index.routing, "r");
});

test("writeThrough() of a bulk gives ids to what has none, the same for PRIMARY and for BACKUP", async () => {
  const { services, primary, queue } = fakeWriteServices(() =>
    bulkAnswer(item("index", "new-1"), item("create", "new-2", { _seq_no: 6 })),
  );
  await writeThrough(
    fakeRequest("POST /books/_bulk", '{"index":{}}\n{"a":1}\n{"create":{}}\n{"b":1}\n'),
    services,
  );
  const forwarded = textOf(primary.requests[0]);
  assert.ok(forwarded.includes('"new-1"') && forwarded.includes('"new-2"'), forwarded);
  const [record] = queue.records();
  assert.ok(record?.kind === "apply");
  assert.deepEqual(
    record.manifest.map(({ id }) => id),
    ["new-1", "new-2"],
  );
  // A `create` became an `index`: BACKUP takes no external version on a `create`.
  assert.equal(sentLines(queue).filter((line) => line.startsWith('{"index":')).length, 2);
});

test("writeThrough() of a bulk takes filter_path off for PRIMARY and applies it to the client's answer", async () => {
  const { services, primary, queue } = fakeWriteServices(() => bulkAnswer(item("index", "1")));
  const request = fakeRequest(
    "POST /books/_bulk?filter_path=items.*.status&format=yaml&refresh",
    '{"index":{"_id":"1"}}\n{}\n',
  );
  const answer = await writeThrough(request, services);
  assert.equal(primary.requests[0]?.query, "refresh");
  assert.equal(answer.body.toString(), '{"items":[{"index":{"status":201}}]}');
  assert.equal(queue.records()[0]?.kind, "apply");
});

test("writeThrough() of a bulk filters no error of PRIMARY's", async () => {
  const { services } = fakeWriteServices(() => clusterError(400, "illegal_argument_exception"));
  const answer = await writeThrough(
    fakeRequest("POST /books/_bulk?filter_path=items", '{"index":{"_id":"1"}}\n{}\n'),
    services,
  );
  assert.equal(jsonOf(answer).error.type, "illegal_argument_exception");
});

test("writeThrough() of a bulk replicates an update's resulting document and takes it out of the answer again", async () => {
  const source = '{"n":9007199254740993,"a":{}}';
  const primaryAnswer = `{"took":1,"errors":false,"items":[{"update":{"_index":"books","_id":"1","_version":2,"result":"updated","_seq_no":10,"_primary_term":1,"get":{"_seq_no":10,"found":true,"_source":${source}},"status":200}}]}`;
  const { services, primary, queue } = fakeWriteServices(() => ({ body: primaryAnswer }));
  const request = fakeRequest("POST /books/_bulk", '{"update":{"_id":"1"}}\n{"doc":{"n":1}}\n');
  const answer = await writeThrough(request, services);
  assert.deepEqual(JSON.parse(textOf(primary.requests[0]).split("\n")[0] ?? ""), {
    update: { _source: true, _id: "1" },
  });
  assert.equal(sentLines(queue)[1], source);
  assert.equal("get" in jsonOf(answer).items[0].update, false);
  assert.equal(
    answer.body.toString(),
    primaryAnswer.replace(`,"get":{"_seq_no":10,"found":true,"_source":${source}}`, ""),
  );
});

test("writeThrough() of a bulk leaves an update's document in the answer where the client asked for it", async () => {
  const get = { found: true, _source: { a: 1, b: 2 } };
  const { services, queue } = fakeWriteServices(() =>
    bulkAnswer(item("update", "1", { result: "updated", get })),
  );
  const line = '{"update":{"_id":"1","_source":"b"}}\n{"doc":{"b":2}}\n';
  const answer = await writeThrough(fakeRequest("POST /books/_bulk", line), services);
  assert.deepEqual(jsonOf(answer).items[0].update.get._source, { b: 2 });
  assert.equal(sentLines(queue)[1], '{"a":1,"b":2}');
});

test("writeThrough() of a bulk that no version can read is refused before PRIMARY sees it", async () => {
  const { services, primary } = fakeWriteServices(() => ({}));
  for (const body of ["", "no json\n", '{"frob":{}}\n{}\n', '{"index":{}}\n', '{"delete":{"_id":"1"}}']) {
    const answer = await writeThrough(fakeRequest("POST /books/_bulk", body), services);
    assert.equal(answer.status, 400, body);
    assert.equal(typeof jsonOf(answer).error.type, "string");
  }
  assert.equal(primary.requests.length, 0);
});

test("writeThrough() of a bulk undoes the client's gzip and says so to PRIMARY", async () => {
  const { services, primary } = fakeWriteServices(() =>
    bulkAnswer(item("delete", "1", { result: "deleted" })),
  );
  const headers = {
    "content-encoding": "gzip",
    "accept-encoding": "gzip",
    "content-type": "application/json",
  };
  const body = '{"delete":{"_id":"1"}}\n';
  await writeThrough(fakeRequest("POST /books/_bulk", gzipSync(body), { headers }), services);
  assert.equal(textOf(primary.requests[0]), body);
  assert.deepEqual(primary.requests[0]?.headers, { "content-type": "application/json" });
});

test("writeThrough() of a bulk that expands beyond the limit is refused with 413", async () => {
  const { services, primary } = fakeWriteServices(() => ({}));
  const headers = { "content-encoding": "gzip" };
  const request = fakeRequest("POST /_bulk", gzipSync(Buffer.alloc(1_000_001)), { headers });
  assert.equal((await writeThrough(request, services)).status, 413);
  assert.equal(primary.requests.length, 0);
});

test("writeThrough() of a bulk declares every key before PRIMARY is asked", async () => {
  const { services, intentStore } = fakeWriteServices(noAnswer("primary", "timeout"));
  const body = '{"index":{}}\n{}\n{"delete":{"_index":"other","_id":"2","routing":"r"}}\n';
  await writeThrough(fakeRequest("POST /books/_bulk?routing=q", body), services);
  const [stored] = intentStore.objects.values();
  assert.deepEqual(JSON.parse(stored?.body.toString() ?? "").documents, [
    { index: "books", routing: "q", ids: ["new-1"] },
    { index: "other", routing: "r", ids: ["2"] },
  ]);
});

const written = (id: string, more: object = {}) => ({
  _index: "books",
  _id: id,
  result: "created",
  _seq_no: 5,
  _primary_term: 1,
  ...more,
});

test("writeThrough() of a document without an id gives it one, and lets PRIMARY create it only", async () => {
  const { services, primary, queue } = fakeWriteServices(() => ({ status: 201, body: written("new-1") }));
  const answer = await writeThrough(fakeRequest("POST /books/_doc/?routing=r", '{\n"a": 1}'), services);
  assert.equal(answer.status, 201);
  assert.equal(primary.requests[0]?.path, "/books/_doc/new-1");
  assert.equal(primary.requests[0]?.query, "routing=r&op_type=create");
  const [action = "", document] = sentLines(queue);
  assert.equal(document, ' "a": 1}'.padStart(9, "{"));
  const { _id, routing } = JSON.parse(action).index;
  assert.deepEqual([_id, routing], ["new-1", "r"]);
});

test("writeThrough() of a document keeps its path as the client encoded it", async () => {
  const { services, primary } = fakeWriteServices(() => ({ body: written("a/b c") }));
  await writeThrough(
    fakeRequest("PUT /books/_doc/a%2Fb%20c?version=3&version_type=external", "{}"),
    services,
  );
  assert.equal(primary.requests[0]?.path, "/books/_doc/a%2Fb%20c");
  assert.equal(primary.requests[0]?.query, "version=3&version_type=external");
});

test("writeThrough() of an update replicates what PRIMARY made of it, and gives the client its own answer", async () => {
  const body = { ...written("1", { result: "updated" }), get: { found: true, _source: { a: 1, b: 2 } } };
  const { services, primary, queue } = fakeWriteServices(() => ({ body }));
  const answer = await writeThrough(fakeRequest("POST /books/_update/1", '{"doc":{"b":2}}'), services);
  assert.deepEqual(JSON.parse(textOf(primary.requests[0])), { _source: true, doc: { b: 2 } });
  assert.deepEqual(jsonOf(answer), written("1", { result: "updated" }));
  assert.equal(sentLines(queue)[1], '{"a":1,"b":2}');
});

test("writeThrough() of a deletion that found nothing replicates it; of a missing index, nothing", async () => {
  const { services, primary, queue, intentsLeft } = fakeWriteServices(() => ({
    status: 404,
    body: written("1", { result: "not_found" }),
  }));
  const answer = await writeThrough(fakeRequest("DELETE /books/_doc/1"), services);
  assert.equal(answer.status, 404);
  assert.equal(sentLines(queue).length, 1);
  primary.answer(() => clusterError(404, "index_not_found_exception"));
  await writeThrough(fakeRequest("DELETE /gone/_doc/1"), services);
  assert.equal(queue.sent.length, 1);
  assert.equal(await intentsLeft(), 0);
});

test("writeThrough() of an index-level change defines the pattern once PRIMARY made it, and forgets what was known", async () => {
  const { services, queue, catalog } = fakeWriteServices(() => ({ body: { acknowledged: true } }));
  const answer = await writeThrough(fakeRequest("PUT /books/_mapping", '{"properties":{}}'), services);
  assert.deepEqual(jsonOf(answer), { acknowledged: true });
  assert.deepEqual(queue.records(), [
    {
      kind: "define",
      writtenAtMs: 1_700_000_000_000,
      requestId: "request-1",
      reason: "PUT /books/_mapping",
      pattern: "books",
    },
  ]);
  assert.deepEqual(catalog.forgotten, ["*"]);
});

test("writeThrough() of a template, a pipeline or a script defines those of its kind", async () => {
  const { services, queue } = fakeWriteServices(() => ({ body: { acknowledged: true } }));
  await writeThrough(fakeRequest("PUT /_index_template/t", "{}"), services);
  await writeThrough(fakeRequest("DELETE /_ingest/pipeline/p*"), services);
  assert.deepEqual(
    queue.records().map((record) => record.kind === "define" && [record.of, record.pattern]),
    [
      ["index-template", "t"],
      ["ingest-pipeline", "p*"],
    ],
  );
});

test("writeThrough() of an index-level change that PRIMARY refused, or never got, queues nothing", async () => {
  for (const answering of [() => clusterError(400, "x"), noAnswer("primary", "refused")]) {
    const { services, queue } = fakeWriteServices(answering);
    const answer = await writeThrough(fakeRequest("PUT /books"), services);
    assert.ok(answer.status >= 400);
    assert.deepEqual(queue.sent, []);
  }
});

test("writeThrough() of an index-level change whose outcome is unknown defines: state needs no outcome", async () => {
  const { services, queue } = fakeWriteServices(noAnswer("primary", "timeout"));
  assert.equal((await writeThrough(fakeRequest("DELETE /books"), services)).status, 504);
  assert.equal(queue.records()[0]?.kind, "define");
});

test("writeThrough() refuses by-query writes where bulk requests are enforced", async () => {
  const { services, primary } = fakeWriteServices(() => ({}), { enforceBulkRequestsOnly: true });
  for (const line of ["POST /books/_delete_by_query", "POST /_reindex"]) {
    assert.equal((await writeThrough(fakeRequest(line), services)).status, 405);
  }
  assert.equal(primary.requests.length, 0);
});

test("writeThrough() passes everything else to PRIMARY untouched, and queues nothing", async () => {
  const { services, primary, queue } = fakeWriteServices(() => ({ status: 202, body: "as it is" }));
  const request = fakeRequest("PUT /_cluster/settings?flat_settings", "{ }", {
    headers: { "x-opaque-id": "7", connection: "close" },
  });
  const answer = await writeThrough(request, services);
  assert.equal(`${answer.status} ${answer.body}`, "202 as it is");
  const [forwarded] = primary.requests;
  assert.equal(`${forwarded?.path}?${forwarded?.query}`, "/_cluster/settings?flat_settings");
  assert.equal(textOf(forwarded), "{ }");
  assert.deepEqual(forwarded?.headers, { "x-opaque-id": "7" });
  assert.deepEqual(queue.sent, []);
});

test("writeThrough() seals the scroll id of a read under a type as PRIMARY's, and reads no other answer", async () => {
  const headers = { "accept-encoding": "gzip", "content-type": "application/json" };
  const page = (id: string) => JSON.stringify({ _scroll_id: id, hits: { hits: ["x".repeat(2000)] } });
  const { services, primary, queue } = fakeWriteServices(() => ({
    headers: { "content-type": "application/json" },
    body: page("raw=="),
  }));
  const read = (query: string) =>
    writeThrough(fakeRequest(`POST /books/book/_search${query}`, "{}", { headers }), services);
  const sealed = fakeHandles.seal({ cluster: "primary", original: "raw==" });
  assert.equal(gunzipSync((await read("?scroll=1m")).body).toString(), page(sealed));
  assert.deepEqual(primary.requests[0]?.headers, { "content-type": "application/json" });
  assert.equal((await read("")).body.toString(), page("raw=="));
  assert.deepEqual(primary.requests[1]?.headers, headers);
  assert.deepEqual(queue.sent, []);
});

test("writeThrough() refuses every write in words while PRIMARY is a release that replication cannot follow", async () => {
  const { services, primary, queue, intentsLeft } = fakeWriteServices(() => ({}));
  primary.runs({ product: "elasticsearch", version: "5.6.16" });
  for (const line of ["POST /_bulk", "PUT /books", "PUT /books/_doc/1", "POST /books/_delete_by_query"]) {
    const answer = await writeThrough(fakeRequest(line, "{}"), services);
    assert.equal(answer.status, 501);
    assert.match(jsonOf(answer).error.reason, /PRIMARY is Elasticsearch 5\.6\.16.*not supported/);
  }
  assert.deepEqual(primary.requests, []);
  assert.equal(queue.sent.length, 0);
  assert.equal(await intentsLeft(), 0);
});

test("writeThrough() asks PRIMARY when it cannot say what it runs: the request itself tells", async () => {
  const { services, primary } = fakeWriteServices(() => ({ body: { acknowledged: true } }));
  const silent = { ...primary, release: () => Promise.reject(new ClusterError("primary", "refused", "no")) };
  const answer = await writeThrough(fakeRequest("PUT /books"), { ...services, primary: silent });
  assert.equal(answer.status, 200);
});

test("writeThrough() takes /{index}/_doc/_bulk for a bulk or for a document, as PRIMARY's release does", async () => {
  const written = { _index: "books", _id: "7", _seq_no: 1, _primary_term: 1, result: "created" };
  const cases = [
    {
      version: "7.10.2",
      body: '{"index":{"_id":"7"}}\n{"a":1}\n',
      answer: { took: 1, errors: false, items: [{ index: { ...written, status: 201 } }] },
      id: "7",
    },
    { version: "8.19.0", body: '{"a":1}', answer: { ...written, _id: "_bulk" }, id: "_bulk" },
  ];
  for (const { version, body, answer, id } of cases) {
    const { services, queue, primary } = fakeWriteServices(() => ({ body: answer }));
    primary.runs({ product: "elasticsearch", version });
    await writeThrough(fakeRequest("POST /books/_doc/_bulk", body), services);
    const [record] = queue.records();
    assert.deepEqual(record?.kind === "apply" && record.manifest.map((entry) => entry.id), [id]);
  }
});
