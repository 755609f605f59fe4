import assert from "node:assert/strict";
import { test } from "node:test";
import { deflateSync, gzipSync } from "node:zlib";
import { sameAnswer } from "../clusters/twin-requests.ts";
import { bulk, type Call, send } from "../support/client.ts";
import { compareClusters } from "../support/comparison.ts";
import { useGateway } from "../support/gateway.ts";
import { usePair } from "../support/servers.ts";

// PRIMARY's answer through the gateway is PRIMARY's own answer to the same request; then both clusters are equal.

const pair = await usePair();
const { skip } = pair;
const gateway = skip
  ? undefined
  : await useGateway(pair, { WRITE_TIMEOUT_SECONDS: "9", INTENT_AGE_SECONDS: "10" });

function twins() {
  assert.ok(gateway);
  return { direct: pair.primary.endpoint, gateway: gateway.endpoint };
}

/** All are sent, whatever differs: one run shows every difference. Gives the gateway's statuses. */
async function bothSame(...calls: readonly Call[]): Promise<readonly number[]> {
  const differences: string[] = [];
  const statuses: number[] = [];
  for (const call of calls) {
    try {
      statuses.push((await sameAnswer(twins(), call)).status);
    } catch (error) {
      differences.push(String(error));
    }
  }
  assert.deepEqual(differences, []);
  return statuses;
}

async function clustersEqual(documentsLeast: number): Promise<void> {
  await gateway?.settled();
  const { primary, backup } = pair;
  const { documents, differences } = await compareClusters(primary.endpoint, backup.endpoint, {
    prefix: "via",
  });
  assert.deepEqual(differences, []);
  assert.ok(documents >= documentsLeast, `${documents} documents were compared`);
}

const put = (path: string, body?: unknown): Call => ({ method: "PUT", path, body });
const post = (path: string, body?: unknown): Call => ({ method: "POST", path, body });
const del = (path: string): Call => ({ method: "DELETE", path });
const get = (path: string): Call => ({ path });
const head = (path: string): Call => ({ method: "HEAD", path });

test("gateway: a bulk's answer is PRIMARY's, for every form of action", { skip }, async () => {
  const statuses = await bothSame(
    put("/IDX-bulk", {
      mappings: { properties: { n: { type: "long" }, raw: { type: "object", enabled: false } } },
    }),
    put("/IDX-alias-1", { aliases: { "IDX-alias": { routing: "r1" } } }),
    post(
      "/_bulk",
      bulk(
        { index: { _index: "IDX-bulk", _id: "1" } },
        '{"n":9007199254740993, "raw":{"big":123456789012345678901234567890,"dup":1,"e":1.50e2},"f":1.0}',
        { create: { _index: "IDX-bulk", _id: "2", routing: "a" } },
        { n: 2 },
        { create: { _index: "IDX-bulk", _id: "2", routing: "a" } },
        { n: 3 },
        { update: { _index: "IDX-bulk", _id: "1" } },
        { doc: { f: 2 } },
        { update: { _index: "IDX-bulk", _id: "1", _source: true } },
        '{"doc":{"g":9007199254740995}}',
        { update: { _index: "IDX-bulk", _id: "1" } },
        { doc: { f: 2 }, _source: ["f"] },
        { update: { _index: "IDX-bulk", _id: "1", retry_on_conflict: 2 } },
        { doc: { h: [1, { i: "x" }] } },
        { update: { _index: "IDX-bulk", _id: "none" } },
        { doc: { f: 2 } },
        { update: { _index: "IDX-bulk", _id: "3" } },
        { doc: { f: 3 }, doc_as_upsert: true },
        { update: { _index: "IDX-bulk", _id: "4", routing: "b" } },
        { doc: { f: 3 }, upsert: { f: 4 } },
        { update: { _index: "IDX-bulk", _id: "1" } },
        { doc: { f: 2 }, detect_noop: false },
        { delete: { _index: "IDX-bulk", _id: "2", routing: "a" } },
        { delete: { _index: "IDX-bulk", _id: "none" } },
        { index: { _index: "IDX-bulk", _id: "5", version: 7, version_type: "external" } },
        { n: 5 },
        { index: { _index: "IDX-bulk", _id: "5", version: 7, version_type: "external" } },
        { n: 6 },
        { index: { _index: "IDX-bulk", _id: "5", version: "7", version_type: "external_gte" } },
        { n: 7 },
        { index: { _index: "IDX-bulk", _id: "1", if_seq_no: 99, if_primary_term: 1 } },
        { n: 8 },
        { index: { _index: "IDX-bulk", _id: "6", op_type: "create" } },
        { n: 6 },
        { index: { _index: "IDX-bulk", _id: "7" } },
        { n: "not a number" },
        { index: { _index: "IDX-Upper", _id: "7" } },
        {},
        { index: { _index: "IDX-alias", _id: "8" } },
        { n: 8 },
        { index: { _index: "IDX-bulk", _id: "9", require_alias: true } },
        { n: 9 },
        { index: { _index: "IDX-bulk" } },
        { n: 10 },
        { create: { _index: "IDX-bulk" } },
        { n: 11 },
        { index: { _index: "IDX-bulk", _id: "" } },
        { n: 12 },
        { index: { _index: "IDX-bulk", _id: null } },
        { n: 13 },
        { index: { _index: "IDX-bulk", _id: 14 } },
        { n: 14 },
        { index: { _index: "IDX-bulk", _id: "15", pipeline: "_none" } },
        '{"n":15,"n2":"\\u00e9é","nested":{"__proto__":{"x":1},"constructor":2}}',
        { index: { _index: "IDX-bulk", _id: "16", pipeline: "not-there" } },
        { n: 16 },
        { index: { _index: "IDX-bulk", _id: "17", _type: "_doc" } },
        { n: 17 },
        { index: { _index: "IDX-bulk", _id: "18", _type: "other" } },
        { n: 18 },
      ),
    ),
  );
  assert.deepEqual(statuses, [200, 200, 200]);
  await clustersEqual(10);
});

