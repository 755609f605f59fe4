import assert from "node:assert/strict";
import { test } from "node:test";
import { ClusterAnswerError } from "../../functions/core/cluster/json-request.ts";
import { ClusterError, type ClusterRequest } from "../../functions/core/cluster/port.ts";
import { createIncarnations } from "../../functions/core/definition/incarnations.ts";
import type { PrimaryState } from "../../functions/core/definition/primary-state.ts";
import { type JsonObject, markOf } from "../../functions/core/definition/translate.ts";
import {
  clusterError,
  type FakeAnswer,
  fakeCluster,
  lineOf,
  noAnswer,
  textOf,
} from "../support/fake-cluster.ts";

const layout = { shards: 2, routingShards: 8, partitionSize: 1 };
const incarnation = { index: "books", uuid: "u1", createdMs: 100 };
const state: PrimaryState = { incarnation, layout, mappingVersion: 3, terms: { "0": 1, "1": 1 } };

function definition(mappings: JsonObject, aliases: JsonObject = {}): FakeAnswer {
  return { body: { books: { aliases, mappings, settings: { "index.number_of_shards": "2" } } } };
}

function marked(uuid: string, createdMs: number): FakeAnswer {
  const understudy = markOf({ index: "books", uuid, createdMs }, layout);
  return definition({ _meta: { understudy } }, { [`understudy-I-${uuid}`]: {} });
}

const notThere = () => clusterError(404, "index_not_found_exception");
const primaryDefinition = definition({ properties: { a: { type: "keyword" } } });

/** Two clusters: PRIMARY has the index; BACKUP answers `GET /books` and its changes as the test says. */
function world(backupGet: () => FakeAnswer, change: (request: ClusterRequest) => FakeAnswer = () => ({})) {
  const primary = fakeCluster("primary", () => primaryDefinition);
  const backup = fakeCluster("backup", (request) =>
    request.method === "GET" ? backupGet() : change(request),
  );
  const incarnations = createIncarnations(primary, backup);
  const changes = () => backup.requests.filter(({ method }) => method !== "GET");
  return { primary, backup, incarnations, changes };
}

test("ensure() creates BACKUP's index with PRIMARY's mapping, the mark and the alias, and says `created`", async () => {
  const { incarnations, changes } = world(notThere);
  assert.deepEqual(await incarnations.ensure(incarnation, state), {
    kind: "created",
    layout,
    replaced: false,
  });
  assert.deepEqual(changes().map(lineOf), ["PUT /books"]);
  const body = JSON.parse(textOf(changes()[0]));
  assert.deepEqual(body.mappings.properties, { a: { type: "keyword" } });
  assert.deepEqual(body.mappings._meta.understudy, markOf(incarnation, layout));
  assert.deepEqual(body.aliases, { "understudy-I-u1": {} });
  assert.equal(body.settings["index.number_of_routing_shards"], 8);
});

test("ensure() remembers what it made ready, until the mapping grows or it is told to forget", async () => {
  const { incarnations, backup } = world(() => marked("u1", 100));
  assert.deepEqual(await incarnations.ensure(incarnation, state), { kind: "ready", layout });
  const asked = backup.requests.length;
  assert.deepEqual(await incarnations.ensure(incarnation, state), { kind: "ready", layout });
  assert.deepEqual(await incarnations.ensure(incarnation, { ...state, mappingVersion: 2 }), {
    kind: "ready",
    layout,
  });
  assert.equal(backup.requests.length, asked);
  await incarnations.ensure(incarnation, { ...state, mappingVersion: 4 });
  assert.ok(backup.requests.some((request) => lineOf(request) === "PUT /books/_mapping"));
  const again = backup.requests.length;
  assert.ok(again > asked);
  incarnations.forget("u1");
  await incarnations.ensure(incarnation, { ...state, mappingVersion: 4 });
  assert.ok(backup.requests.length > again);
});

test("ensure() adopts BACKUP's unmarked index: the alias first, then PRIMARY's mapping with the mark", async () => {
  const { incarnations, changes } = world(() => definition({}));
  assert.equal((await incarnations.ensure(incarnation, state)).kind, "created");
  assert.deepEqual(changes().map(lineOf), ["PUT /books/_alias/understudy-I-u1", "PUT /books/_mapping"]);
  assert.deepEqual(JSON.parse(textOf(changes()[1])), {
    properties: { a: { type: "keyword" } },
    _meta: { understudy: markOf(incarnation, layout) },
  });
});

test("ensure() adopts although the mapping cannot be merged: the mark alone is put then", async () => {
  const { incarnations, changes } = world(
    () => marked("u1", 100),
    (request) =>
      textOf(request).includes("properties") ? clusterError(400, "illegal_argument_exception") : {},
  );
  assert.equal((await incarnations.ensure(incarnation, state)).kind, "ready");
  assert.deepEqual(JSON.parse(textOf(changes().at(-1))), {
    _meta: { understudy: markOf(incarnation, layout) },
  });
});

test("ensure() replaces another incarnation's index and says so", async () => {
  const { incarnations, changes } = world(() => marked("u0", 50));
  assert.deepEqual(await incarnations.ensure(incarnation, state), {
    kind: "created",
    layout,
    replaced: true,
  });
  assert.deepEqual(changes().map(lineOf), ["POST /_aliases", "PUT /books"]);
  assert.deepEqual(JSON.parse(textOf(changes()[0])), {
    actions: [
      { remove: { index: "books", alias: "understudy-I-u0", must_exist: true } },
      { remove_index: { index: "books" } },
    ],
  });
});

