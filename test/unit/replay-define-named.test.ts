import assert from "node:assert/strict";
import { test } from "node:test";
import { ClusterAnswerError } from "../../functions/core/cluster/json-request.ts";
import { ClusterError } from "../../functions/core/cluster/port.ts";
import type { NamedDefinitionKind } from "../../functions/core/routing/endpoint.ts";
import { DefinitionRefused, defineNamed } from "../../functions/replay/define-named.ts";
import { replayBatch } from "../../functions/replay/replay-batch.ts";
import { clusterError } from "../support/fake-cluster.ts";
import { fakeNamedDefinitions } from "../support/fake-named-definitions.ts";
import { fakeReplayServices, nowMs, recordMessage } from "../support/fake-replay-services.ts";

function two(shield: () => Promise<string | undefined> = async () => undefined) {
  const primary = fakeNamedDefinitions("primary");
  const backup = fakeNamedDefinitions("backup");
  const world = fakeReplayServices({
    primary: primary.cluster,
    backup: backup.cluster,
    shield: { raise: shield },
  });
  const define = (of: NamedDefinitionKind, pattern: string) => defineNamed(of, pattern, world.services);
  return { primary, backup, define, services: world.services, deadLetters: world.deadLetters };
}

const kinds: Readonly<Record<string, NamedDefinitionKind>> = {
  "/_template/x": "template",
  "/_index_template/x": "index-template",
  "/_component_template/x": "component-template",
  "/_ingest/pipeline/x": "ingest-pipeline",
  "/_search/pipeline/x": "search-pipeline",
  "/_scripts/x": "script",
};

for (const [path, of] of Object.entries(kinds)) {
  test(`defineNamed() makes BACKUP's ${of} PRIMARY's, and removes it with PRIMARY's`, async () => {
    const { primary, backup, define } = two();
    const definition = of === "script" ? { script: { lang: "l", source: "s" } } : { description: "one" };
    primary.definitions.set(path, definition);
    await define(of, "x");
    assert.deepEqual([...backup.definitions], [[path, definition]]);
    primary.definitions.clear();
    await define(of, "x");
    assert.equal(backup.definitions.size, 0);
  });
}

for (const of of ["template", "index-template", "component-template", "ingest-pipeline"] as const) {
  test(`defineNamed() of a wildcard that matches no ${of} on either side has nothing to do`, async () => {
    const { backup, define } = two();
    await define(of, "x*");
    assert.deepEqual(backup.changes(), []);
  });
}

test("defineNamed() puts what an index template is composed of before it", async () => {
  const { primary, backup, define } = two();
  primary.definitions.set("/_index_template/x", { composed_of: ["c"] });
  primary.definitions.set("/_component_template/c", { template: {} });
  await define("index-template", "x");
  assert.deepEqual(backup.changes(), ["PUT /_component_template/c", "PUT /_index_template/x"]);
});

test("defineNamed() leaves policies out, and a data stream's words that only PRIMARY knows", async () => {
  const { primary, backup, define } = two();
  primary.definitions.set("/_index_template/x", {
    created_date_millis: 1,
    data_stream: { timestamp_field: { name: "@timestamp" }, hidden: false, allow_custom_routing: true },
    template: {
      lifecycle: { enabled: true },
      settings: { "index.lifecycle.name": "p", "index.default_pipeline": "d", "index.codec": "best" },
    },
  });
  await define("index-template", "x");
  assert.deepEqual(backup.definitions.get("/_index_template/x"), {
    data_stream: { allow_custom_routing: true },
    template: { settings: { "index.default_pipeline": "d", "index.codec": "best" } },
  });
});

test("defineNamed() of a wildcard removes neither the products' own definitions nor replication's", async () => {
  const { backup, define } = two();
  for (const name of ["a", ".own", "understudy-shield"])
    backup.definitions.set(`/_index_template/${name}`, {});
  backup.definitions.set("/_index_template/logs", { _meta: { managed: true } });
  await define("index-template", "*");
  assert.deepEqual(
    [...backup.definitions.keys()],
    ["/_index_template/.own", "/_index_template/understudy-shield", "/_index_template/logs"],
  );
});

test("defineNamed() does not leave an older definition behind when PRIMARY changes it meanwhile", async () => {
  const { primary, backup, define } = two();
  primary.definitions.set("/_template/x", { order: 1 });
  backup.onAsked((line) => {
    if (line === "PUT /_template/x") primary.definitions.set("/_template/x", { order: 2 });
  });
  await define("template", "x");
  assert.deepEqual(backup.definitions.get("/_template/x"), { order: 2 });
});

test("defineNamed() keeps templates off a BACKUP that has no shield, but not pipelines", async () => {
  const { primary, backup, define } = two(async () => "it is old");
  primary.definitions.set("/_template/x", {});
  primary.definitions.set("/_ingest/pipeline/x", {});
  await assert.rejects(define("template", "x"), DefinitionRefused);
  await define("ingest-pipeline", "x");
  assert.deepEqual([...backup.definitions.keys()], ["/_ingest/pipeline/x"]);
});

test("defineNamed() removes nothing while PRIMARY is only just starting", async () => {
  const { primary, backup, define } = two();
  backup.definitions.set("/_template/x", {});
  primary.cluster.answer(({ path }) =>
    path.startsWith("/_cluster")
      ? { body: { cluster_name: "c", blocks: { global: { "1": {} } } } }
      : clusterError(404, "missing"),
  );
  await assert.rejects(define("template", "x"), ClusterError);
  assert.equal(backup.definitions.size, 1);
});

test("defineNamed() comes again for a component that is still in use", async () => {
  const { backup, define } = two();
  backup.definitions.set("/_component_template/c", {});
  backup.refuse(() => clusterError(400, "illegal_argument_exception"));
  await assert.rejects(define("component-template", "c"), ClusterAnswerError);
});

test("replayBatch() parks a definition that BACKUP's product does not take, with its reason", async () => {
  const { primary, backup, services, deadLetters } = two();
  primary.definitions.set("/_ingest/pipeline/x", {});
  backup.refuse(() => clusterError(400, "parse_exception", "no processor of that name"));
  const shared = { kind: "define", writtenAtMs: nowMs, reason: "r", pattern: "x" } as const;
  const record = await recordMessage({ ...shared, of: "ingest-pipeline" }, services);
  assert.deepEqual(await replayBatch([record], services), [{ kind: "done" }]);
  assert.match(deadLetters.sent[0]?.attributes?.["reason"] ?? "", /no processor of that name/);
});
