import assert from "node:assert/strict";
import { test } from "node:test";
import { classify } from "../../functions/core/routing/classify.ts";
import { segment, segmentsOf } from "../../functions/core/routing/path.ts";

/** `METHOD path`: the endpoint in words. */
const table: Readonly<Record<string, string>> = {
  "GET /": "read",
  "HEAD /": "read",
  "GET /_search": "read",
  "POST /_search": "read",
  "POST /_search/": "read",
  "POST /_search/scroll": "use scroll",
  "POST /_search/template": "read",
  "POST /books/_search": "read",
  "POST /a,b*/_search": "read",
  "POST /books/_search/template": "read",
  "POST /books/type/_search": "read",
  "POST /books/type/_count": "read",
  "POST /_all/_search": "read",
  "POST /books/_doc/_search": "index books _search",
  "POST /books/_doc/_count": "index books _count",
  "POST /books/_msearch": "read",
  "POST /_msearch/template": "read",
  "POST /books/_count": "read",
  "POST /books/_mget": "read",
  "POST /books/_field_caps": "read",
  "POST /books/_validate/query": "read",
  "POST /books/_explain/1": "read",
  "POST /books/_termvectors/1": "read",
  "POST /books/_analyze": "read",
  "POST /_rank_eval": "read",
  "POST /books/_search_shards": "read",
  "POST /books/_terms_enum": "read",
  "GET /books/_doc/1": "read",
  "HEAD /books/_doc/1": "read",
  "GET /books/_bulk": "pass",
  "GET /nobody/knows": "pass",
  "GET /_cat/indices": "pass",
  "GET /_cat/count/books": "read",
  "GET /books/_mapping": "read",
  "GET /books/_stats": "pass",
  "GET /_index_template/t": "pass",
  "GET /_data_stream/logs": "pass",
  "POST /books/_doc/_bulk": "bulk-or-document books",
  "POST /_bulk/stream": "bulk",
  "POST /books/_pit": "open pit",
  "DELETE /_pit": "close pit",
  "POST /books/_search/point_in_time": "open pit",
  "DELETE /_search/point_in_time": "close pit",
  "GET /_search/point_in_time/_all": "list pit",
  "GET /_search/scroll": "use scroll",
  "POST /_search/scroll/abc": "use scroll",
  "DELETE /_search/scroll/abc": "close scroll",
  "POST /books/_async_search": "open async-search",
  "GET /_async_search/status/x": "use async-search",
  "DELETE /_plugins/_asynchronous_search/x": "close async-search",
  "GET /_plugins/_asynchronous_search/stats": "pass",
  "POST /_sql/close": "close sql-cursor",
  "GET /_sql/async/x": "use async-sql",
  "GET /_cluster/health": "pass",
  "GET /_nodes/stats": "pass",
  "GET /_tasks": "pass",
  "GET /_snapshot/repo": "pass",
  "GET /_security/user": "pass",
  "GET /_plugins/_security/api/roles": "pass",
  "HEAD /_cluster/state": "pass",

  "POST /_bulk": "bulk",
  "PUT /_bulk": "bulk",
  "POST /_bulk/": "bulk",
  "POST /books/_bulk": "bulk books",
  "PUT /b%C3%BCcher/_bulk": "bulk bücher",
  "POST /books/type/_bulk": "bulk books type",
  "POST /_bulk//": "bulk",
  "POST /books/_bulk///": "bulk books",
  "POST /_all/_bulk": "pass",
  "DELETE /_bulk": "pass",
  "POST /_bulk/more": "pass",

  "PUT /books/_doc/1": "index books 1",
  "POST /books/_doc/1": "index books 1",
  "PUT /books/_doc/1/": "index books 1",
  "PUT /books/_doc/1//": "index books 1",
  "PUT /_all/_doc/1": "pass",
  "PUT /books/_doc/a%2Fb": "index books a/b",
  "PUT /books/_doc/%20": "index books  ",
  "POST /books/_doc": "index books ?",
  "POST /books/_doc/": "index books ?",
  "PUT /books/_create/1": "create books 1",
  "POST /books/_create/1": "create books 1",
  "POST /books/_update/1": "update books 1",
  "DELETE /books/_doc/1": "delete books 1",
  "PUT /books/type/1": "index books 1",
  "POST /books/type": "index books ?",
  "PUT /books/type/1/_create": "create books 1",
  "POST /books/type/1/_update": "update books 1",
  "DELETE /books/type/1": "delete books 1",
  "PUT /books/_doc": "pass",
  "DELETE /books/_doc": "pass",
  "PUT /books/_update/1": "pass",
  "POST /books/_doc/1/more": "pass",
  "DELETE /books/_create/1": "pass",

  "PUT /books": "definition books",
  "DELETE /books": "definition books",
  "DELETE /a,b*": "definition a,b*",
  "DELETE /books//": "definition books",
  "DELETE /_all": "definition *",
  "DELETE /%5Fall": "definition *",
  "PUT /_all/_settings": "definition *",
  "PUT /_all/_mapping": "definition *",
  "POST /_all/_close": "definition *",
  "PUT /_alias/x": "definition *",
  "PUT /books/type/_mapping": "definition books",
  "PUT /books/_mapping": "definition books",
  "POST /books/_mapping": "definition books",
  "PUT /books/_settings": "definition books",
  "PUT /books/_alias/x": "definition books",
  "DELETE /books/_alias/x": "definition books",
  "POST /books/_close": "definition books",
  "POST /books/_open": "definition books",
  "PUT /books/_block/write": "definition books",
  "POST /_aliases": "definition *",
  "PUT /_settings": "definition *",
  "PUT /books/_shrink/small": "definition small",
  "POST /books/_split/large": "definition large",
  "PUT /books/_clone/twin": "definition twin",
  "POST /alias/_rollover": "definition *",
  "POST /alias/_rollover/next": "definition *",
  "POST /books": "pass",

  "POST /books/_update_by_query": "by-query books",
  "POST /a,b/_delete_by_query": "by-query a,b",
  "POST /_all/_delete_by_query": "by-query *",
  "POST /_all/_update_by_query/": "by-query *",
  "POST /books/type/_delete_by_query": "by-query books",
  "POST /_reindex": "by-query *",
  "POST /_reindex/task/_rethrottle": "pass",
  "POST /_snapshot/repo/snap/_restore": "by-query *",

  "PUT /_cluster/settings": "pass",
  "POST /_cluster/reroute": "pass",
  "PUT /_snapshot/repo/snap": "pass",
  "DELETE /_snapshot/repo/snap": "pass",
  "PUT /_security/user/x": "pass",
  "POST /_security/_authenticate": "pass",
  "PUT /_template/t": "template t",
  "DELETE /_index_template/t*": "index-template t*",
  "POST /_component_template/t": "component-template t",
  "PUT /_ingest/pipeline/p": "ingest-pipeline p",
  "PUT /_search/pipeline/p": "search-pipeline p",
  "PUT /_scripts/s": "script s",
  "POST /_scripts/s/score": "script s",
  "POST /_scripts/painless/_execute": "read",
  "PUT /_data_stream/logs": "definition logs",
  "DELETE /_data_stream/logs": "definition logs",
  "POST /_refresh": "pass",
  "POST /books/_refresh": "pass",
  "POST /books/_flush": "pass",
  "POST /books/_forcemerge": "pass",
  "POST /books/_cache/clear": "pass",
  "DELETE /_search/scroll": "close scroll",
  "OPTIONS /books": "pass",
  "PUT /": "pass",
  "POST /books/_doc/%": "pass",
  "GET /%zz": "pass",
};

