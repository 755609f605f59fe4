import assert from "node:assert/strict";
import { test } from "node:test";
import { ClusterAnswerError } from "../../functions/core/cluster/json-request.ts";
import { createAnalysisLevelling } from "../../functions/core/definition/level-analysis.ts";
import { clusterError, fakeCluster, lineOf, textOf } from "../support/fake-cluster.ts";

const target = { product: "opensearch", version: "2.19.1" } as const;
const definition = (settings: Readonly<Record<string, unknown>>) => ({ aliases: {}, mappings: {}, settings });
const analyzer = { "index.analysis.analyzer.a.type": "standard" };
const source = definition({ ...analyzer, "index.priority": "3" });

const cycle = ["POST /books/_close", "PUT /books/_settings", "POST /books/_open"];

test("levelAnalysis() closes the index for the analyzers it lacks, and opens it again", async () => {
  const backup = fakeCluster("backup", () => ({}));
  const level = createAnalysisLevelling(backup);
  assert.deepEqual(await level({ index: "books", source, present: definition({}) }, target), []);
  assert.deepEqual(backup.requests.map(lineOf), cycle);
  assert.deepEqual(JSON.parse(textOf(backup.requests[1])), analyzer);
});

test("levelAnalysis() leaves an index alone that has them", async () => {
  const backup = fakeCluster("backup", () => ({}));
  await createAnalysisLevelling(backup)({ index: "books", source, present: source }, target);
  assert.deepEqual(backup.requests, []);
});

test("levelAnalysis() opens the index after a refusal and after a failure, and does not close it in vain again", async () => {
  const backup = fakeCluster("backup", ({ path }) =>
    path.endsWith("_settings") ? clusterError(503, "no_master") : {},
  );
  const level = createAnalysisLevelling(backup);
  const on = { index: "books", source, present: definition({}) };
  await assert.rejects(level(on, target), ClusterAnswerError);
  assert.deepEqual(backup.requests.map(lineOf), cycle);
  backup.answer(({ path }) =>
    path.endsWith("_settings") ? clusterError(400, "illegal_argument_exception") : {},
  );
  for (const _ of [1, 2]) {
    assert.deepEqual(
      (await level(on, target)).map(({ path }) => path),
      ["settings/index.analysis.analyzer.a.type"],
    );
  }
  assert.deepEqual(backup.requests.map(lineOf), [...cycle, ...cycle]);
});

test("levelAnalysis() fails, and tries again the next time, where another consumer opened the index before the analysis was on", async () => {
  const opened = "Can't update non dynamic settings [[index.analysis.a]] for open indices [[books/u]]";
  const backup = fakeCluster("backup", ({ path }) =>
    path.endsWith("_settings") ? clusterError(400, "illegal_argument_exception", opened) : {},
  );
  const level = createAnalysisLevelling(backup);
  const on = { index: "books", source, present: definition({}) };
  await assert.rejects(level(on, target), ClusterAnswerError);
  backup.answer(() => ({}));
  assert.deepEqual(await level(on, target), []);
  assert.deepEqual(backup.requests.map(lineOf), [...cycle, ...cycle]);
});

test("levelAnalysis() leaves a closed index closed that has PRIMARY's analysis", async () => {
  const backup = fakeCluster("backup", () => ({}));
  const present = definition({ ...analyzer, "index.verified_before_close": "true" });
  await createAnalysisLevelling(backup)({ index: "books", source, present }, target);
  assert.deepEqual(backup.requests, []);
});

test("levelAnalysis() leaves the opening of an index that was closed before to whoever levels that", async () => {
  const backup = fakeCluster("backup", () => ({}));
  const present = definition({ "index.verified_before_close": "true" });
  await createAnalysisLevelling(backup)({ index: "books", source, present }, target);
  assert.deepEqual(backup.requests.map(lineOf), cycle.slice(0, 2));
});
