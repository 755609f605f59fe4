import assert from "node:assert/strict";
import { test } from "node:test";
import {
  createRequest,
  markedMapping,
  markOf,
  translateDefinition,
} from "../../functions/core/definition/translate.ts";

const incarnation = { index: "books", uuid: "u1", createdMs: 5 };
const layout = { shards: 2, routingShards: 1024, partitionSize: 1 };
const target = { product: "opensearch", version: "2.19.1" } as const;

test("markedMapping() adds the mark and keeps PRIMARY's own _meta and fields", () => {
  const mapping = { properties: { a: { type: "keyword" } }, dynamic: "strict", _meta: { owner: "x" } };
  const mark = markOf(incarnation, layout);
  assert.deepEqual(markedMapping(mapping, mark), {
    ...mapping,
    _meta: {
      owner: "x",
      understudy: { uuid: "u1", createdMs: 5, shards: 2, routingShards: 1024, partitionSize: 1 },
    },
  });
  assert.deepEqual(markedMapping({ _meta: null }, mark), { _meta: { understudy: mark } });
});

test("createRequest() places documents on shards as PRIMARY does, and has the incarnation's alias alone: users' are levelled after", () => {
  const definition = {
    aliases: { library: { is_write_index: true } },
    mappings: { properties: {} },
    settings: { "index.number_of_shards": "2", "index.uuid": "u1", "index.number_of_routing_shards": "7" },
  };
  const request = createRequest(definition, incarnation, layout, target);
  assert.deepEqual(request.settings, {
    "index.number_of_shards": "2",
    "index.number_of_routing_shards": 1024,
  });
  assert.deepEqual(request.aliases, { "understudy-I-u1": {} });
  assert.deepEqual(request.mappings, markedMapping({ properties: {} }, markOf(incarnation, layout)));
  assert.deepEqual(request.untranslated, []);
});

test("createRequest() leaves the routing shards of a single shard alone", () => {
  const definition = { aliases: {}, mappings: {}, settings: { "index.number_of_shards": "1" } };
  const single = { shards: 1, routingShards: 1, partitionSize: 1 };
  assert.deepEqual(createRequest(definition, incarnation, single, target).settings, {
    "index.number_of_shards": "1",
  });
});

test("createRequest() says what it leaves out of both parts", () => {
  const definition = {
    aliases: {},
    mappings: { runtime: {} },
    settings: { "index.number_of_shards": "1", "index.mapping.dimension_fields.limit": "9" },
  };
  const { untranslated } = createRequest(definition, incarnation, layout, target);
  assert.deepEqual(
    untranslated.map(({ path }) => path),
    ["settings/index.mapping.dimension_fields.limit", "mappings/runtime"],
  );
});

test("translateDefinition() maps no further fields where BACKUP cannot ignore those above the limit", () => {
  const settings = { "index.mapping.total_fields.ignore_dynamic_beyond_limit": "true" };
  const source = { settings, mappings: { dynamic: "true", properties: {} } };
  assert.equal(translateDefinition(source, target).mappings["dynamic"], "false");
  const elastic = { product: "elasticsearch", version: "8.19.0" } as const;
  assert.equal(translateDefinition(source, elastic).mappings["dynamic"], "true");
  assert.deepEqual(translateDefinition(source, elastic).settings, settings);
});
