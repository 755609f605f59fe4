import assert from "node:assert/strict";
import { test } from "node:test";
import { ClusterAnswerError } from "../../functions/core/cluster/json-request.ts";
import { deleteIncarnation } from "../../functions/core/definition/delete-incarnation.ts";
import { fakeBackup, markedDefinition } from "../support/fake-backup.ts";
import { clusterError, type FakeAnswer, textOf } from "../support/fake-cluster.ts";

const alias = "understudy-I-u1";

/** BACKUP, whose index `a b` stands for `u1`, unless it is to be another one or none. */
function backupWith(uuid: string | undefined = "u1", alias_: "has its alias" | "lost it" = "has its alias") {
  const backup = fakeBackup();
  backup.definitions.clear();
  const definition = uuid === undefined ? undefined : markedDefinition(uuid);
  if (definition && alias_ === "lost it") definition.aliases = {};
  if (definition) backup.definitions.set("a b", definition);
  return { ...backup, remove: () => deleteIncarnation(backup.cluster, "a b", "u1") };
}

test("deleteIncarnation() takes the alias, which must exist, and deletes the index then", async () => {
  const { remove, changes, cluster, definitions } = backupWith();
  assert.equal(await remove(), "deleted");
  assert.deepEqual(changes(), ["POST /_aliases", "DELETE /a%20b"]);
  const taken = cluster.requests.find(({ path }) => path === "/_aliases");
  assert.deepEqual(JSON.parse(textOf(taken)), {
    actions: [{ remove: { index: "a b", alias, must_exist: true } }],
  });
  assert.equal(definitions.size, 0);
});

test("deleteIncarnation() of an index that is not there is done", async () => {
  const backup = fakeBackup();
  backup.definitions.clear();
  assert.equal(await deleteIncarnation(backup.cluster, "a b", "u1"), "absent");
  assert.deepEqual(backup.changes(), []);
});

test("deleteIncarnation() leaves an index that stands for another incarnation, or for none, alone", async () => {
  const other = backupWith("u2");
  assert.equal(await other.remove(), "kept");
  assert.deepEqual(other.changes(), []);
  const unmarked = backupWith();
  unmarked.definitions.set("a b", { aliases: { [alias]: {} }, mappings: {}, settings: {} });
  assert.equal(await unmarked.remove(), "kept");
  assert.deepEqual(unmarked.changes(), []);
});

test("deleteIncarnation() leaves the index to whoever took the alias in between", async () => {
  for (const type of ["aliases_not_found_exception", "index_not_found_exception"]) {
    const { remove, refuseChange, changes, definitions } = backupWith();
    refuseChange((line) => (line === "POST /_aliases" ? clusterError(404, type) : undefined));
    assert.equal(await remove(), "kept");
    assert.deepEqual(changes(), ["POST /_aliases"]);
    assert.equal(definitions.size, 1);
  }
});

test("deleteIncarnation() of two consumers at the same time deletes once", async () => {
  const { cluster, refuseChange, definitions, changes } = backupWith();
  let taken = false;
  refuseChange((line): FakeAnswer | undefined => {
    if (line === "POST /_aliases" && taken) return clusterError(404, "aliases_not_found_exception");
    taken = true;
    return undefined;
  });
  const both = [1, 2].map(() => deleteIncarnation(cluster, "a b", "u1"));
  assert.deepEqual((await Promise.all(both)).sort(), ["deleted", "kept"]);
  assert.equal(changes().filter((line) => line.startsWith("DELETE")).length, 1);
  assert.equal(definitions.size, 0);
});

test("deleteIncarnation() finishes what a consumer began that died after it had taken the alias", async () => {
  const { remove, changes } = backupWith("u1", "lost it");
  assert.equal(await remove(), "deleted");
  assert.deepEqual(changes(), ["DELETE /a%20b"]);
});

test("deleteIncarnation() deletes by the mark alone where BACKUP does not know must_exist", async () => {
  const { remove, refuseChange, changes } = backupWith();
  refuseChange((line) =>
    line === "POST /_aliases" ? clusterError(400, "x_content_parse_exception") : undefined,
  );
  assert.equal(await remove(), "deleted");
  assert.deepEqual(changes(), ["POST /_aliases", "DELETE /a%20b"]);
});

test("deleteIncarnation() throws for any other failure, having deleted nothing", async () => {
  for (const status of [403, 429, 503]) {
    const { remove, refuseChange, changes, definitions } = backupWith();
    refuseChange(() => clusterError(status, "some_exception"));
    await assert.rejects(remove(), ClusterAnswerError);
    assert.deepEqual(changes(), ["POST /_aliases"]);
    assert.equal(definitions.size, 1);
  }
});
