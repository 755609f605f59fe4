import assert from "node:assert/strict";
import { test } from "node:test";
import { ClusterAnswerError } from "../../functions/core/cluster/json-request.ts";
import { deleteIncarnation } from "../../functions/core/definition/delete-incarnation.ts";
import { markOf } from "../../functions/core/definition/translate.ts";
import { clusterError, type FakeAnswer, fakeCluster, lineOf, textOf } from "../support/fake-cluster.ts";

const layout = { shards: 1, routingShards: 1, partitionSize: 1 };

/** BACKUP, whose index stands for `uuid`, answers the atomic step with `atomic`. */
function backupOf(uuid: string | undefined, atomic: FakeAnswer) {
  const understudy = uuid && markOf({ index: "a b", uuid, createdMs: 1 }, layout);
  const definition = {
    aliases: {},
    settings: {},
    mappings: understudy ? { _meta: { understudy } } : {},
  };
  return fakeCluster("backup", ({ method }) => {
    if (method === "GET") return uuid === undefined ? { body: {} } : { body: { "a b": definition } };
    return method === "POST" ? atomic : {};
  });
}

test("deleteIncarnation() takes the alias and the index away in one step that fails without the alias", async () => {
  const backup = backupOf("u1", {});
  assert.equal(await deleteIncarnation(backup, "a b", "u1"), true);
  assert.deepEqual(backup.requests.map(lineOf), ["POST /_aliases"]);
  assert.deepEqual(JSON.parse(textOf(backup.requests[0])).actions[0].remove, {
    index: "a b",
    alias: "understudy-I-u1",
    must_exist: true,
  });
});

test("deleteIncarnation() of an index that is not there is done", async () => {
  const backup = backupOf(undefined, clusterError(404, "index_not_found_exception"));
  assert.equal(await deleteIncarnation(backup, "a b", "u1"), true);
  assert.equal(backup.requests.length, 1);
});

for (const [why, atomic] of [
  ["the alias is gone", clusterError(404, "aliases_not_found_exception")],
  ["must_exist is unknown", clusterError(400, "x_content_parse_exception")],
] as const) {
  test(`deleteIncarnation() looks for itself where ${why}, and deletes only that incarnation`, async () => {
    const same = backupOf("u1", atomic);
    assert.equal(await deleteIncarnation(same, "a b", "u1"), true);
    assert.deepEqual(same.requests.map(lineOf), ["POST /_aliases", "GET /a%20b", "DELETE /a%20b"]);
    const other = backupOf("u2", atomic);
    assert.equal(await deleteIncarnation(other, "a b", "u1"), false);
    assert.deepEqual(other.requests.map(lineOf), ["POST /_aliases", "GET /a%20b"]);
    const none = backupOf(undefined, atomic);
    assert.equal(await deleteIncarnation(none, "a b", "u1"), true);
    assert.equal(none.requests.length, 2);
  });
}

test("deleteIncarnation() throws for any other failure, having deleted nothing", async () => {
  const backup = backupOf("u1", clusterError(403, "security_exception"));
  await assert.rejects(deleteIncarnation(backup, "a b", "u1"), ClusterAnswerError);
  assert.equal(backup.requests.length, 1);
});