test("ensure() announces an index before it makes, adopts or replaces one, and never else", async () => {
  for (const [get, expected] of [
    [notThere, ["announced false", "PUT /books"]],
    [() => definition({}), ["announced false", "PUT /books/_alias/understudy-I-u1", "PUT /books/_mapping"]],
    [() => marked("u0", 50), ["announced true", "POST /_aliases", "PUT /books"]],
    [() => marked("u1", 100), ["PUT /books/_mapping"]],
  ] as const) {
    const events: string[] = [];
    const { incarnations } = world(get, (request) => {
      events.push(lineOf(request));
      return {};
    });
    const announce = async (replaced: boolean) => void events.push(`announced ${replaced}`);
    await incarnations.ensure(incarnation, state, announce);
    await incarnations.ensure(incarnation, state, announce);
    assert.deepEqual(events, expected);
  }
});

test("ensure() changes nothing on BACKUP when the announcement fails", async () => {
  const { incarnations, changes } = world(notThere);
  const announce = () => Promise.reject(new Error("the queue is down"));
  await assert.rejects(incarnations.ensure(incarnation, state, announce), /the queue is down/);
  assert.deepEqual(changes(), []);
});

test("ensure() is `dead` when PRIMARY's index is gone, or another one by now", async () => {
  const { incarnations, backup } = world(() => marked("u1", 100));
  assert.deepEqual(await incarnations.ensure(incarnation, "gone"), { kind: "dead" });
  const successor = { ...state, incarnation: { ...incarnation, uuid: "u2" } };
  assert.deepEqual(await incarnations.ensure(incarnation, successor), { kind: "dead" });
  assert.equal(backup.requests.length, 0);
});

test("ensure() is `dead` when the index went between the state and its definition", async () => {
  const { incarnations, primary, changes } = world(notThere);
  primary.answer(notThere);
  assert.deepEqual(await incarnations.ensure(incarnation, state), { kind: "dead" });
  assert.deepEqual(changes(), []);
});

test("ensure() is `unknown` when another consumer creates or replaces the index at the same time", async () => {
  const creating = world(notThere, () => clusterError(400, "resource_already_exists_exception"));
  assert.equal((await creating.incarnations.ensure(incarnation, state)).kind, "unknown");
  // The alias is gone, and by the time of the second look the name stands for a third incarnation.
  let looks = 0;
  const replacing = world(
    () => marked(looks++ === 0 ? "u0" : "u9", 50),
    () => clusterError(404, "aliases_not_found_exception"),
  );
  assert.equal((await replacing.incarnations.ensure(incarnation, state)).kind, "unknown");
  assert.deepEqual(replacing.changes().map(lineOf), ["POST /_aliases"]);
});

test("ensure() remembers no `unknown`: the next call looks again", async () => {
  let first = true;
  const { incarnations } = world(
    () => (first ? notThere() : marked("u1", 100)),
    () => {
      if (!first) return {};
      first = false;
      return clusterError(400, "resource_already_exists_exception");
    },
  );
  assert.equal((await incarnations.ensure(incarnation, state)).kind, "unknown");
  assert.equal((await incarnations.ensure(incarnation, state)).kind, "ready");
});

test("ensure() establishes an incarnation once for all who ask at the same time", async () => {
  const { incarnations, changes } = world(notThere);
  const answers = await Promise.all([1, 2, 3].map(() => incarnations.ensure(incarnation, state)));
  assert.deepEqual(answers.map(({ kind }) => kind).sort(), ["created", "ready", "ready"]);
  assert.deepEqual(changes().map(lineOf), ["PUT /books"]);
});

test("ensure() without PRIMARY is `ready` by its memory or by BACKUP's mark", async () => {
  const { incarnations, backup } = world(() => marked("u1", 100));
  assert.deepEqual(await incarnations.ensure(incarnation, "unavailable"), {
    kind: "ready",
    layout: markOf(incarnation, layout),
  });
  await incarnations.ensure(incarnation, state);
  const asked = backup.requests.length;
  assert.deepEqual(await incarnations.ensure(incarnation, "unavailable"), { kind: "ready", layout });
  assert.equal(backup.requests.length, asked);
});

test("ensure() without PRIMARY is `dead` by a later mark, `unknown` by an earlier one or none", async () => {
  const later = world(() => marked("u2", 101));
  assert.deepEqual(await later.incarnations.ensure(incarnation, "unavailable"), { kind: "dead" });
  for (const get of [() => marked("u0", 99), () => definition({}), notThere]) {
    const { incarnations, changes } = world(get);
    assert.equal((await incarnations.ensure(incarnation, "unavailable")).kind, "unknown");
    assert.deepEqual(changes(), []);
  }
});

test("ensure() throws what a cluster fails with, and works again afterwards", async () => {
  let down = true;
  const { incarnations, primary } = world(notThere, () => (down ? clusterError(503, "no_master") : {}));
  await assert.rejects(incarnations.ensure(incarnation, state), ClusterAnswerError);
  primary.answer(noAnswer("primary", "timeout"));
  await assert.rejects(incarnations.ensure(incarnation, state), ClusterError);
  primary.answer(() => primaryDefinition);
  down = false;
  assert.equal((await incarnations.ensure(incarnation, state)).kind, "created");
});
