import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { test } from "node:test";
import { gunzipSync, gzipSync } from "node:zlib";
import type { ClusterRequest } from "../../functions/core/cluster/port.ts";
import { clusterError, type FakeAnswer, lineOf, noAnswer, textOf } from "../support/fake-cluster.ts";
import { fakeHandles } from "../support/fake-handles.ts";
import { fakeRequest } from "../support/fake-request.ts";
import { reading } from "../support/fake-search-services.ts";

const json = (body: unknown, headers: Record<string, string> = {}): FakeAnswer => ({
  headers: { "content-type": "application/json; charset=UTF-8", ...headers },
  body,
});
const vendor = "application/vnd.elasticsearch+json; compatible-with=8";
const away = noAnswer("primary", "refused");

/** As OpenSearch and Elasticsearch 7.10 do (observed). */
function refusesVendorTypes(answer: unknown) {
  return (request: ClusterRequest): FakeAnswer =>
    String(request.headers?.["content-type"]).includes("vnd.")
      ? { ...json({ error: `Content-Type header [${vendor}] is not supported`, status: 406 }), status: 406 }
      : json(answer);
}

test("searchWithFailover() asks a BACKUP that does not know the client's media type again in plain JSON", async () => {
  const { read, backup } = reading(away, refusesVendorTypes({ took: 1 }));
  const headers = { "content-type": vendor, accept: vendor };
  const answer = await read(fakeRequest("POST /a/_search", "{}", { headers }));
  assert.equal(answer.status, 200);
  assert.deepEqual(backup.requests[1]?.headers, {
    "content-type": "application/json",
    accept: "application/json",
  });
  assert.equal(answer.headers["content-type"], "application/vnd.elasticsearch+json;compatible-with=8");
  assert.equal(answer.headers["x-elastic-product"], "Elasticsearch");
});

test("searchWithFailover() asks a BACKUP of another version in plain JSON, one that knows the type as it came", async () => {
  const other = reading(away, (request) =>
    String(request.headers?.["accept"]).includes("compatible-with=9")
      ? clusterError(400, "media_type_header_exception")
      : json({}),
  );
  const nine = "application/vnd.elasticsearch+x-ndjson;compatible-with=9";
  const headers = { "content-type": nine, accept: "application/vnd.elasticsearch+json;compatible-with=9" };
  assert.equal((await other.read(fakeRequest("POST /_msearch", "{}\n{}\n", { headers }))).status, 200);
  assert.equal(other.backup.requests[1]?.headers?.["content-type"], "application/x-ndjson");
  const same = reading(away, () => json({}));
  await same.read(fakeRequest("POST /a/_search", "{}", { headers }));
  assert.equal(same.backup.requests.length, 1);
  assert.equal(same.backup.requests[0]?.headers?.["content-type"], nine);
});

test("searchWithFailover() gives BACKUP's 406 where the client's words were plain", async () => {
  const { read, backup } = reading(away, () => clusterError(406, "x"));
  assert.equal((await read()).status, 406);
  assert.equal(backup.requests.length, 1);
});

test("searchWithFailover() sends PRIMARY's answers on untouched, whatever the client speaks", async () => {
  const { read } = reading(() => json('{"hits":{"total":3,"hits":[{"_index":"a","_type":"t"}]}}'));
  const headers = { accept: vendor, "content-type": "application/json" };
  const answer = await read(fakeRequest("POST /a/_search", "{}", { headers }));
  assert.equal(answer.headers["content-type"], "application/json; charset=UTF-8");
  assert.equal(answer.headers["x-elastic-product"], undefined);
});

