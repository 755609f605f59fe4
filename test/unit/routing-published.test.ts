import assert from "node:assert/strict";
import { test } from "node:test";
import { treatmentOf } from "../../functions/core/routing/classify.ts";
import {
  ofElasticsearchClient,
  ofOpenSearchClient,
  ofSpecification,
  type PublishedEndpoints,
} from "../support/published-endpoints.ts";

/** Published endpoints that no rule of the table is about, not even one that says PRIMARY only. */
function unknownTo(published: PublishedEndpoints): readonly string[] {
  return [...published].filter((line) => {
    const [method = "", path = ""] = line.split(" ");
    return treatmentOf(method, path.replace(/\{(\w+)\}/g, "$1")) === undefined;
  });
}

for (const name of ["elasticsearch7", "elasticsearch8", "elasticsearch9"]) {
  test(`the endpoint table has a rule for all that the client ${name} can ask for`, () => {
    const published = ofElasticsearchClient(name);
    assert.ok(published.size > 500, `${published.size} endpoints`);
    assert.deepEqual(unknownTo(published), []);
  });
}

test("the endpoint table has a rule for all that the OpenSearch client can ask for", async () => {
  const published = await ofOpenSearchClient();
  assert.ok(published.size > 450, `${published.size} endpoints`);
  assert.deepEqual(unknownTo(published), []);
});

for (const version of ["7.10.2", "9.2.0"]) {
  test(`the endpoint table has a rule for all that Elasticsearch ${version} specifies`, async (t) => {
    const published = await ofSpecification(version);
    if (typeof published === "string") return t.skip(published);
    assert.ok(published.size > 340, `${published.size} endpoints`);
    assert.deepEqual(unknownTo(published), []);
  });
}
