import assert from "node:assert/strict";
import { test } from "node:test";
import { ClusterAnswerError } from "../../functions/core/cluster/json-request.ts";
import { ClusterError } from "../../functions/core/cluster/port.ts";
import { runsByQuery } from "../../functions/core/truth/by-query-tasks.ts";
import { clusterError, fakeCluster, noAnswer } from "../support/fake-cluster.ts";

test("runsByQuery() asks for by-query writes and reindex, and is true while any node runs one", async () => {
  const nodes = { n1: { tasks: { "n1:7": { action: "indices:data/write/reindex" } } } };
  const primary = fakeCluster("primary", () => ({ body: { nodes } }));
  assert.equal(await runsByQuery(primary), true);
  const [request] = primary.requests;
  assert.equal(`${request?.method} ${request?.path}`, "GET /_tasks");
  const actions = new URLSearchParams(request?.query).get("actions");
  assert.equal(actions, "indices:data/write/*/byquery,indices:data/write/reindex");
});

test("runsByQuery() is false where no node runs one", async () => {
  for (const body of [{}, { nodes: {} }]) {
    assert.equal(await runsByQuery(fakeCluster("primary", () => ({ body }))), false);
  }
});

test("runsByQuery() throws when PRIMARY cannot say", async () => {
  await assert.rejects(runsByQuery(fakeCluster("primary", noAnswer("primary", "lost"))), ClusterError);
  for (const status of [403, 503]) {
    const refusing = fakeCluster("primary", () => clusterError(status, "x"));
    await assert.rejects(runsByQuery(refusing), ClusterAnswerError);
  }
  await assert.rejects(runsByQuery(fakeCluster("primary", () => ({ body: "<html>" }))), ClusterError);
});
