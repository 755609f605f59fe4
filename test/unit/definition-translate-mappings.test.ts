import assert from "node:assert/strict";
import { test } from "node:test";
import type { Release } from "../../functions/core/cluster/release.ts";
import { withoutType } from "../../functions/core/definition/index-definition.ts";
import { translateMappings } from "../../functions/core/definition/translate-mappings.ts";

const es6: Release = { product: "elasticsearch", version: "6.8.23" };
const es7: Release = { product: "elasticsearch", version: "7.17.28" };
const es8: Release = { product: "elasticsearch", version: "8.19.0" };
const os1: Release = { product: "opensearch", version: "1.3.20" };
const os2: Release = { product: "opensearch", version: "2.19.1" };
const os3: Release = { product: "opensearch", version: "3.8.0" };

/** A field's mapping on the target, and whether it was said to differ. */
function field(mapping: Record<string, unknown>, target: Release): readonly [unknown, boolean] {
  const { definition, untranslated } = translateMappings({ properties: { f: mapping } }, target);
  const { properties } = definition;
  assert.ok(typeof properties === "object" && properties !== null && "f" in properties);
  for (const { path } of untranslated) assert.equal(path, "mappings/f");
  return [properties.f, untranslated.length > 0];
}

const stored = { type: "object", enabled: false };

test("translateMappings() leaves alone what every release has", () => {
  const mappings = {
    dynamic: "strict",
    date_detection: false,
    _routing: { required: true },
    _meta: { owner: "x" },
    dynamic_templates: [{ words: { match_mapping_type: "string", mapping: { type: "keyword" } } }],
    properties: {
      title: { type: "text", analyzer: "mine", fields: { raw: { type: "keyword", ignore_above: 9 } } },
      parts: { type: "nested", properties: { n: { type: "half_float" } } },
      of_a_plugin: { type: "murmur3" },
    },
  };
  for (const target of [es6, es7, es8, os1, os2, os3])
    assert.deepEqual(translateMappings(mappings, target), { definition: mappings, untranslated: [] });
});

test("translateMappings() replaces a field type by the nearest that BACKUP has, and says so", () => {
  assert.deepEqual(field({ type: "flattened" }, os2), [{ type: "flat_object" }, true]);
  assert.deepEqual(field({ type: "flattened", depth_limit: 5 }, os1), [stored, true]);
  assert.deepEqual(field({ type: "flattened" }, es8), [{ type: "flattened" }, false]);
  assert.deepEqual(field({ type: "flat_object" }, es8), [{ type: "flattened" }, true]);
  assert.deepEqual(field({ type: "constant_keyword", value: "v" }, os1), [{ type: "keyword" }, true]);
  assert.deepEqual(field({ type: "version" }, os2), [{ type: "keyword" }, true]);
  assert.deepEqual(field({ type: "version" }, os3), [{ type: "version" }, false]);
  assert.deepEqual(field({ type: "wildcard" }, es6), [{ type: "keyword", ignore_above: 8191 }, true]);
  assert.deepEqual(field({ type: "wildcard", ignore_above: 5 }, es6), [
    { type: "keyword", ignore_above: 5 },
    true,
  ]);
  assert.deepEqual(field({ type: "date_nanos" }, es6), [{ type: "date" }, true]);
  assert.deepEqual(field({ type: "unsigned_long" }, os1), [{ type: "double" }, true]);
  assert.deepEqual(field({ type: "match_only_text", analyzer: "a" }, os1), [
    { type: "text", analyzer: "a" },
    true,
  ]);
});

test("translateMappings() stores vectors and others without a likeness, without searching them", () => {
  assert.deepEqual(field({ type: "dense_vector", dims: 3 }, os3), [stored, true]);
  assert.deepEqual(field({ type: "knn_vector", dimension: 3 }, es8), [stored, true]);
  assert.deepEqual(field({ type: "histogram" }, os2), [stored, true]);
  assert.deepEqual(field({ type: "xy_point" }, es8), [stored, true]);
});

test("translateMappings() drops a multi-field without a likeness: a field cannot have an object below it", () => {
  const text = { type: "text", fields: { v: { type: "dense_vector" }, k: { type: "keyword" } } };
  const { definition, untranslated } = translateMappings({ properties: { f: text } }, os2);
  assert.deepEqual(definition, { properties: { f: { type: "text", fields: { k: { type: "keyword" } } } } });
  assert.deepEqual(
    untranslated.map(({ path }) => path),
    ["mappings/f.v"],
  );
});