test("searchWithFailover() gives BACKUP's answer the product header that PRIMARY's had, or did not have", async () => {
  for (const product of ["Elasticsearch", undefined]) {
    const primarys = () => json({}, product === undefined ? {} : { "x-elastic-product": product });
    const { read, primary } = reading(primarys, () => json({}));
    await read();
    primary.answer(away);
    const headers = { "x-elastic-client-meta": "es=7.17.0" };
    const answer = await read(fakeRequest("GET /a/_doc/1", "", { headers }));
    assert.equal(answer.headers["x-elastic-product"], product);
  }
  const unknown = await reading(away, () => json({})).read();
  assert.equal(unknown.headers["x-elastic-product"], undefined);
});

test("searchWithFailover() answers GET / with PRIMARY's own words, once it knows them, while BACKUP answers", async () => {
  const { read, primary, backup } = reading(
    () => json('{"version":{"number":"8.19.0"}}'),
    () => json('{"version":{"number":"2.19.1","distribution":"opensearch"}}'),
  );
  const root = () => read(fakeRequest("GET /"));
  await root();
  primary.answer(away);
  const answer = await root();
  assert.equal(answer.body.toString(), '{"version":{"number":"8.19.0"}}');
  assert.equal(answer.headers["x-understudy-served-by"], "backup");
  backup.answer(() => clusterError(401, "security_exception"));
  assert.equal((await root()).status, 401);
});

test("searchWithFailover() repeats nothing of PRIMARY's answer to GET / but its JSON, and none that is a part of it", async () => {
  const { read, primary, backup } = reading(
    () => json('{"version":{"number":"8.19.0"}}', { "set-cookie": "other", "x-opaque-id": "other" }),
    () => json("backup", { "x-opaque-id": "mine", "content-encoding": "gzip" }),
  );
  await read(fakeRequest("GET /"));
  primary.answer(() => json("{}"));
  await read(fakeRequest("GET /?filter_path=x"));
  primary.answer(() => ({ headers: { "content-type": "application/yaml" }, body: "---" }));
  await read(fakeRequest("GET /"));
  primary.answer(away);
  const { headers, body } = await read(fakeRequest("GET /"));
  assert.equal(body.toString(), '{"version":{"number":"8.19.0"}}');
  assert.deepEqual(headers, {
    "content-type": "application/json; charset=UTF-8",
    "x-opaque-id": "mine",
    "x-understudy-served-by": "backup",
  });
  backup.answer(() => ({ headers: { "content-type": "application/yaml" }, body: "---" }));
  assert.equal((await read(fakeRequest("GET /"))).body.toString(), "---");
});

test("searchWithFailover() asks BACKUP for a total in a number where PRIMARY gives one", async () => {
  const { read, primary, backup } = reading(
    () => json('{"took":1,"hits":{"total":3,"hits":[]}}'),
    () => json({}),
  );
  await read();
  primary.answer(away);
  await read(fakeRequest("POST /a/_search?size=1", "{}"));
  assert.equal(backup.requests[0]?.query, "size=1&rest_total_hits_as_int=true");
  await read(fakeRequest("GET /a/_count"));
  assert.equal(backup.requests[1]?.query, "");
});

test("searchWithFailover() never POSTs to BACKUP where an older release would take the read for a document", async () => {
  for (const path of ["/a/_terms_enum", "/a/_eql/search", "/a/_knn_search", "/a/_mvt/f/1/2/3"]) {
    const { read, backup } = reading(away, () => json({}));
    await read(fakeRequest(`POST ${path}`, '{"field":"x"}'));
    assert.equal(backup.requests[0] && lineOf(backup.requests[0]), `GET ${path}`);
    assert.equal(textOf(backup.requests[0]), '{"field":"x"}');
  }
});

test("searchWithFailover() never asks BACKUP for tasks: only PRIMARY runs any", async () => {
  const { read, backup } = reading(away, () => json({}));
  for (const path of ["/_tasks", "/_tasks/node:1"]) {
    assert.equal((await read(fakeRequest(`GET ${path}`))).status, 503);
  }
  assert.equal(backup.requests.length, 0);
});

const typed = '{"hits":{"total":{"value":1},"hits":[{"_index":"a","_type":"_doc","_id":"1","_source":{}}]}}';

