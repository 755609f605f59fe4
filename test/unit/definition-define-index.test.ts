import assert from "node:assert/strict";
import { test } from "node:test";
import { ClusterError } from "../../functions/core/cluster/port.ts";
import { createIndex } from "../../functions/core/definition/define-index.ts";
import { clusterError, fakeCluster, lineOf, textOf } from "../support/fake-cluster.ts";

const incarnation = { index: "books", uuid: "u1", createdMs: 100 };
const layout = { shards: 2, routingShards: 8, partitionSize: 1 };
const state = { incarnation, layout, mappingVersion: 1, terms: {} };
const source = {
  aliases: {},
  mappings: { dynamic: "strict", properties: { a: { type: "odd" }, b: { type: "keyword" } } },
  settings: { "index.number_of_shards": "2", "index.odd": "1", "index.priority": "3" },
};

/** A BACKUP that refuses the words, in whatever request. */
function refusing(...words: readonly string[]) {
  return fakeCluster("backup", (request) => {
    const word = words.find((each) => textOf(request).includes(`"${each}"`));
    return word === undefined
      ? {}
      : clusterError(400, "illegal_argument_exception", `unknown setting [${word}]`);
  });
}

test("createIndex() leaves out a setting that BACKUP names, and says so", async () => {
  const backup = refusing("index.odd");
  const untranslated = await createIndex(backup, source, state);
  const creates = backup.requests.filter((request) => lineOf(request) === "PUT /books").map(textOf);
  const { settings, mappings, aliases } = JSON.parse(creates.at(-1) ?? "");
  assert.deepEqual(settings, {
    "index.number_of_shards": "2",
    "index.priority": "3",
    "index.number_of_routing_shards": 8,
  });
  assert.deepEqual(aliases, { "understudy-I-u1": {} });
  // Until the whole mapping is merged, documents make no fields of their own.
  assert.equal(mappings.dynamic, false);
  assert.equal(mappings._meta.understudy.uuid, "u1");
  assert.deepEqual(JSON.parse(textOf(backup.requests.at(-1))).properties, source.mappings.properties);
  assert.deepEqual(
    untranslated.map(({ path }) => path),
    ["settings/index.odd"],
  );
});

test("createIndex() makes the index although BACKUP does not have a field's type", async () => {
  const backup = refusing("odd");
  const untranslated = await createIndex(backup, source, state);
  assert.deepEqual(
    untranslated.map(({ path }) => path),
    ["mappings/a"],
  );
  const bodies = backup.requests.map((request) => JSON.parse(textOf(request)));
  assert.ok(bodies.some(({ properties }) => properties?.a?.enabled === false));
  assert.ok(bodies.some(({ dynamic, properties }) => dynamic === "strict" && properties === undefined));
});

test("createIndex() lets documents make fields again where PRIMARY's do", async () => {
  const backup = refusing("odd");
  const { dynamic: _, ...mappings } = source.mappings;
  await createIndex(backup, { ...source, mappings }, state);
  assert.deepEqual(JSON.parse(textOf(backup.requests.at(-1))), { dynamic: true });
});

test("createIndex() gives up with a reason when even the bare index is refused", async () => {
  await assert.rejects(
    createIndex(refusing("index.number_of_shards"), source, state),
    /does not take the index/,
  );
});

test("createIndex() refuses a BACKUP that the gateway does not work with, and sends it nothing", async () => {
  const backup = refusing();
  backup.runs({ product: "elasticsearch", version: "5.6.16" });
  await assert.rejects(
    createIndex(backup, source, state),
    (error) => error instanceof ClusterError && /5\.6\.16.*not supported/.test(error.message),
  );
  assert.deepEqual(backup.requests, []);
});

test("createIndex() leaves types out on Elasticsearch 6", async () => {
  const backup = refusing();
  backup.runs({ product: "elasticsearch", version: "6.8.23" });
  await createIndex(backup, source, state);
  assert.deepEqual(
    backup.requests.map(({ query }) => query),
    ["include_type_name=false"],
  );
});
