import assert from "node:assert/strict";
import { test } from "node:test";
import * as v from "valibot";
import { byName } from "../../functions/core/cluster/by-name.ts";
import { readDefinitions, withoutType } from "../../functions/core/definition/index-definition.ts";
import { fakeCluster } from "../support/fake-cluster.ts";

const odd = ["constructor", "prototype", "__proto__"];

test("byName() keeps every name, those of JavaScript's own members too", () => {
  const json: unknown = JSON.parse(`{${odd.map((name, i) => `"${name}":${i}`).join(",")}}`);
  assert.deepEqual(
    [...v.parse(byName(v.number()), json)],
    odd.map((name, i) => [name, i]),
  );
});

test("byName() refuses what is no object, and values that do not fit", () => {
  for (const wrong of [null, [], "a", 1, { a: "text" }])
    assert.equal(v.safeParse(byName(v.number()), wrong).success, false);
});

test("readDefinitions() and withoutType() keep indices, aliases and fields of such names", async () => {
  const fields = '{"__proto__":{"type":"long"},"constructor":{"type":"keyword"}}';
  const body = `{"constructor":{"aliases":{"prototype":{}},"settings":{},"mappings":{"thing":{"properties":${fields}}}}}`;
  const found = await readDefinitions(
    fakeCluster("primary", () => ({ body })),
    "constructor",
  );
  const definition = found.get("constructor");
  assert.deepEqual(Object.keys(definition?.aliases ?? {}), ["prototype"]);
  assert.equal(JSON.stringify(definition?.mappings["properties"]), fields);
  const two = `{"a":{"properties":${fields}},"b":{"properties":{"c":{}}}}`;
  const merged = withoutType(JSON.parse(two))["properties"];
  assert.equal(JSON.stringify(merged), `${fields.slice(0, -1)},"c":{}}`);
});