test("searchWithFailover() gives hits and documents a type where PRIMARY's have one and BACKUP's have none", async () => {
  const { read, primary, backup } = reading(() => json(typed));
  await read();
  primary.answer(away);
  const hit = (type: string) => `{"_index":"a"${type},"_id":"1","_source":{"_index":"mine","n":1.0}}`;
  const answers: readonly (readonly [line: string, answer: (type: string) => string])[] = [
    ["POST /a/_search", (type) => `{"hits":{"hits":[${hit(type)},${hit(type)}]}}`],
    ["POST /_msearch", (type) => `{"responses":[{"hits":{"hits":[${hit(type)}]}}]}`],
    ["POST /_mget", (type) => `{"docs":[${hit(type)}]}`],
    ["GET /a/_doc/1", (type) => hit(type)],
  ];
  for (const [line, answer] of answers) {
    for (const own of ["", ',"_type":"_doc"']) {
      backup.answer(() => json(answer(own)));
      const { body } = await read(fakeRequest(line, "{}"));
      assert.equal(body.toString(), answer(',"_type":"_doc"'), line);
    }
  }
});

test("searchWithFailover() gives documents the type that PRIMARY has shown for their index", async () => {
  const { read, primary, backup } = reading(() => json('{"_index":"books","_type":"novel","_id":"1"}'));
  await read(fakeRequest("GET /books/novel/1"));
  primary.answer(away);
  backup.answer(() => json('{"docs":[{"_index":"books","_id":"1"},{"_index":"films","_id":"1"}]}'));
  const { body } = await read(fakeRequest("POST /_mget", "{}"));
  const docs = JSON.parse(body.toString()).docs.map(({ _type }: { _type: string }) => _type);
  assert.deepEqual(docs, ["novel", "_doc"]);
});

test("searchWithFailover() neither learns nor forgets types by answers that are filtered", async () => {
  const { read, primary, backup } = reading(() => json('{"_index":"books","_type":"novel","_id":"1"}'));
  await read(fakeRequest("GET /books/novel/1"));
  primary.answer(() => json('{"_index":"books","_id":"1"}'));
  await read(fakeRequest("GET /books/novel/1?filter_path=_index,_id"));
  primary.answer(away);
  backup.answer(() => json('{"docs":[{"_index":"books","_id":"1"}]}'));
  const { body } = await read(fakeRequest("POST /_mget", "{}"));
  assert.equal(body.toString(), '{"docs":[{"_index":"books","_type":"novel","_id":"1"}]}');
});

test("searchWithFailover() gives a long answer's hits their types as it streams", async () => {
  const hit = (type: string) => `{"_index":"a"${type},"_id":"1"}`;
  const long = (type: string) => `{"hits":{"hits":[${Array(60_000).fill(hit(type)).join(",")}]}}`;
  const { read, primary, services } = reading(() => json(typed));
  await read();
  primary.answer(away);
  services.backup.stream = async () => ({
    status: 200,
    headers: { "content-type": "application/json" },
    body: Readable.from(
      [Buffer.from(long(""))].flatMap((whole) => [whole.subarray(0, 1_100_000), whole.subarray(1_100_000)]),
    ),
  });
  const { body } = await read();
  assert.ok(!Buffer.isBuffer(body));
  assert.equal((await buffer(body)).toString(), long(',"_type":"_doc"'));
});

/** In the words of Elasticsearch 8 and OpenSearch 2 (observed). */
const unrecognized = (path: string, list: string) =>
  clusterError(400, "illegal_argument_exception", `request [${path}] contains unrecognized ${list}`);

