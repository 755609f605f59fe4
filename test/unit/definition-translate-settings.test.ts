import assert from "node:assert/strict";
import { test } from "node:test";
import type { Release } from "../../functions/core/cluster/release.ts";
import { translateSettings } from "../../functions/core/definition/translate-settings.ts";

const es6: Release = { product: "elasticsearch", version: "6.8.23" };
const es7: Release = { product: "elasticsearch", version: "7.17.28" };
const es9: Release = { product: "elasticsearch", version: "9.2.0" };
const os2: Release = { product: "opensearch", version: "2.19.1" };
const all = [es6, es7, es9, os2];

/** docs/cluster-semantics.md, section 5: no part of what is replicated. */
const notReplicated = [
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
  "index.soft_deletes.enabled",
  "index.replication.type",
  "index.append_only.enabled",
  "index.derived_source.enabled",
  "index.mode",
  "index.mapping.source.mode",
];

/** What the documents' meaning depends on, and names that only begin like others. */
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

test("translateSettings() leaves out what is no part of what is replicated, without a word", () => {
  const settings = Object.fromEntries(notReplicated.map((name) => [name, "x"]));
  for (const target of all)
    assert.deepEqual(translateSettings(settings, target), { definition: {}, untranslated: [] });
});

test("translateSettings() keeps everything else as it is", () => {
  const settings = Object.fromEntries(carried.map((name, i) => [name, String(i)]));
  for (const target of all)
    assert.deepEqual(translateSettings(settings, target), { definition: settings, untranslated: [] });
});

test("translateSettings() leaves out and names what BACKUP's release does not know", () => {
  const known = (name: string, target: Release, value: unknown = "1") => {
    const { definition, untranslated } = translateSettings({ [name]: value }, target);
    assert.equal(untranslated.length, name in definition ? 0 : 1);
    if (untranslated[0] !== undefined) assert.equal(untranslated[0].path, `settings/${name}`);
    return name in definition;
  };
  assert.deepEqual(
    all.map((target) => known("index.hidden", target)),
    [false, true, true, true],
  );
  assert.deepEqual(
    all.map((target) => known("index.mapping.nested_objects.limit", target)),
    [false, true, true, true],
  );
  assert.deepEqual(
    all.map((target) => known("index.mapper.dynamic", target)),
    [true, false, false, false],
  );
  assert.deepEqual(
    all.map((target) => known("index.knn", target)),
    [false, false, false, true],
  );
  const limit = "index.mapping.total_fields.ignore_dynamic_beyond_limit";
  assert.deepEqual(
    all.map((target) => known(limit, target)),
    [false, false, true, false],
  );
  assert.deepEqual(
    all.map((target) => known("index.codec", target, "zstd")),
    [false, false, false, true],
  );
});

test("translateSettings() scores by BM25 where there is no classic similarity, and says so", () => {
  const settings = { "index.similarity.mine.type": "classic" };
  assert.deepEqual(translateSettings(settings, es6), { definition: settings, untranslated: [] });
  const { definition, untranslated } = translateSettings(settings, es7);
  assert.deepEqual(definition, { "index.similarity.mine.type": "BM25" });
  assert.deepEqual(
    untranslated.map(({ path }) => path),
    ["settings/index.similarity.mine.type"],
  );
});

test("translateSettings() gives analysis its present names, and nothing is lost by that", () => {
  const settings = {
    "index.analysis.analyzer.a.filter": ["standard", "lowercase", "nGram"],
    "index.analysis.analyzer.a.char_filter": ["htmlStrip"],
    "index.analysis.tokenizer.t.type": "edgeNGram",
  };
  assert.deepEqual(translateSettings(settings, es9), {
    definition: {
      "index.analysis.analyzer.a.filter": ["lowercase", "ngram"],
      "index.analysis.analyzer.a.char_filter": ["html_strip"],
      "index.analysis.tokenizer.t.type": "edge_ngram",
    },
    untranslated: [],
  });
});
