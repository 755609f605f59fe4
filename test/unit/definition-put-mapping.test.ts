import assert from "node:assert/strict";
import { test } from "node:test";
import { ClusterAnswerError } from "../../functions/core/cluster/json-request.ts";
import { putMapping } from "../../functions/core/definition/put-mapping.ts";
import { clusterError, fakeCluster, textOf } from "../support/fake-cluster.ts";

const target = { product: "opensearch", version: "2.19.1" } as const;

/** A BACKUP that refuses every mapping with one of these words in it, and what it took. */
function refusing(...words: readonly string[]) {
  const taken: Record<string, unknown>[] = [];
  const backup = fakeCluster("backup", (request) => {
    const word = words.find((each) => textOf(request).includes(each));
    if (word !== undefined) return clusterError(400, "mapper_parsing_exception", `no ${word}`);
    taken.push(JSON.parse(textOf(request)));
    return {};
  });
  const properties = () => Object.assign({}, ...taken.map((body) => body["properties"] ?? {}));
  return { backup, taken, properties };
}

const mapping = {
  _meta: { understudy: {} },
  dynamic: "strict",
  properties: {
    a: { type: "keyword" },
    b: { type: "odd" },
    c: { type: "text", analyzer: "absent", fields: { raw: { type: "keyword" } } },
    d: { type: "long" },
  },
};

test("putMapping() is one request where BACKUP takes the mapping", async () => {
  const { backup, taken } = refusing();
  assert.deepEqual(await putMapping(backup, "books", mapping, target), []);
  assert.deepEqual(taken, [mapping]);
});

test("putMapping() merges all that BACKUP takes when a field does not go, and makes that one stored only", async () => {
  const { backup, taken, properties } = refusing('"odd"');
  const lost = await putMapping(backup, "books", mapping, target);
  assert.deepEqual(properties(), { ...mapping.properties, b: { type: "object", enabled: false } });
  assert.ok(taken.some((body) => body["dynamic"] === "strict"));
  assert.deepEqual(
    lost.map(({ path }) => path),
    ["mappings/b"],
  );
  assert.match(lost[0]?.reason ?? "", /stored and not searched, because .*no "odd"/);
});

test("putMapping() keeps a field without its analyzer rather than not at all", async () => {
  const { backup, properties } = refusing("absent");
  const lost = await putMapping(backup, "books", mapping, target);
  assert.deepEqual(properties().c, { type: "text", fields: { raw: { type: "keyword" } } });
  assert.deepEqual(
    lost.map(({ path }) => path),
    ["mappings/c"],
  );
});

test("putMapping() reaches into objects: one field that does not go leaves its neighbours", async () => {
  const { backup, taken } = refusing('"odd"');
  const properties = { a: { type: "nested", properties: { b: { type: "odd" }, c: { type: "long" } } } };
  const lost = await putMapping(backup, "books", { properties }, target);
  const stored = { type: "object", enabled: false };
  const inside = (field: object) => ({ properties: { a: { type: "nested", properties: field } } });
  assert.deepEqual(
    taken.filter((body) => body["properties"] !== undefined),
    [inside({}), inside({ b: stored }), inside({ c: { type: "long" } })],
  );
  assert.deepEqual(
    lost.map(({ path }) => path),
    ["mappings/a.b"],
  );
});

test("putMapping() keeps a field's type alone where BACKUP does not take its parameters", async () => {
  const { backup, properties } = refusing("doc_values");
  const wildcard = { type: "wildcard", doc_values: false };
  const lost = await putMapping(backup, "books", { properties: { w: wildcard } }, target);
  assert.deepEqual(properties(), { w: { type: "wildcard" } });
  assert.match(lost[0]?.reason ?? "", /^it has nothing but its type, because/);
});

test("putMapping() names a field that BACKUP has as another type, and leaves it", async () => {
  const { backup, properties } = refusing('"b"');
  const lost = await putMapping(backup, "books", mapping, target);
  assert.deepEqual(Object.keys(properties()).sort(), ["a", "c", "d"]);
  assert.match(lost[0]?.reason ?? "", /^backup answered 400/);
});

test("putMapping() names a root member that BACKUP refuses", async () => {
  const { backup } = refusing("strict");
  const lost = await putMapping(backup, "books", mapping, target);
  assert.deepEqual(
    lost.map(({ path }) => path),
    ["mappings/dynamic"],
  );
});

test("putMapping() does not take an outage for a refusal", async () => {
  const backup = fakeCluster("backup", () => clusterError(503, "no_master"));
  await assert.rejects(putMapping(backup, "books", mapping, target), ClusterAnswerError);
});

test("putMapping() leaves types out on Elasticsearch 6", async () => {
  const { backup } = refusing();
  await putMapping(backup, "books", {}, { product: "elasticsearch", version: "6.8.23" });
  assert.equal(backup.requests[0]?.query, "include_type_name=false");
});
