import assert from "node:assert/strict";
import { test } from "node:test";
import { ClusterAnswerError, isClusterFailure } from "../../functions/core/cluster/json-request.ts";
import { ClusterError } from "../../functions/core/cluster/port.ts";
import type { Announce, Announcement } from "../../functions/core/definition/announcements.ts";
import { createIncarnations } from "../../functions/core/definition/incarnations.ts";
import type { JsonObject } from "../../functions/core/definition/index-definition.ts";
import type { PrimaryState } from "../../functions/core/definition/primary-state.ts";
import { markOf } from "../../functions/core/definition/translate.ts";
import { createUntranslatedList } from "../../functions/core/definition/untranslated.ts";
import {
  type Answering,
  clusterError,
  type FakeAnswer,
  fakeCluster,
  lineOf,
  noAnswer,
  textOf,
} from "../support/fake-cluster.ts";
import { fakeTelemetry } from "../support/fake-telemetry.ts";

const layout = { shards: 2, routingShards: 8, partitionSize: 1 };
const incarnation = { index: "books", uuid: "u1", createdMs: 100 };
const state: PrimaryState = { incarnation, layout, mappingVersion: 3, terms: { "0": 1, "1": 1 } };

function definition(mappings: JsonObject, aliases: JsonObject = {}, more: JsonObject = {}): FakeAnswer {
  const settings = { "index.number_of_shards": "2", ...more };
  return { body: { books: { aliases, mappings, settings } } };
}

function marked(uuid: string, createdMs: number): FakeAnswer {
  const understudy = markOf({ index: "books", uuid, createdMs }, layout);
  return definition({ _meta: { understudy } }, { [`understudy-I-${uuid}`]: {} });
}

const notThere = () => clusterError(404, "index_not_found_exception");
const mappings = { properties: { a: { type: "keyword" } } };
/** PRIMARY's index, as the incarnation of that UUID. */
const lives = (uuid = "u1", aliases: JsonObject = {}, more: JsonObject = {}) =>
  definition(mappings, aliases, { "index.uuid": uuid, ...more });