test("searchWithFailover() asks BACKUP without hints that it does not know, not without what changes the result", async () => {
  const hints = reading(away, ({ query = "" }) =>
    query.includes("ccs_") || query.includes("pre_")
      ? unrecognized(
          "/a/_search",
          "parameters: [ccs_minimize_roundtrips] -> did you mean [x]?, [pre_filter_shard_size]",
        )
      : json({}),
  );
  const line = "POST /a/_search?ccs_minimize_roundtrips=true&size=1&pre_filter_shard_size=3";
  assert.equal((await hints.read(fakeRequest(line, "{}"))).status, 200);
  assert.equal(hints.backup.requests[1]?.query, "size=1");
  const more = reading(away, () => unrecognized("/a/_search", "parameter: [routing2]"));
  assert.equal((await more.read(fakeRequest("POST /a/_search?routing2=x", "{}"))).status, 400);
  assert.equal(more.backup.requests.length, 1);
});

test("searchWithFailover() asks BACKUP without the type where it knows no types", async () => {
  const lines = [
    ["POST /books/novel/_search", "POST /books/_search"],
    ["GET /books/novel/a%2Fb", "GET /books/_doc/a%2Fb"],
  ] as const;
  for (const [line, wanted] of lines) {
    const { read, backup } = reading(away, ({ path }) =>
      path.includes("/novel/")
        ? { ...json({ error: `no handler found for uri [${path}] and method [POST]` }), status: 400 }
        : json({}),
    );
    const answer = await read(fakeRequest(line, "{}"));
    assert.equal(answer.status, 200, line);
    const [, second] = backup.requests;
    assert.ok(second);
    assert.equal(lineOf(second), wanted);
  }
});

/** OpenSearch's own words for points in time, in front of a client of Elasticsearch. */
function openSearch(request: ClusterRequest): FakeAnswer {
  if (request.path.endsWith("_pit")) {
    return { ...json({ error: `no handler found for uri [${request.path}]` }), status: 400 };
  }
  return request.method === "DELETE"
    ? json({ pits: [{ successful: true, pit_id: "os" }] })
    : json({ pit_id: "os", _shards: {}, creation_time: 1 });
}

test("searchWithFailover() opens and closes a point in time on OpenSearch for a client of Elasticsearch", async () => {
  const { read, backup } = reading(away, openSearch);
  const opened = await read(fakeRequest("POST /a/_pit?keep_alive=1m"));
  const sealed = fakeHandles.seal({ cluster: "backup", original: "os" });
  assert.deepEqual(JSON.parse(opened.body.toString()), { id: sealed });
  const closed = await read(fakeRequest("DELETE /_pit", JSON.stringify({ id: sealed })));
  assert.deepEqual(JSON.parse(closed.body.toString()), { succeeded: true, num_freed: 1 });
  assert.deepEqual(
    backup.requests.map((request) => `${lineOf(request)} ${textOf(request)}`),
    [
      "POST /a/_pit ",
      "POST /a/_search/point_in_time ",
      'DELETE /_pit {"id":"os"}',
      'DELETE /_search/point_in_time {"pit_id":["os"]}',
    ],
  );
});

test("searchWithFailover() opens and closes a point in time on Elasticsearch for a client of OpenSearch", async () => {
  const { read } = reading(away, ({ path, method }) => {
    if (path.includes("point_in_time")) return { ...json({ error: "Incorrect HTTP method" }), status: 405 };
    return method === "DELETE" ? json({ succeeded: true, num_freed: 3 }) : json({ id: "es" });
  });
  const opened = JSON.parse(
    (await read(fakeRequest("POST /a/_search/point_in_time?keep_alive=1m"))).body.toString(),
  );
  const sealed = fakeHandles.seal({ cluster: "backup", original: "es" });
  assert.equal(opened.pit_id, sealed);
  const body = JSON.stringify({ pit_id: [sealed] });
  const closed = await read(fakeRequest("DELETE /_search/point_in_time", body));
  assert.deepEqual(JSON.parse(closed.body.toString()), { pits: [{ successful: true, pit_id: sealed }] });
});