function inWords(method: string, path: string): string {
  const endpoint = classify(method, path);
  switch (endpoint.kind) {
    case "bulk":
      return ["bulk", endpoint.index, endpoint.type].filter((part) => part !== undefined).join(" ");
    case "bulk-or-document":
      return `${endpoint.kind} ${endpoint.index}`;
    case "document":
      return `${endpoint.target.action} ${endpoint.target.index} ${endpoint.target.id ?? "?"}`;
    case "definition":
    case "by-query":
      return `${endpoint.kind} ${endpoint.pattern}`;
    case "named-definition":
      return `${endpoint.of} ${endpoint.pattern}`;
    case "handle":
      return `${endpoint.does} ${endpoint.handles[0]?.handle}`;
    case "read":
    case "pass":
      return endpoint.kind;
  }
}

for (const [line, expected] of Object.entries(table)) {
  test(`classify() takes ${line} for ${expected}`, () => {
    const [method = "", path = ""] = line.split(" ");
    assert.equal(inWords(method, path), expected);
  });
}

test("classify() takes names of JavaScript's own for ordinary names", () => {
  assert.equal(inWords("PUT", "/constructor/_doc/__proto__"), "index constructor __proto__");
  assert.equal(inWords("POST", "/__proto__/_bulk"), "pass");
  assert.equal(inWords("POST", "/toString/_bulk"), "bulk toString");
});

test("segmentsOf() decodes segments; an encoded slash stays inside its own", () => {
  assert.deepEqual(segmentsOf("/"), []);
  assert.deepEqual(segmentsOf("/a%2Fb/c%20d/"), ["a/b", "c d"]);
  assert.deepEqual(segmentsOf("/a/b//"), ["a", "b"]);
  assert.deepEqual(segmentsOf("//"), []);
  assert.equal(segmentsOf("/%E0%A4%A"), undefined);
});

test("segment() escapes what a path segment may not have, and segmentsOf() gives it back", () => {
  for (const text of ["a/b", "..", "é漢😀", "!'()*", "<books-{now/d}>", "%2F", "a b?c#d"]) {
    const escaped = segment(text);
    assert.match(escaped, /^[A-Za-z0-9._~%-]+$/);
    assert.deepEqual(segmentsOf(`/${escaped}`), [text]);
  }
});