/** Two clusters: PRIMARY has the index; BACKUP answers `GET /books` and its changes as the test says. */
function world(
  backupGet: () => FakeAnswer,
  change: Answering = () => ({}),
  held = 0,
  now: () => number = () => 0,
) {
  const primary = fakeCluster("primary", () => lives());
  const backup = fakeCluster("backup", (request) => {
    if (request.path.endsWith("/_refresh")) return {};
    if (request.path.endsWith("/_count")) return { body: { count: held, _shards: { failed: 0 } } };
    return request.method === "GET" ? backupGet() : change(request);
  });
  const untranslated = createUntranslatedList(fakeTelemetry());
  const incarnations = createIncarnations(primary, backup, untranslated, now);
  const changes = () =>
    backup.requests.filter(({ method, path }) => method !== "GET" && !path.endsWith("/_refresh"));
  return { primary, backup, incarnations, changes, untranslated };
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

test("ensure() adopts although the mapping cannot be merged: the mark is put all the same", async () => {
  const { incarnations, changes } = world(
    () => marked("u1", 100),
    (request) =>
      textOf(request).includes("properties") ? clusterError(400, "illegal_argument_exception") : {},
  );
  assert.equal((await incarnations.ensure(incarnation, state)).kind, "ready");
  assert.ok(
    changes().some(
      (request) => textOf(request) === JSON.stringify({ _meta: { understudy: markOf(incarnation, layout) } }),
    ),
  );
});

test("ensure() replaces another incarnation's index and says so", async () => {
  const { incarnations, changes } = world(() => marked("u0", 50));
  assert.deepEqual(await incarnations.ensure(incarnation, state), {
    kind: "created",
    layout,
    replaced: true,
  });
  assert.deepEqual(changes().map(lineOf), ["POST /_aliases", "DELETE /books", "PUT /books"]);
  assert.deepEqual(JSON.parse(textOf(changes()[0])), {
    actions: [{ remove: { index: "books", alias: "understudy-I-u0", must_exist: true } }],
  });
});

test("ensure() announces an index before it makes, adopts or replaces one, after it deleted one, and never else", async () => {
  for (const [get, expected] of [
    [notThere, ["announced false", "PUT /books"]],
    [() => definition({}), ["announced false", "PUT /books/_alias/understudy-I-u1", "PUT /books/_mapping"]],
    [
      () => marked("u0", 50),
      ["announced true", "POST /_aliases", "DELETE /books", "announced true", "PUT /books"],
    ],
    [() => marked("u1", 100), ["PUT /books/_mapping"]],
  ] as const) {
    const events: string[] = [];
    const { incarnations } = world(get, (request) => {
      events.push(lineOf(request));
      return {};
    });
    const announce: Announce = async ({ replaced }) => void events.push(`announced ${replaced}`);
    await incarnations.ensure(incarnation, state, announce);
    await incarnations.ensure(incarnation, state, announce);
    assert.deepEqual(events, expected);
  }
});

test("ensure() announces whether PRIMARY's index began with another one's documents", async () => {
  for (const [settings, resized] of [
    [{}, false],
    [{ "index.resize.source.name": "old-books" }, true],
  ] as const) {
    const { incarnations, primary } = world(notThere);
    primary.answer(() => lives("u1", {}, settings));
    const announcements: Announcement[] = [];
    await incarnations.ensure(incarnation, state, async (given) => void announcements.push(given));
    assert.deepEqual(announcements, [{ replaced: false, resized, adopted: false }]);
  }
});

test("ensure() announces an adopted index as such only when it holds documents of its own", async () => {
  for (const held of [0, 3]) {
    const { incarnations } = world(
      () => definition({}),
      () => ({}),
      held,
    );
    const announcements: Announcement[] = [];
    await incarnations.ensure(incarnation, state, async (given) => void announcements.push(given));
    assert.deepEqual(announcements, [{ replaced: false, resized: false, adopted: held > 0 }]);
  }
});

const failures: Readonly<Record<string, Answering>> = {
  "an outage": () => clusterError(503, "no_master"),
  "a refusal": () => clusterError(400, "validation_exception"),
  "a lost answer": noAnswer("backup", "timeout"),
};
for (const [what, failure] of Object.entries(failures)) {
  test(`ensure() announces an index before the first attempt that meets ${what}, and when it is made at last`, async () => {
    let fails = true;
    const { incarnations, primary } = world(notThere, (request) => (fails ? failure(request) : {}));
    let announcements = 0;
    let queueIsDown = false;
    const announce = async () => {
      if (queueIsDown) throw new Error("the queue is down");
      announcements++;
    };
    const ensure = () => incarnations.ensure(incarnation, state, announce);
    await assert.rejects(ensure(), isClusterFailure);
    await assert.rejects(ensure(), isClusterFailure);
    assert.equal(announcements, 1);
    fails = false;
    queueIsDown = true;
    await assert.rejects(ensure(), /the queue is down/);
    queueIsDown = false;
    assert.equal((await ensure()).kind, "created");
    // Another consumer may have made it, and done what was queued, before BACKUP lost it again.
    assert.equal(announcements, 2);
    incarnations.forget("u1");
    assert.equal((await ensure()).kind, "created");
    assert.equal(announcements, 3);
    primary.answer(() => lives("u2"));
    const successor = { ...incarnation, uuid: "u2" };
    await incarnations.ensure(successor, { ...state, incarnation: successor }, announce);
    assert.equal(announcements, 4);
  });
}

test("ensure() announces once more what failed here and is there all the same", async () => {
  let made = false;
  const { incarnations } = world(
    () => (made ? marked("u1", 100) : notThere()),
    (request) => (request.path === "/books" ? noAnswer("backup", "timeout")(request) : {}),
  );
  let announcements = 0;
  const ensure = () => incarnations.ensure(incarnation, state, async () => void announcements++);
  await assert.rejects(ensure(), ClusterError);
  made = true;
  assert.equal((await ensure()).kind, "ready");
  assert.equal(announcements, 2);
});

test("ensure() owes no announcement for what failed without one", async () => {
  let fails = true;
  const { incarnations } = world(notThere, () => (fails ? clusterError(503, "no_master") : {}));
  await assert.rejects(incarnations.ensure(incarnation, state), ClusterAnswerError);
  fails = false;
  let announcements = 0;
  await assert.rejects(
    incarnations.ensure(incarnation, state, async () => {
      announcements++;
      throw new Error("the queue is down");
    }),
    /the queue is down/,
  );
  assert.equal(announcements, 1);
});

test("renew() makes ready again what was made so before", async () => {
  let nowMs = 1000;
  const { incarnations, changes } = world(
    () => marked("u1", 100),
    undefined,
    0,
    () => nowMs,
  );
  await incarnations.ensure(incarnation, state);
  incarnations.renew("books", 1000);
  incarnations.renew("films", 2000);
  await incarnations.ensure(incarnation, state);
  assert.equal(changes().length, 1);
  incarnations.renew("books", 1001);
  nowMs = 2000;
  await incarnations.ensure(incarnation, state);
  assert.equal(changes().length, 2);
});

test("ensure() announces an index again that it made, and failed after that, when BACKUP has lost it", async () => {
  const { incarnations, primary, changes } = world(notThere);
  primary.answer(() => (changes().length === 1 ? clusterError(503, "no_master") : lives()));
  let announcements = 0;
  const ensure = () => incarnations.ensure(incarnation, state, async () => void announcements++);
  await assert.rejects(ensure(), ClusterAnswerError);
  primary.answer(() => lives());
  assert.equal((await ensure()).kind, "created");
  assert.equal(announcements, 2);
});

test("ensure() announces again where the announcement itself failed", async () => {
  const { incarnations } = world(notThere);
  const failing = () => Promise.reject(new Error("the queue is down"));
  await assert.rejects(incarnations.ensure(incarnation, state, failing), /the queue is down/);
  const announced: Announcement[] = [];
  await incarnations.ensure(incarnation, state, async (given) => void announced.push(given));
  assert.equal(announced.length, 1);
});

test("ensure() changes nothing on BACKUP when the announcement fails", async () => {
  const { incarnations, changes } = world(notThere);
  const announce = () => Promise.reject(new Error("the queue is down"));
  await assert.rejects(incarnations.ensure(incarnation, state, announce), /the queue is down/);
  assert.deepEqual(changes(), []);
});

test("ensure() is `dead` when PRIMARY's index is gone, and takes what BACKUP still has of it away", async () => {
  const { incarnations, changes } = world(() => marked("u1", 100));
  assert.deepEqual(await incarnations.ensure(incarnation, "gone"), { kind: "dead" });
  assert.equal(changes().at(-1)?.method, "DELETE");
});

test("ensure() is `dead` when PRIMARY's index is another one by now, and leaves BACKUP's alone", async () => {
  const { incarnations, backup } = world(() => marked("u1", 100));
  const successor = { ...state, incarnation: { ...incarnation, uuid: "u2" } };
  assert.deepEqual(await incarnations.ensure(incarnation, successor), { kind: "dead" });
  assert.equal(backup.requests.length, 0);
});

test("ensure() is `dead` when the index went, or became another one, between the state and its definition", async () => {
  for (const answer of [notThere, () => lives("u2")]) {
    for (const get of [notThere, () => marked("u0", 50), () => definition({})]) {
      const { incarnations, primary, changes } = world(get);
      primary.answer(answer);
      const announce = () => assert.fail("it was announced");
      assert.deepEqual(await incarnations.ensure(incarnation, state, announce), { kind: "dead" });
      assert.deepEqual(changes(), []);
    }
  }
});

test("ensure() never takes a successor's index away: it reads BACKUP's mark before it asks who lives on PRIMARY", async () => {
  // After the first request, whichever it is, PRIMARY's index is u2 and another consumer has made BACKUP's.
  let requests = 0;
  const successor = () => requests++ > 0;
  const { incarnations, primary, changes } = world(() =>
    successor() ? marked("u2", 200) : marked("u0", 50),
  );
  primary.answer(() => lives(successor() ? "u2" : "u1"));
  assert.deepEqual(await incarnations.ensure(incarnation, state), { kind: "dead" });
  assert.deepEqual(changes(), []);
});

test("ensure() is `unknown` when another consumer creates or replaces the index at the same time", async () => {
  const creating = world(notThere, () => clusterError(400, "resource_already_exists_exception"));
  assert.equal((await creating.incarnations.ensure(incarnation, state)).kind, "unknown");
  // By the time of the second look the name stands for a third incarnation.
  let looks = 0;
  const replacing = world(() => marked(looks++ === 0 ? "u0" : "u9", 50));
  assert.equal((await replacing.incarnations.ensure(incarnation, state)).kind, "unknown");
  assert.deepEqual(replacing.changes(), []);
  const taken = world(
    () => marked("u0", 50),
    () => clusterError(404, "aliases_not_found_exception"),
  );
  assert.equal((await taken.incarnations.ensure(incarnation, state)).kind, "unknown");
  assert.deepEqual(taken.changes().map(lineOf), ["POST /_aliases"]);
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

test("ensure() without PRIMARY is `unknown` by any mark but its own: clocks and restores make no order", async () => {
  const others = [() => marked("u2", 101), () => marked("u0", 99), () => definition({}), notThere];
  for (const get of others) {
    const { incarnations, changes, primary } = world(get);
    assert.equal((await incarnations.ensure(incarnation, "unavailable")).kind, "unknown");
    assert.deepEqual(changes(), []);
    assert.equal(primary.requests.length, 0);
  }
});

test("ensure() takes back what it made for an index that went from PRIMARY meanwhile", async () => {
  for (const answer of [notThere, () => lives("u2")]) {
    let made = false;
    const { incarnations, primary, changes } = world(
      () => (made ? marked("u1", 100) : notThere()),
      ({ method, path }) => {
        if (method === "PUT" && path === "/books") {
          made = true;
          primary.answer(answer);
        }
        return {};
      },
    );
    assert.deepEqual(await incarnations.ensure(incarnation, state), { kind: "dead" });
    assert.deepEqual(changes().map(lineOf), ["PUT /books", "POST /_aliases", "DELETE /books"]);
    assert.equal((await incarnations.ensure(incarnation, "gone")).kind, "dead");
  }
});

test("ensure() takes nothing back while PRIMARY cannot say whether the index went", async () => {
  const { incarnations, primary, changes } = world(notThere, () => {
    primary.answer(noAnswer("primary", "timeout"));
    return {};
  });
  await assert.rejects(incarnations.ensure(incarnation, state), ClusterError);
  assert.deepEqual(changes().map(lineOf), ["PUT /books"]);
});

test("ensure() levels a new index's aliases together with its neighbours', after it is made", async () => {
  for (const [get, before] of [
    [notThere, []],
    [() => marked("u0", 50), ["POST /_aliases", "DELETE /books"]],
  ] as const) {
    let made = false;
    const { incarnations, primary, changes } = world(
      () => (made ? marked("u1", 100) : get()),
      ({ method, path }) => {
        made ||= method === "PUT" && path === "/books";
        return {};
      },
    );
    primary.answer(() => lives("u1", { library: { is_write_index: true } }));
    assert.equal((await incarnations.ensure(incarnation, state)).kind, "created");
    assert.deepEqual(changes().map(lineOf), [...before, "PUT /books", "POST /_aliases"]);
    assert.deepEqual(JSON.parse(textOf(changes().at(-1))), {
      actions: [{ add: { index: "books", alias: "library", is_write_index: true } }],
    });
  }
});

test("ensure() lets documents through although BACKUP refuses an alias, and tries again where a cluster fails", async () => {
  let made = false;
  const after = (refusal: Answering) => {
    made = false;
    const { incarnations, primary } = world(
      () => (made ? marked("u1", 100) : notThere()),
      (request) => {
        if (request.path === "/_aliases") return refusal(request);
        made = true;
        return {};
      },
    );
    primary.answer(() => lives("u1", { films: {} }));
    return incarnations.ensure(incarnation, state);
  };
  assert.equal((await after(() => clusterError(400, "invalid_alias_name_exception"))).kind, "created");
  await assert.rejects(after(noAnswer("backup", "lost")), ClusterError);
});

test("ensure() throws what a cluster fails with, and works again afterwards", async () => {
  let down = true;
  const { incarnations, primary } = world(notThere, () => (down ? clusterError(503, "no_master") : {}));
  await assert.rejects(incarnations.ensure(incarnation, state), ClusterAnswerError);
  primary.answer(noAnswer("primary", "timeout"));
  await assert.rejects(incarnations.ensure(incarnation, state), ClusterError);
  primary.answer(() => lives());
  down = false;
  assert.equal((await incarnations.ensure(incarnation, state)).kind, "created");
});

test("ensure() gives BACKUP's index the analysis before the mapping that names it", async () => {
  const { primary, incarnations, changes } = world(() => marked("u1", 100));
  primary.answer(() => lives("u1", {}, { "index.analysis.analyzer.a.type": "standard" }));
  assert.equal((await incarnations.ensure(incarnation, state)).kind, "ready");
  assert.deepEqual(changes().map(lineOf), [
    "POST /books/_close",
    "PUT /books/_settings",
    "POST /books/_open",
    "PUT /books/_mapping",
  ]);
});

test("ensure() tells what BACKUP cannot have, whether its index is made or kept", async () => {
  for (const present of [notThere, () => marked("u1", 100)]) {
    const { primary, incarnations, untranslated } = world(present);
    primary.answer(() =>
      definition({ properties: { v: { type: "dense_vector" } } }, {}, { "index.uuid": "u1" }),
    );
    await incarnations.ensure(incarnation, state);
    assert.deepEqual(
      untranslated.all().map(({ index, path }) => ({ index, path })),
      [{ index: "books", path: "mappings/v" }],
    );
  }
});

test("ensure() tells again that BACKUP's index was made without PRIMARY's order", async () => {
  const { primary, incarnations, untranslated } = world(() => marked("u1", 100));
  primary.answer(() => lives("u1", {}, { "index.sort.field": "a" }));
  await incarnations.ensure(incarnation, state);
  assert.deepEqual(
    untranslated.all().map(({ path }) => path),
    ["settings/index.sort.field"],
  );
});

test("ensure() puts back what a process that died left of an index made piece by piece", async () => {
  const { incarnations, changes } = world(() => {
    const { body } = marked("u1", 100);
    const text = JSON.stringify(body).replace('"mappings":{', '"mappings":{"dynamic":"false",');
    return { body: text };
  });
  await incarnations.ensure(incarnation, state);
  assert.equal(JSON.parse(textOf(changes().at(-1))).dynamic, true);
});
