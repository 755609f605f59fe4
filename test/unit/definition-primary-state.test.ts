import assert from "node:assert/strict";
import { test } from "node:test";
import { ClusterAnswerError } from "../../functions/core/cluster/json-request.ts";
import { ClusterError } from "../../functions/core/cluster/port.ts";
import { readPrimaryState } from "../../functions/core/definition/primary-state.ts";
import { clusterError, type FakeAnswer, fakeCluster, noAnswer } from "../support/fake-cluster.ts";

const statePath = "/_cluster/state/metadata,blocks/";

function stateOf(uuid: string, more: object = {}) {
  const index = { uuid, creation_date: "1700000000000", number_of_shards: "2", routing_partition_size: "3" };
  const primary_terms = { "0": 4, "1": 5 };
  return { mapping_version: 7, routing_num_shards: 1024, primary_terms, settings: { index }, ...more };
}

function primaryWith(indices: object, blocks?: object) {
  return fakeCluster("primary", () => ({
    body: { cluster_name: "c", ...(blocks && { blocks }), metadata: { indices } },
  }));
}

test("readPrimaryState() asks for the named indices' metadata and for the blocks, closed indices included", async () => {
  const primary = primaryWith({});
  await readPrimaryState(primary, ["a/b", "c"]);
  assert.equal(primary.requests.length, 1);
  const [request] = primary.requests;
  assert.equal(request?.path, `${statePath}a%2Fb,c`);
  const query = new URLSearchParams(request?.query);
  const filter = query.get("filter_path")?.split(",");
  assert.ok(filter?.includes("blocks.global"));
  assert.ok(filter?.includes("metadata.indices.*.settings.index.uuid"));
  assert.equal(query.get("expand_wildcards"), "open,closed");
  assert.equal(query.get("ignore_unavailable"), "true");
});

test("readPrimaryState() gives each index's incarnation, layout, mapping version and terms", async () => {
  const states = await readPrimaryState(primaryWith({ books: stateOf("u1") }), ["books"]);
  assert.deepEqual(states.get("books"), {
    incarnation: { index: "books", uuid: "u1", createdMs: 1_700_000_000_000 },
    layout: { shards: 2, routingShards: 1024, partitionSize: 3 },
    mappingVersion: 7,
    terms: { "0": 4, "1": 5 },
  });
});

test("readPrimaryState() reads the state of a server that says less", async () => {
  const index = { uuid: "u1", creation_date: "1", number_of_shards: "5" };
  const states = await readPrimaryState(primaryWith({ books: { settings: { index } } }), ["books"]);
  assert.deepEqual(states.get("books"), {
    incarnation: { index: "books", uuid: "u1", createdMs: 1 },
    layout: { shards: 5, routingShards: 5, partitionSize: 1 },
    mappingVersion: 0,
    terms: {},
  });
});

test("readPrimaryState() has nothing of an index that PRIMARY does not have", async () => {
  const answers: readonly FakeAnswer[] = [
    { body: { cluster_name: "c" } },
    { body: { cluster_name: "c", metadata: {} } },
    { body: { cluster_name: "c", metadata: { indices: { other: stateOf("u2") } } } },
    clusterError(404, "index_not_found_exception"),
  ];
  for (const answer of answers) {
    const states = await readPrimaryState(
      fakeCluster("primary", () => answer),
      ["books"],
    );
    assert.equal(states.has("books"), false);
  }
});

test("readPrimaryState() does not believe what is no cluster's answer: a proxy's 404, another server's JSON", async () => {
  const answers: readonly FakeAnswer[] = [
    { status: 404, body: "<html>404 Not Found</html>" },
    { status: 404, body: "404 page not found\n" },
    { status: 404, body: "" },
    { status: 404, body: { message: "no Route matched with those values" } },
    { status: 404, body: { timestamp: "t", status: 404, error: "Not Found", path: "/" } },
    { status: 200, body: {} },
    { status: 200, body: { status: "ok" } },
    { status: 200, body: "ok" },
  ];
  for (const answer of answers) {
    const primary = fakeCluster("primary", () => answer);
    await assert.rejects(readPrimaryState(primary, ["books"]), ClusterError, JSON.stringify(answer));
  }
});

for (const [id, what] of [
  ["1", "has not recovered its state"],
  ["2", "has no elected master"],
] as const) {
  test(`readPrimaryState() throws while PRIMARY ${what}: knowing no index is not having none`, async () => {
    for (const indices of [{}, { books: stateOf("u1") }]) {
      const primary = primaryWith(indices, { global: { [id]: { description: what } } });
      await assert.rejects(readPrimaryState(primary, ["books"]), ClusterError);
    }
    const bare = fakeCluster("primary", () => ({
      body: { cluster_name: "c", blocks: { global: { [id]: {} } } },
    }));
    await assert.rejects(readPrimaryState(bare, ["books"]), ClusterError);
  });
}