test("gateway: a bulk's answer is PRIMARY's, for every parameter", { skip }, async () => {
  const lines = bulk(
    { index: { _id: "1" } },
    { n: 1 },
    { update: { _id: "1" } },
    { doc: { m: 2 } },
    { delete: { _id: "nothing" } },
  );
  const queries = [
    "",
    "?pretty",
    "?pretty=false",
    "?human",
    "?refresh",
    "?refresh=wait_for",
    "?refresh=false",
    "?filter_path=took,errors",
    "?filter_path=items.*.error",
    "?filter_path=items.*._id,items.*.status",
    "?filter_path=-items",
    "?filter_path=items.update.get._source",
    "?filter_path=**.status",
    "?filter_path=nothing",
    "?routing=r",
    "?_source=true",
    "?_source=m",
    "?_source_includes=n",
    "?_source_excludes=n",
    "?timeout=30s",
    "?wait_for_active_shards=1",
    "?wait_for_active_shards=9&timeout=1ms",
    "?pipeline=_none",
    "?require_alias=true",
    "?require_alias=false",
    "?error_trace=true",
    "?unknown_parameter=1",
    "?refresh=perhaps",
    "?type=_doc",
    "?format=json",
  ];
  await bothSame(...queries.map((query) => post(`/IDX-query/_bulk${query}`, lines)));
  await bothSame(
    post("/IDX-query/_doc/_bulk", lines),
    put("/IDX-query/_bulk", lines),
    { ...post("/IDX-query/_bulk", lines), headers: { "content-type": "application/json" } },
    {
      ...post("/IDX-query/_bulk", lines),
      headers: { "content-type": "application/x-ndjson; charset=utf-8" },
    },
    { ...post("/IDX-query/_bulk", lines), headers: { "x-opaque-id": "mine" } },
    { ...post("/IDX-query/_bulk", lines.replaceAll("\n", "\r\n")) },
    { ...post("/IDX-query/_bulk", lines.replace('\n{"update', '\n\n\n{"update')) },
    { ...post("/IDX-query/_bulk", `\ufeff${lines}`) },
  );
  await clustersEqual(2);
});

