import assert from "node:assert/strict";
import { test } from "node:test";
import { readUsersNames } from "../../functions/core/definition/named-definitions.ts";
import { fakeCluster } from "../support/fake-cluster.ts";

test("readUsersNames() lists templates and pipelines but a product's, replication's, and dotted ones", async () => {
  const template = (name: string, more: object = {}) => ({ name, index_template: { ...more } });
  const cluster = fakeCluster("primary", () => ({
    body: {
      index_templates: [
        template("books"),
        template("logs", { _meta: { managed: true } }),
        template(".watches"),
        template("understudy-shield"),
      ],
    },
  }));
  assert.deepEqual(await readUsersNames(cluster, "index-template"), ["books"]);
  const pipelines = fakeCluster("primary", () => ({ body: { enrich: { processors: [] }, ".inner": {} } }));
  assert.deepEqual(await readUsersNames(pipelines, "ingest-pipeline"), ["enrich"]);
});

test("readUsersNames() finds stored scripts in the cluster's state, and none where there are none", async () => {
  const state = {
    metadata: { stored_scripts: { rank: { lang: "painless", source: "1" }, constructor: {} } },
  };
  assert.deepEqual(
    await readUsersNames(
      fakeCluster("primary", () => ({ body: state })),
      "script",
    ),
    ["rank", "constructor"],
  );
  assert.deepEqual(
    await readUsersNames(
      fakeCluster("primary", () => ({ body: {} })),
      "script",
    ),
    [],
  );
});