test("readPrimaryState() takes a cluster that is only read-only, or blocks one index, at its word", async () => {
  for (const blocks of [
    {},
    { global: {} },
    { global: { "6": { description: "cluster read-only (api)" } } },
    { global: { "12": {} }, indices: { other: { "1": {}, "2": {} } } },
  ]) {
    const states = await readPrimaryState(primaryWith({ books: stateOf("u1") }, blocks), ["books"]);
    assert.equal(states.get("books")?.incarnation.uuid, "u1");
  }
});

/** PRIMARY has all of these; its request line holds 4 KiB, `GET`, the query and the protocol included. */
function primaryOf(names: readonly string[]) {
  return fakeCluster("primary", ({ path, query = "" }) => {
    if (path.length + query.length > 4096 - 20) return clusterError(400, "too_long_http_line_exception");
    const asked = path.slice(statePath.length).split(",").map(decodeURIComponent);
    const known = asked.filter((name) => names.includes(name));
    return {
      body: {
        cluster_name: "c",
        metadata: { indices: Object.fromEntries(known.map((n) => [n, stateOf(`uuid ${n}`)])) },
      },
    };
  });
}

test("readPrimaryState() asks for many names in requests that a server's request line holds", async () => {
  for (const [count, name] of [
    [400, "logs-application-2026.11."],
    [20, "日本語".repeat(20)],
    [40, "x".repeat(250)],
    [1, "y".repeat(255)],
  ] as const) {
    const names = Array.from({ length: count }, (_, i) => `${name}${i}`);
    const primary = primaryOf(names);
    const states = await readPrimaryState(primary, names);
    assert.deepEqual([...states.keys()].sort(), [...names].sort());
    for (const [index, { incarnation }] of states) assert.equal(incarnation.uuid, `uuid ${index}`);
    const asked = primary.requests.flatMap(({ path }) => path.slice(statePath.length).split(","));
    assert.equal(asked.length, count);
    assert.ok(primary.requests.length > 1 || count === 1);
  }
});

test("readPrimaryState() throws when one of several requests fails: half an answer says nothing", async () => {
  const names = Array.from({ length: 400 }, (_, i) => `logs-application-2026.11.${i}`);
  const primary = primaryOf(names);
  let asked = 0;
  primary.answer(() => (++asked === 2 ? clusterError(503, "no_master") : { body: { cluster_name: "c" } }));
  await assert.rejects(readPrimaryState(primary, names), ClusterAnswerError);
});

test("readPrimaryState() of no names asks nobody: no name would mean all of them", async () => {
  const primary = primaryWith({ books: stateOf("u1") });
  assert.equal((await readPrimaryState(primary, [])).size, 0);
  assert.equal(primary.requests.length, 0);
});

test("readPrimaryState() throws when PRIMARY gives no answer, an error, or something else", async () => {
  const read = (answer: Parameters<typeof fakeCluster>[1]) =>
    readPrimaryState(fakeCluster("primary", answer), ["books"]);
  await assert.rejects(read(noAnswer("primary", "timeout")), ClusterError);
  await assert.rejects(
    read(() => clusterError(403, "security_exception")),
    ClusterAnswerError,
  );
  await assert.rejects(
    read(() => ({ body: "<html>" })),
    ClusterError,
  );
  await assert.rejects(
    read(() => ({ body: { cluster_name: "c", metadata: { indices: { books: { settings: {} } } } } })),
    ClusterError,
  );
});

test("readPrimaryState() tells Elasticsearch 6's mappings apart by a fingerprint: it has no version of them", async () => {
  const index = { uuid: "u1", creation_date: "1", number_of_shards: "1" };
  const versions = [];
  for (const type of ["long", "keyword", "long"]) {
    const mappings = { thing: { properties: { a: { type } } } };
    const primary = primaryWith({ books: { settings: { index }, mappings } });
    primary.runs({ product: "elasticsearch", version: "6.8.23" });
    versions.push((await readPrimaryState(primary, ["books"])).get("books")?.mappingVersion);
    assert.match(primary.requests[0]?.query ?? "", /metadata\.indices\.\*\.mappings/);
  }
  assert.notEqual(versions[0], versions[1]);
  assert.equal(versions[0], versions[2]);
});
