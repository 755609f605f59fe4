import assert from "node:assert/strict";
import { test } from "node:test";
import {
  createRequest,
  markedMapping,
  markOf,
  portableSettings,
} from "../../functions/core/definition/translate.ts";

const incarnation = { index: "books", uuid: "u1", createdMs: 5 };
const layout = { shards: 2, routingShards: 1024, partitionSize: 1 };

/** cluster-semantics, section 5: what must never reach BACKUP. */
const stripped = [
  "index.uuid",
  "index.creation_date",
  "index.provided_name",
  "index.version.created",
  "index.version.upgraded",
  "index.resize.source.name",
  "index.routing.allocation.initial_recovery._id",
  "index.routing.allocation.include._tier_preference",
  "index.search.throttled",
  "index.frozen",
  "index.verified_before_close",
  "index.history.uuid",
  "index.lifecycle.name",
  "index.plugins.index_state_management.policy_id",
  "index.opendistro.index_state_management.policy_id",
  "index.default_pipeline",
  "index.final_pipeline",
  "index.blocks.write",
  "index.blocks.read_only_allow_delete",
  "index.number_of_routing_shards",
  "index.replication.type",
  "index.append_only.enabled",
  "index.derived_source.enabled",
  "index.mode",
  "index.mapping.source.mode",
  "index.mapping.total_fields.ignore_dynamic_beyond_limit",
];

/** What the documents' meaning depends on, and names that only begin like stripped ones. */
const carried = [
  "index.number_of_shards",
  "index.number_of_replicas",
  "index.routing_partition_size",
  "index.refresh_interval",
  "index.gc_deletes",
  "index.analysis.analyzer.a.type",
  "index.mapping.total_fields.limit",
  "index.max_result_window",
  "index.priority",
  "index.uuidish",
  "index.model",
];

test("portableSettings() takes away what is private to PRIMARY, not portable, or a block", () => {
  const settings = Object.fromEntries(stripped.map((name) => [name, "x"]));
  assert.deepEqual(portableSettings(settings), {});
});

test("portableSettings() keeps everything else as it is", () => {
  const settings = Object.fromEntries(carried.map((name, i) => [name, String(i)]));
  assert.deepEqual(portableSettings(settings), settings);
});

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
  const request = createRequest(definition, incarnation, layout);
  assert.deepEqual(request.settings, {
    "index.number_of_shards": "2",
    "index.number_of_routing_shards": 1024,
  });
  assert.deepEqual(request.aliases, { "understudy-I-u1": {} });
  assert.deepEqual(request.mappings, markedMapping({ properties: {} }, markOf(incarnation, layout)));
});

test("createRequest() leaves the routing shards of a single shard alone", () => {
  const definition = { aliases: {}, mappings: {}, settings: { "index.number_of_shards": "1" } };
  const request = createRequest(definition, incarnation, { shards: 1, routingShards: 1, partitionSize: 1 });
  assert.deepEqual(request.settings, { "index.number_of_shards": "1" });
});