test("translateMappings() reaches into objects, and names the whole path", () => {
  const mappings = { properties: { a: { properties: { b: { type: "flattened" } } } } };
  const { definition, untranslated } = translateMappings(mappings, os2);
  assert.deepEqual(definition, { properties: { a: { properties: { b: { type: "flat_object" } } } } });
  assert.deepEqual(
    untranslated.map(({ path }) => path),
    ["mappings/a.b"],
  );
});

test("translateMappings() takes away parameters that BACKUP does not know, and says so", () => {
  assert.deepEqual(field({ type: "keyword", meta: { unit: "ms" } }, es6), [{ type: "keyword" }, true]);
  assert.deepEqual(field({ type: "keyword", time_series_dimension: true }, os3), [{ type: "keyword" }, true]);
  assert.deepEqual(field({ type: "text", boost: 2 }, es8), [{ type: "text" }, true]);
  assert.deepEqual(field({ type: "text", boost: 2 }, os2), [{ type: "text", boost: 2 }, false]);
  assert.deepEqual(field({ type: "text", similarity: "classic" }, es7), [{ type: "text" }, true]);
  assert.deepEqual(field({ type: "text", similarity: "classic" }, es6)[1], false);
  assert.deepEqual(field({ dynamic: "runtime", properties: {} }, os2), [
    { dynamic: "true", properties: {} },
    true,
  ]);
});

test("translateMappings() takes away root members that BACKUP does not know, and says so", () => {
  const left = (mappings: Record<string, unknown>, target: Release) =>
    translateMappings(mappings, target).definition;
  assert.deepEqual(left({ _all: { enabled: false }, date_detection: true }, es7), { date_detection: true });
  assert.deepEqual(left({ _field_names: { enabled: false } }, es8), {});
  assert.deepEqual(left({ _field_names: { enabled: false } }, os3), { _field_names: { enabled: false } });
  assert.deepEqual(left({ runtime: { r: { type: "long" } } }, os3), {});
  assert.deepEqual(left({ runtime: { r: { type: "long" } } }, es7), { runtime: { r: { type: "long" } } });
  assert.deepEqual(left({ subobjects: false }, os3), {});
  assert.deepEqual(left({ dynamic: "runtime" }, os3), { dynamic: "true" });
  assert.deepEqual(left({ dynamic: "strict_allow_templates" }, es8), { dynamic: "false" });
  assert.deepEqual(
    translateMappings({ derived: {} }, es8).untranslated.map(({ path }) => path),
    ["mappings/derived"],
  );
});

test("translateMappings() lets BACKUP store `_source` however PRIMARY keeps it", () => {
  assert.deepEqual(translateMappings({ _source: { mode: "synthetic" } }, es8).definition, {});
  const excludes = { _source: { excludes: ["secret"] } };
  assert.deepEqual(translateMappings(excludes, es8).definition, excludes);
});

test("translateMappings() translates dynamic templates, and drops those for runtime fields", () => {
  const templates = [
    { flat: { match: "f*", mapping: { type: "flattened" } } },
    { late: { match: "r*", runtime: { type: "long" } } },
  ];
  const { definition, untranslated } = translateMappings({ dynamic_templates: templates }, os2);
  assert.deepEqual(definition, {
    dynamic_templates: [{ flat: { match: "f*", mapping: { type: "flat_object" } } }],
  });
  assert.deepEqual(
    untranslated.map(({ path }) => path),
    ["mappings/dynamic_templates.flat", "mappings/dynamic_templates.late"],
  );
});

test("withoutType() takes Elasticsearch 6's mapping from below its type, whatever its name", () => {
  const body = { dynamic: "strict", properties: { a: { type: "keyword" } } };
  assert.deepEqual(withoutType({ thing: body }), body);
  assert.deepEqual(withoutType({ _doc: body }), body);
  assert.deepEqual(withoutType({ _doc: {} }), {});
  assert.deepEqual(withoutType({ _default_: { dynamic: "false" }, thing: body }), body);
  assert.deepEqual(withoutType({ a: { properties: { x: {} } }, b: { properties: { y: {} } } }), {
    properties: { x: {}, y: {} },
  });
});

test("withoutType() leaves a mapping without types as it is", () => {
  for (const mappings of [
    {},
    { properties: { thing: {} } },
    { _meta: {} },
    { dynamic: "true", _source: {} },
    { runtime: {} },
  ])
    assert.equal(withoutType(mappings), mappings);
});
