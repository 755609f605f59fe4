import assert from "node:assert/strict";
import { test } from "node:test";
import { ClusterAnswerError } from "../../functions/core/cluster/json-request.ts";
import { ClusterError } from "../../functions/core/cluster/port.ts";
import { levelAliases } from "../../functions/core/definition/level-aliases.ts";
import { fakeBackup, markedDefinition } from "../support/fake-backup.ts";
import { clusterError, noAnswer, textOf } from "../support/fake-cluster.ts";
import type { FakeDefinition } from "../support/fake-definitions.ts";
import { fakePrimary } from "../support/fake-primary.ts";

type Aliases = Readonly<Record<string, FakeDefinition["aliases"]>>;

/** Two clusters by each index's aliases; BACKUP's indices have their incarnation's alias as well. */
function clusters(onPrimary: Aliases, onBackup: Aliases) {
  const primary = fakePrimary(
    Object.fromEntries(
      Object.entries(onPrimary).map(([index, aliases]) => [index, { uuid: `u-${index}`, aliases }]),
    ),
  );
  const backup = fakeBackup();
  backup.definitions.clear();
  for (const [index, aliases] of Object.entries(onBackup)) {
    backup.definitions.set(index, markedDefinition(`u-${index}`, { aliases: { ...aliases } }));
  }
  const level = (...names: string[]) => levelAliases(primary.cluster, backup.cluster, names);
  const posted = () => backup.cluster.requests.filter(({ path }) => path === "/_aliases");
  const userAliases = () =>
    Object.fromEntries(
      [...backup.definitions].map(([index, { aliases }]) => [
        index,
        Object.fromEntries(Object.entries(aliases).filter(([alias]) => !alias.startsWith("understudy-"))),
      ]),
    );
  return { primary, backup, level, posted, userAliases };
}

test("levelAliases() adds, changes and takes away, with each alias's own members", async () => {
  const filtered = { filter: { term: { a: 1 } }, index_routing: "7", search_routing: "7" };
  const { level, posted, userAliases } = clusters(
    { books: { same: {}, filtered, grown: { is_write_index: true } } },
    { books: { same: {}, grown: {}, old: {} } },
  );
  await level("books");
  assert.deepEqual(userAliases(), { books: { same: {}, filtered, grown: { is_write_index: true } } });
  const { actions } = JSON.parse(textOf(posted()[0]));
  assert.equal(posted().length, 1);
  assert.equal(JSON.stringify(actions).includes("same"), false);
});

test("levelAliases() moves a write alias from one index to the next in one step, although only one is named", async () => {
  const { level, posted, userAliases } = clusters(
    { "logs-1": { logs: { is_write_index: false } }, "logs-2": { logs: { is_write_index: true } } },
    { "logs-1": { logs: { is_write_index: true } }, "logs-2": {} },
  );
  await level("logs-2");
  assert.equal(posted().length, 1);
  assert.deepEqual(userAliases(), {
    "logs-1": { logs: { is_write_index: false } },
    "logs-2": { logs: { is_write_index: true } },
  });
});

test("levelAliases() takes an alias away from an index that does not have it on PRIMARY, or is gone there", async () => {
  const { level, userAliases } = clusters(
    { "books-2": { books: {} }, "books-1": {} },
    { "books-2": {}, "books-1": { books: {} }, "books-0": { books: {} } },
  );
  await level("books-2");
  assert.deepEqual(userAliases(), { "books-2": { books: {} }, "books-1": {}, "books-0": {} });
});

test("levelAliases() leaves alone what is level, aliases it has nothing to do with, and replication's own", async () => {
  const { level, posted, backup } = clusters(
    { books: { a: {} }, films: { "understudy-I-x": {} } },
    { books: { a: {} }, films: { b: {} } },
  );
  await level("books");
  assert.equal(posted().length, 0);
  await level("films");
  assert.deepEqual(backup.definitions.get("films")?.aliases, { "understudy-I-u-films": {} });
});

test("levelAliases() asks nothing more where no alias is concerned", async () => {
  const { level, primary, backup } = clusters({ books: {} }, { books: {} });
  await level("books");
  assert.equal(primary.cluster.requests.length, 1);
  assert.equal(backup.cluster.requests.length, 1);
});

test("levelAliases() asks for no alias of an index that BACKUP does not have: one would refuse all", async () => {
  const { level, userAliases } = clusters(
    { "logs-1": { logs: {} }, "logs-2": { logs: {} } },
    { "logs-2": {} },
  );
  await level("logs-1", "logs-2");
  assert.deepEqual(userAliases(), { "logs-2": { logs: {} } });
});

test("levelAliases() throws what BACKUP refuses and what a cluster does not answer", async () => {
  const refused = clusters({ books: { films: {} } }, { books: {} });
  refused.backup.refuseChange(() => clusterError(400, "invalid_alias_name_exception"));
  await assert.rejects(refused.level("books"), ClusterAnswerError);
  const silent = clusters({ books: { films: {} } }, { books: {} });
  silent.primary.cluster.answer(noAnswer("primary", "timeout"));
  await assert.rejects(silent.level("books"), ClusterError);
  assert.equal(silent.posted().length, 0);
});

test("levelAliases() leaves the hiding of aliases out on Elasticsearch 6, and asks once", async () => {
  const hidden = { is_hidden: true, index_routing: "7" };
  const { backup, level, posted, userAliases } = clusters({ books: { hidden } }, { books: {} });
  backup.cluster.runs({ product: "elasticsearch", version: "6.8.23" });
  await level("books");
  await level("books");
  assert.deepEqual(userAliases(), { books: { hidden: { index_routing: "7" } } });
  assert.equal(posted().length, 1);
});