test("gateway: a single write's answer is PRIMARY's", { skip }, async () => {
  await bothSame(
    put("/IDX-single/_doc/1", '{"n":9007199254740993,"f":1.50}'),
    put("/IDX-single/_doc/1?refresh=wait_for", { n: 2 }),
    put("/IDX-single/_doc/1?pretty", { n: 3 }),
    put("/IDX-single/_doc/1?filter_path=result,_shards.failed", { n: 4 }),
    put("/IDX-single/_create/1", { n: 5 }),
    put("/IDX-single/_create/2", { n: 5 }),
    post("/IDX-single/_create/3", { n: 5 }),
    put("/IDX-single/_doc/4?op_type=create", { n: 5 }),
    put("/IDX-single/_doc/4?op_type=create", { n: 5 }),
    put("/IDX-single/_doc/5?routing=r&refresh", { n: 5 }),
    put("/IDX-single/_doc/6?version=5&version_type=external", { n: 5 }),
    put("/IDX-single/_doc/6?version=5&version_type=external", { n: 6 }),
    put("/IDX-single/_doc/6?version=6&version_type=external", { n: 6 }),
    put("/IDX-single/_doc/1?if_seq_no=0&if_primary_term=1", { n: 6 }),
    put("/IDX-single/_doc/7", "{not json"),
    put("/IDX-single/_doc/7"),
    put("/IDX-single/_doc/7", "[1]"),
    put("/IDX-single/_doc/7?require_alias=true", { n: 7 }),
    put("/IDX-single/_doc/7?pipeline=not-there", { n: 7 }),
    put("/IDX-single/_doc/7?pipeline=_none", { n: 7 }),
    post("/IDX-single/_doc", { n: 8 }),
    post("/IDX-single/_doc?refresh=true&routing=q", { n: 8 }),
    post("/IDX-single/_doc?op_type=create", { n: 8 }),
    post("/IDX-single/_doc?version=3&version_type=external", { n: 8 }),
    post("/IDX-single/_update/1", { doc: { m: 1 } }),
    post("/IDX-single/_update/1", { doc: { m: 1 } }),
    post("/IDX-single/_update/1", { doc: { m: 2 }, _source: true }),
    post("/IDX-single/_update/1?_source=m", { doc: { m: 3 } }),
    post("/IDX-single/_update/1?_source_excludes=m&pretty", { doc: { m: 4 } }),
    post("/IDX-single/_update/1?filter_path=get", { doc: { m: 5 }, _source: ["m"] }),
    post("/IDX-single/_update/9", { doc: { m: 1 } }),
    post("/IDX-single/_update/9", { doc: { m: 1 }, doc_as_upsert: true }),
    post("/IDX-single/_update/10?routing=r", { doc: { m: 1 }, upsert: { u: 1 } }),
    post("/IDX-single/_update/1", { script: { source: "ctx._source.m = 1" } }),
    post("/IDX-single/_update/1", "{not json"),
    post("/IDX-single/_update/1", {}),
    post("/IDX-single/_doc/1/_update", { doc: { old: 1 } }),
    put("/IDX-typed/thing/1", { n: 1 }),
    post("/IDX-typed/thing/1/_update", { doc: { m: 1 } }),
    post("/IDX-typed/thing", { n: 2 }),
    del("/IDX-typed/thing/1"),
    del("/IDX-single/_doc/2"),
    del("/IDX-single/_doc/2?refresh=wait_for"),
    del("/IDX-single/_doc/5"),
    del("/IDX-single/_doc/5?routing=r&pretty"),
    del("/IDX-single/_doc/3?if_seq_no=99&if_primary_term=1"),
    del("/IDX-single/_doc/6?version=9&version_type=external"),
    del("/IDX-gone/_doc/1"),
    del("/IDX-Upper/_doc/1"),
    post("/IDX-single/_doc/1/_nothing", {}),
    put("/IDX-single/_doc", {}),
  );
  await clustersEqual(9);
});

test("gateway: ids and names of every kind are the same on both clusters", { skip }, async () => {
  const ids = [
    "a/b",
    "a?b",
    "a#b",
    "100%",
    "a+b",
    "a b",
    "Zürich/東京",
    "🙂",
    "..",
    "%2F",
    "a%20b",
    '"',
    "\\",
    "_x",
  ];
  for (const id of ids) {
    const at = `/IDX-ids/_doc/${encodeURIComponent(id)}`;
    if (id !== ".." && id !== "\\") await bothSame(put(at, { id }), get(at));
    await bothSame(post("/IDX-ids/_bulk", bulk({ index: { _id: `bulk ${id}`, routing: id } }, { id })));
  }
  const long = "x".repeat(512);
  await bothSame(
    put("/IDX-ids/_doc/a+b", { plus: true }),
    put(`/IDX-ids/_doc/${long}`, { n: 512 }),
    put(`/IDX-ids/_doc/${long}x`, { n: 513 }),
    put("/%3CIDX-date-%7Bnow%2Fd%7D%3E/_doc/1?refresh=true", { n: 1 }),
    post("/_bulk", bulk({ index: { _index: "<IDX-date-{now/d{yyyy.MM}}>", _id: "2" } }, { n: 2 })),
    get("/%3CIDX-date-%7Bnow%2Fd%7D%3E/_search"),
  );
  await clustersEqual(30);
});

