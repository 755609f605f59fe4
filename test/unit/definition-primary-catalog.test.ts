import assert from "node:assert/strict";
import { test } from "node:test";
import { ClusterAnswerError } from "../../functions/core/cluster/json-request.ts";
import { ClusterError } from "../../functions/core/cluster/port.ts";
import { createPrimaryCatalog } from "../../functions/core/definition/primary-catalog.ts";
import { clusterError, fakeCluster, noAnswer } from "../support/fake-cluster.ts";

function described(uuid: string, more: Record<string, unknown> = {}, aliases?: unknown) {
  const settings = { index: { uuid, creation_date: "1700000000000", ...more } };
  return { body: { books: { ...(aliases !== undefined && { aliases }), settings } } };
}

function catalogOf(first = described("u1")) {
  let nowMs = 1000;
  const primary = fakeCluster("primary", () => first);
  const catalog = createPrimaryCatalog(primary, 5000, () => nowMs);
  return {
    primary,
    catalog,
    after: (ms: number) => {
      nowMs += ms;
    },
  };
}

test("describe() names the incarnation", async () => {
  const { catalog, primary } = catalogOf();
  assert.deepEqual(await catalog.describe("books"), {
    incarnation: { index: "books", uuid: "u1", createdMs: 1_700_000_000_000 },
    hasPipeline: false,
    aliasRouting: new Map(),
  });
  assert.equal(primary.requests[0]?.path, "/books");
});

test("describe() sees a default or a final pipeline, and `_none` as none", async () => {
  for (const [settings, hasPipeline] of [
    [{ default_pipeline: "p" }, true],
    [{ final_pipeline: "p" }, true],
    [{ default_pipeline: "_none", final_pipeline: "_none" }, false],
  ] as const) {
    const { catalog } = catalogOf(described("u1", settings));
    assert.equal((await catalog.describe("books"))?.hasPipeline, hasPipeline);
  }
});

test("describe() knows the routing that an alias adds to writes", async () => {
  const { catalog } = catalogOf(described("u1", {}, { a: { index_routing: "7" }, b: {} }));
  assert.deepEqual((await catalog.describe("books"))?.aliasRouting, new Map([["a", "7"]]));
});

test("describe() asks once for all who ask at the same time, and once for as long as an entry lives", async () => {
  const { catalog, primary, after } = catalogOf();
  await Promise.all([1, 2, 3].map(() => catalog.describe("books")));
  after(4999);
  await catalog.describe("books");
  assert.equal(primary.requests.length, 1);
  after(1);
  primary.answer(() => described("u2"));
  assert.equal((await catalog.describe("books"))?.incarnation.uuid, "u2");
  assert.equal(primary.requests.length, 2);
});

test("forget() and forgetAll() make the next describe() ask again", async () => {
  const { catalog, primary } = catalogOf();
  await catalog.describe("books");
  primary.answer(() => described("u2"));
  catalog.forget("other");
  assert.equal((await catalog.describe("books"))?.incarnation.uuid, "u1");
  catalog.forget("books");
  assert.equal((await catalog.describe("books"))?.incarnation.uuid, "u2");
  primary.answer(() => described("u3"));
  catalog.forgetAll();
  assert.equal((await catalog.describe("books"))?.incarnation.uuid, "u3");
});

test("forget() while a request is under way: its late answer is not kept", async () => {
  const { catalog, primary } = catalogOf();
  const release: (() => void)[] = [];
  primary.answer(() => new Promise((done) => release.push(() => done(described("old")))));
  const first = catalog.describe("books");
  catalog.forget("books");
  primary.answer(() => described("new"));
  assert.equal((await catalog.describe("books"))?.incarnation.uuid, "new");
  for (const each of release) each();
  assert.equal((await first)?.incarnation.uuid, "old");
  assert.equal((await catalog.describe("books"))?.incarnation.uuid, "new");
  assert.equal(primary.requests.length, 2);
});

test("describe() keeps neither a failure nor an index's absence", async () => {
  const { catalog, primary } = catalogOf();
  primary.answer(noAnswer("primary", "refused"));
  await assert.rejects(catalog.describe("books"), ClusterError);
  primary.answer(() => clusterError(503, "no_master_exception"));
  await assert.rejects(catalog.describe("books"), ClusterAnswerError);
  primary.answer(() => clusterError(404, "index_not_found_exception"));
  assert.equal(await catalog.describe("books"), undefined);
  primary.answer(() => described("u1"));
  assert.equal((await catalog.describe("books"))?.incarnation.uuid, "u1");
});

test("describe() refuses an answer that is not what the API promises", async () => {
  const { catalog, primary } = catalogOf();
  primary.answer(() => ({ body: { books: { settings: { index: { uuid: 7 } } } } }));
  await assert.rejects(catalog.describe("books"), ClusterError);
  primary.answer(() => ({ body: "<html>" }));
  await assert.rejects(catalog.describe("books"), ClusterError);
});

test("describe() escapes the index's name in the path", async () => {
  const { catalog, primary } = catalogOf();
  await catalog.describe("<a/b-{now/d}>");
  assert.equal(primary.requests[0]?.path, "/%3Ca%2Fb-%7Bnow%2Fd%7D%3E");
});
