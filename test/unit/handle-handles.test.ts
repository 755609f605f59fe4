import assert from "node:assert/strict";
import { test } from "node:test";
import { handleUse } from "../../functions/core/handle/handle-use.ts";
import { createHandles } from "../../functions/core/handle/handles.ts";

const identities = { primary: "p:9200", backup: "b:9200" };
const handles = createHandles({ key: "secret", identities });
const original = "FGluY2x1ZGVfY29udGV4dF91dWlkDnF1ZXJ5VGhlbkZldGNoAhZjMkg3+/==";

test("createHandles() opens what it sealed, for each cluster, and gives the same for the same", () => {
  for (const cluster of ["primary", "backup"] as const) {
    const sealed = handles.seal({ cluster, original });
    assert.notEqual(sealed, original);
    assert.deepEqual(handles.open(sealed), { cluster, original });
    assert.equal(handles.seal({ cluster, original }), sealed);
  }
});

test("createHandles() opens nothing that it did not seal", () => {
  const sealed = handles.seal({ cluster: "primary", original });
  const strange = [
    "",
    original,
    "garbage",
    `${sealed}x`,
    sealed.slice(0, -1),
    sealed.replace("_primary_", "_backup_"),
    sealed.replace(/_.{22}_/, `_${"A".repeat(22)}_`),
    createHandles({ key: "another", identities }).seal({ cluster: "primary", original }),
    // The clusters have changed places: what one gave is not to be had from the other.
    createHandles({ key: "secret", identities: { primary: "b:9200", backup: "p:9200" } }).seal({
      cluster: "primary",
      original,
    }),
  ];
  for (const text of strange) assert.equal(handles.open(text), undefined, text);
});

test("handleUse() tells what an endpoint does with handles, and whether it needs one", () => {
  const cases = [
    ["POST /books/_search", "perhaps", false],
    ["POST /_sql", "gives", false],
    ["POST /books/_pit", "gives", false],
    ["POST /_search/scroll", "gives", true],
    ["DELETE /_search/scroll", "free", true],
    ["POST /_sql/close", "gives", true],
    ["GET /_search/point_in_time/_all", "gives", false],
    ["DELETE /_search/point_in_time/_all", "free-all", false],
  ] as const;
  for (const [line, does, needsOne] of cases) {
    const [method = "", path = ""] = line.split(" ");
    const use = handleUse(method, path);
    assert.deepEqual([use?.does, use?.needsOne], [does, needsOne], line);
  }
});

test("handleUse() knows the endpoints of handles, with and without an index before them", () => {
  const known = [
    "POST /_search",
    "GET /a,b/_search",
    "GET /_search/scroll",
    "POST /_search/scroll/abc%2Fd==",
    "DELETE /_search/scroll/_all",
    "POST /books/_pit",
    "DELETE /_pit",
    "POST /books/_search/point_in_time",
    "DELETE /_search/point_in_time/_all",
    "GET /_async_search/status/x",
    "POST /_sql/close",
    "POST /_all/_msearch",
  ];
  for (const line of known) {
    const [method = "", path = ""] = line.split(" ");
    assert.ok(handleUse(method, path), line);
  }
  for (const line of [
    "GET /books/_doc/1",
    "POST /books/_count",
    "PUT /_search/pipeline/x",
    "GET /_tasks/n:1",
  ]) {
    const [method = "", path = ""] = line.split(" ");
    assert.equal(handleUse(method, path), undefined, line);
  }
});