test("gateway: twins under two routings stay two documents, and aliases route", { skip }, async () => {
  await bothSame(
    put("/IDX-twins", {
      settings: { number_of_shards: 5 },
      aliases: { "IDX-routed": { routing: "c" }, "IDX-write": { is_write_index: true } },
    }),
    post(
      "/IDX-twins/_bulk",
      bulk(
        ...["a", "b", "c", "d", "e"].flatMap((routing) =>
          Array.from({ length: 4 }, (_, i) => [{ index: { _id: `t${i}`, routing } }, { routing, i }]).flat(),
        ),
        { delete: { _id: "t1", routing: "b" } },
        { update: { _id: "t2", routing: "d" } },
        '{"doc":{"updated":9007199254740997}}',
      ),
    ),
    put("/IDX-routed/_doc/t9", { through: "alias" }),
    post("/_bulk", bulk({ index: { _index: "IDX-routed", _id: "t8" } }, { through: "alias" })),
    post("/IDX-routed/_update/t8", { doc: { updated: true } }),
    put("/IDX-write/_doc/t7", { through: "write alias" }),
    del("/IDX-routed/_doc/t0"),
    get("/IDX-twins/_doc/t2?routing=a"),
  );
  await clustersEqual(40);
});

test("gateway: a read's answer is PRIMARY's", { skip }, async () => {
  await bothSame(
    put("/IDX-read/_doc/1?refresh", '{"n":9007199254740993,"t":"some text"}'),
    get("/IDX-read/_doc/1"),
    get("/IDX-read/_doc/1?pretty"),
    get("/IDX-read/_doc/1?format=yaml"),
    get("/IDX-read/_doc/1?filter_path=_source"),
    get("/IDX-read/_source/1"),
    get("/IDX-read/_doc/none"),
    get("/IDX-none/_doc/1"),
    get("/IDX-none/_search"),
    get("/IDX-none/_search?format=yaml"),
    head("/IDX-read"),
    head("/IDX-none"),
    head("/IDX-read/_doc/1"),
    head("/IDX-read/_doc/2"),
    get("/IDX-read/_search?q=t:text&pretty"),
    get("/IDX-read/_search?format=yaml"),
    get("/IDX-read/_search?filter_path=hits.hits._source"),
    get("/IDX-read/_search?q=broken:["),
    get("/IDX-read/_search?size=-1"),
    post("/IDX-read/_search", { query: { match: { t: "some" } }, aggs: { n: { max: { field: "n" } } } }),
    post("/IDX-read/_search", { query: { nothing: {} } }),
    post("/IDX-read/_search", "{broken"),
    post("/IDX-read/_search?typed_keys&rest_total_hits_as_int=true", { size: 0 }),
    post("/_msearch", bulk({ index: "IDX-read" }, { size: 1 }, { index: "IDX-none" }, {})),
    post("/_mget", {
      docs: [
        { _index: "IDX-read", _id: "1" },
        { _index: "IDX-none", _id: "1" },
      ],
    }),
    post("/IDX-read/_mget", { ids: ["1", "2"] }),
    post("/IDX-read/_count", { query: { match_all: {} } }),
    get("/IDX-read/_mapping"),
    get("/IDX-read/_alias"),
    get("/IDX-read/_field_caps?fields=*"),
    get("/_cat/indices/IDX-read?h=index,docs.count"),
    get("/_cat/indices/IDX-read?v&h=index&format=yaml"),
    post("/IDX-read/_analyze", { text: "some text" }),
    get("/IDX-read/_explain/1?q=t:text"),
    get("/"),
    get("/_nothing"),
    { ...get("/IDX-read/_search"), headers: { "accept-encoding": "gzip" } },
    { ...get("/IDX-read/_doc/1"), headers: { accept: "application/yaml" } },
    { ...get("/IDX-read/_doc/1"), headers: { accept: "application/cbor" } },
    { ...get("/IDX-read/_search"), method: "GET", body: { query: { match_all: {} } } },
    { method: "OPTIONS", path: "/IDX-read" },
    { method: "PATCH", path: "/IDX-read/_doc/1" },
    { method: "POST", path: "/IDX-read/_refresh" },
    { method: "POST", path: "/IDX-read/_forcemerge?max_num_segments=1" },
  );
});