test("searchWithFailover() asks BACKUP for an answer that is not compressed, and compresses it for the client", async () => {
  const hits = (type: string) => `{"hits":{"hits":[{"_index":"a"${type},"_source":"${"x".repeat(2000)}"}]}}`;
  const { read, primary, backup } = reading(
    () => json(typed),
    ({ query = "" }) =>
      query.includes("min_compatible_shard_node")
        ? { ...json({ error: "contains unrecognized parameter: [min_compatible_shard_node]" }), status: 400 }
        : json(hits("")),
  );
  const headers = { "accept-encoding": "gzip" };
  primary.answer(() => ({ ...json(gzipSync(typed), { "content-encoding": "gzip" }) }));
  await read(fakeRequest("POST /a/_search", "{}", { headers }));
  primary.answer(away);
  const { body, headers: given } = await read(
    fakeRequest("POST /a/_search?min_compatible_shard_node=7.0.0", "{}", { headers }),
  );
  assert.equal(given["content-encoding"], "gzip");
  assert.ok(Buffer.isBuffer(body));
  assert.equal(gunzipSync(body).toString(), hits(',"_type":"_doc"'));
  for (const { headers: sent } of backup.requests) assert.equal(sent?.["accept-encoding"], undefined);
});

test("searchWithFailover() takes the types out of the body of _msearch and _mget where BACKUP knows none", async () => {
  const refusesTypes = (request: ClusterRequest): FakeAnswer =>
    /^\n?[^\n]*"_?types?":/.test(textOf(request))
      ? { ...json({ error: "key [types] is not supported in the metadata section" }), status: 400 }
      : json({ took: 1 });
  const { read, backup } = reading(away, refusesTypes);
  const asked = async (line: string, body: string) => {
    assert.equal((await read(fakeRequest(line, body))).status, 200, body);
    return textOf(backup.requests.at(-1));
  };
  const searches = '{"index":["a"],"types":[]}\n{"query":{"term":{"type":"x"}}}\n\n{}\n{"type":"_doc"}\n{}\n';
  assert.equal(
    await asked("POST /_msearch", searches),
    '{"index":["a"]}\n{"query":{"term":{"type":"x"}}}\n\n{}\n{}\n{}\n',
  );
  assert.equal(
    await asked(
      "POST /_mget",
      '{"docs":[{"_index":"a","_type":"_doc","_id":12345678901234567890},{"_id":"2"}]}',
    ),
    '{"docs":[{"_index":"a","_id":12345678901234567890},{"_id":"2"}]}',
  );
  assert.equal(await asked("POST /_msearch/template", '\n{"type":"x"}\n{"type":1}\n'), '\n{}\n{"type":1}\n');
  assert.equal((await read(fakeRequest("POST /_msearch", '{"types":'))).status, 400);
});

test("searchWithFailover() gives a document that BACKUP has not the type that PRIMARY's answer has", async () => {
  const { read, primary } = reading(
    () => json(typed),
    () => ({ ...json('{"_index":"a","_id":"9","found":false}'), status: 404 }),
  );
  await read(fakeRequest("POST /a/_search", "{}"));
  primary.answer(away);
  const { status, body } = await read(fakeRequest("GET /a/_doc/9"));
  assert.equal(status, 404);
  assert.equal(body.toString(), '{"_index":"a","_type":"_doc","_id":"9","found":false}');
});

test("searchWithFailover() leaves out include_type_name=false, which asks for what BACKUP answers anyway", async () => {
  const refuses = ({ query = "" }: ClusterRequest): FakeAnswer =>
    query.includes("include_type_name")
      ? { ...json({ error: "contains unrecognized parameter: [include_type_name]" }), status: 400 }
      : json({});
  const { read } = reading(away, refuses);
  assert.equal((await read(fakeRequest("GET /a?include_type_name=false"))).status, 200);
  assert.equal((await read(fakeRequest("GET /a/_mapping?include_type_name=true"))).status, 400);
});