test("gateway: an encoded body writes the same", { skip }, async () => {
  const lines = bulk({ index: { _id: "1" } }, { n: 1 }, { update: { _id: "1" } }, { doc: { m: 1 } });
  const encoded = (path: string, encoding: string, body: Buffer): Call => ({
    ...post(path, body),
    headers: { "content-encoding": encoding, "content-type": "application/json" },
  });
  await bothSame(
    encoded("/IDX-gzip/_bulk", "gzip", gzipSync(lines)),
    encoded("/IDX-gzip/_bulk", "deflate", deflateSync(lines)),
    encoded("/IDX-gzip/_doc/2", "gzip", gzipSync('{"n":2}')),
    encoded("/IDX-gzip/_update/2", "gzip", gzipSync('{"doc":{"m":2}}')),
    encoded("/IDX-gzip/_search", "gzip", gzipSync('{"size":1}')),
  );
  await clustersEqual(2);
});

test("gateway: a document write is answered in JSON, not encoded, whatever is accepted", {
  skip,
}, async () => {
  const { direct, gateway: endpoint } = twins();
  const call = post("/via-json/_bulk", bulk({ index: { _id: "1" } }, { n: 1 }));
  const own = (await send(direct, post("/own-json/_bulk", call.body))).headers["content-type"];
  const forms = [
    { ...call, path: "/via-json/_bulk?format=yaml" },
    { ...call, headers: { "content-type": "application/json", accept: "application/yaml" } },
    { ...call, headers: { "content-type": "application/json", "accept-encoding": "gzip" } },
  ];
  for (const form of forms) {
    const { status, headers, json } = await send(endpoint, form);
    assert.deepEqual([status, headers["content-type"], headers["content-encoding"]], [200, own, undefined]);
    assert.ok(json());
  }
  await clustersEqual(1);
});

test("gateway: a filtered pretty answer ends as PRIMARY's does", {
  skip,
}, async () => {
  await bothSame(
    post("/IDX-pretty/_bulk?pretty&filter_path=items.*.result", bulk({ index: { _id: "1" } }, { n: 1 })),
  );
});

test("gateway: a pipeline that does not exist is PRIMARY's to refuse", { skip }, async () => {
  await bothSame(
    put("/IDX-pipe", { settings: { default_pipeline: "not-there" } }),
    put("/IDX-pipe/_doc/1", { n: 1 }),
    put("/IDX-pipe/_doc/1?pipeline=_none", { n: 1 }),
    post("/IDX-pipe/_update/1", { doc: { m: 1 } }),
    post(
      "/IDX-pipe/_bulk",
      bulk(
        { index: { _id: "2" } },
        { n: 2 },
        { index: { _id: "3", pipeline: "_none" } },
        { n: 3 },
        { delete: { _id: "9" } },
      ),
    ),
    post("/IDX-pipe/_bulk?pipeline=_none", bulk({ create: { _id: "4" } }, { n: 4 }, { index: {} }, { n: 5 })),
  );
  await clustersEqual(4);
  const held = await send(pair.backup.endpoint, { path: "/via-pipe/_settings" });
  assert.doesNotMatch(held.text, /default_pipeline/);
});

test("gateway: an update keeps the routing that the document has", {
  skip,
}, async () => {
  // On one shard a document with a routing is found without it; PRIMARY keeps the stored one.
  await bothSame(
    put("/IDX-kept/_doc/1?routing=a", { n: 1 }),
    post("/IDX-kept/_update/1", { doc: { m: 1 } }),
    post("/IDX-kept/_bulk", bulk({ update: { _id: "1", routing: "b" } }, { doc: { m: 2 } })),
  );
  await clustersEqual(1);
});
