import assert from "node:assert/strict";
import { test } from "node:test";
import { ClusterAnswerError } from "../../functions/core/cluster/json-request.ts";
import { ClusterError } from "../../functions/core/cluster/port.ts";
import { dropOldMonths } from "../../functions/core/tombstone/drop-old-months.ts";
import { createTombstones, tombstoneIndex, tombstoneKey } from "../../functions/core/tombstone/tombstones.ts";
import {
  clusterError,
  type FakeAnswer,
  fakeCluster,
  lineOf,
  noAnswer,
  textOf,
} from "../support/fake-cluster.ts";

const march = Date.parse("2026-03-15T12:00:00Z");

/** BACKUP that writes every tombstone, and finds those in `held`: index to key to version. */
function backupOf(held: Readonly<Record<string, Readonly<Record<string, string>>>> = {}) {
  return fakeCluster("backup", (request): FakeAnswer => {
    if (request.method === "PUT" || request.method === "DELETE") return {};
    if (request.method === "GET") return { body: {} };
    if (request.path.endsWith("/_bulk")) {
      const writes = textOf(request).split("\n").length >> 1;
      return { body: { items: Array.from({ length: writes }, () => ({ index: { status: 201 } })) } };
    }
    const { docs } = JSON.parse(textOf(request));
    return {
      body: {
        // As `filter_path` leaves them: a row without a tombstone is not there.
        docs: docs.flatMap(({ _index, _id }: { _index: string; _id: string }) => {
          const version = held[_index]?.[_id];
          return version === undefined ? [] : [{ _source: { key: _id, version } }];
        }),
      },
    };
  });
}

const deletion = { key: "k1", version: "4611686018427387903" };

test("write() makes the month's side index first, then writes each version, as digits", async () => {
  const backup = backupOf();
  const tombstones = createTombstones(backup, () => march);
  await tombstones.write([deletion, { key: 'k"2', version: "5" }]);
  assert.deepEqual(backup.requests.map(lineOf), [
    "PUT /understudy-tombstones-2026.03",
    "GET /understudy-tombstones-%2A",
    "POST /understudy-tombstones-2026.03/_bulk",
  ]);
  const lines = textOf(backup.requests[2]).trimEnd().split("\n");
  assert.deepEqual(
    lines.map((line) => JSON.parse(line)),
    [
      { index: { _id: "k1", version: deletion.version, version_type: "external" } },
      { key: "k1", version: deletion.version },
      { index: { _id: 'k"2', version: "5", version_type: "external" } },
      { key: 'k"2', version: "5" },
    ],
  );
});

test("write() makes a side index once a month, and takes one that exists already", async () => {
  let now = march;
  const backup = backupOf();
  const tombstones = createTombstones(backup, () => now);
  await tombstones.write([deletion]);
  await tombstones.write([deletion]);
  now = Date.parse("2026-04-01T00:00:00Z");
  await tombstones.write([deletion]);
  assert.deepEqual(
    backup.requests.filter(({ method }) => method === "PUT").map(({ path }) => path),
    ["/understudy-tombstones-2026.03", "/understudy-tombstones-2026.04"],
  );
  const exists = fakeCluster("backup", ({ method }) =>
    method === "PUT"
      ? clusterError(400, "resource_already_exists_exception")
      : { body: { items: [{ index: { status: 201 } }] } },
  );
  await createTombstones(exists, () => march).write([deletion]);
});

test("write() hides the side index: a search over all of BACKUP's indices does not meet it", async () => {
  const backup = backupOf();
  await createTombstones(backup, () => march).write([deletion]);
  const { settings, mappings } = JSON.parse(textOf(backup.requests[0]));
  assert.equal(settings.index.hidden, true);
  assert.equal(mappings.dynamic, false);
});

test("write() makes the side index without `hidden` where BACKUP does not know the word", async () => {
  const backup = fakeCluster("backup", (request) => {
    if (request.method === "GET") return { body: {} };
    if (request.method !== "PUT") return { body: { items: [{ index: { status: 201 } }] } };
    return textOf(request).includes("hidden") ? clusterError(400, "illegal_argument_exception") : {};
  });
  const tombstones = createTombstones(backup, () => march);
  await tombstones.write([deletion]);
  assert.deepEqual(
    backup.requests.map(({ method }) => method),
    ["PUT", "PUT", "GET", "POST"],
  );
  assert.equal(textOf(backup.requests[1]).includes("hidden"), false);
  await tombstones.write([deletion]);
  assert.equal(backup.requests.length, 5);
});

test("write() writes no tombstone where its side index cannot be made: nothing is created with guessed mappings", async () => {
  for (const status of [403, 429, 503]) {
    const backup = fakeCluster("backup", () => clusterError(status, "x"));
    await assert.rejects(createTombstones(backup, () => march).write([deletion]), ClusterAnswerError);
    assert.deepEqual(
      backup.requests.map(({ method }) => method),
      ["PUT"],
    );
  }
});

test("write() takes a conflict for durable: a newer tombstone is there", async () => {
  const body = { items: [{ index: { status: 409, error: { type: "version_conflict_engine_exception" } } }] };
  await createTombstones(
    fakeCluster("backup", () => ({ body })),
    () => march,
  ).write([deletion]);
});

const failures: Readonly<Record<string, FakeAnswer>> = {
  "an item fails": {
    body: {
      items: [
        { index: { status: 201 } },
        { index: { status: 429, error: { type: "circuit_breaking_exception" } } },
      ],
    },
  },
  "an item is missing": { body: { items: [{ index: { status: 201 } }] } },
  "the request is refused": clusterError(503, "unavailable_shards_exception"),
  "the answer is no bulk answer": { body: "ok" },
};

for (const [what, answer] of Object.entries(failures)) {
  test(`write() throws when ${what}: no deletion may be sent then`, async () => {
    const backup = fakeCluster("backup", ({ method }) => (method === "PUT" ? {} : answer));
    const tombstones = createTombstones(backup, () => march);
    await assert.rejects(
      tombstones.write([deletion, { key: "k2", version: "5" }]),
      (error) => error instanceof ClusterError || error instanceof ClusterAnswerError,
    );
  });
}

test("write() makes the side index again after it vanished", async () => {
  const backup = backupOf();
  const tombstones = createTombstones(backup, () => march);
  await tombstones.write([deletion]);
  const body = { items: [{ index: { status: 404, error: { type: "index_not_found_exception" } } }] };
  backup.answer(() => ({ body }));
  await assert.rejects(tombstones.write([deletion]), ClusterError);
  backup.answer(({ method }) => {
    if (method === "GET") return { body: {} };
    return method === "PUT" ? {} : { body: { items: [{ index: { status: 201 } }] } };
  });
  await tombstones.write([deletion]);
  assert.deepEqual(
    backup.requests.slice(-3).map(({ method }) => method),
    ["PUT", "GET", "POST"],
  );
});

test("find() gives the newest tombstone of each key, over all months since", async () => {
  const backup = backupOf({
    "understudy-tombstones-2026.01": { k1: "10", k3: "1" },
    "understudy-tombstones-2026.02": { k1: "9" },
    "understudy-tombstones-2026.03": { k1: "2", k2: "7" },
  });
  const tombstones = createTombstones(backup, () => march);
  const since = Date.parse("2026-01-31T23:59:00Z");
  assert.deepEqual(
    await tombstones.find(["k1", "k2", "k3", "k4"], since),
    new Map([
      ["k1", "10"],
      ["k3", "1"],
      ["k2", "7"],
    ]),
  );
});

test("find() looks a quarter of an hour further back, for clocks that disagree at a month's turn", async () => {
  const backup = backupOf({ "understudy-tombstones-2026.02": { k1: "9" } });
  const tombstones = createTombstones(backup, () => Date.parse("2026-03-01T00:10:00Z"));
  assert.equal((await tombstones.find(["k1"], Date.parse("2026-03-01T00:09:59Z"))).size, 1);
  const later = createTombstones(backup, () => Date.parse("2026-03-01T02:00:00Z"));
  assert.equal((await later.find(["k1"], Date.parse("2026-03-01T01:00:00Z"))).size, 0);
});

test("find() looks a quarter of an hour further ahead, for a writer whose clock has turned the month already", async () => {
  const backup = backupOf({ "understudy-tombstones-2026.04": { k1: "9" } });
  const at = (time: string) => createTombstones(backup, () => Date.parse(time));
  const since = Date.parse("2026-03-31T23:40:00Z");
  assert.equal((await at("2026-03-31T23:50:00Z").find(["k1"], since)).size, 1);
  assert.equal((await at("2026-03-31T23:40:00Z").find(["k1"], since)).size, 0);
});

test("find() overlooks no month of any span up to a quarter", async () => {
  for (const [from, to] of [
    ["2026-01-31T23:50:00Z", "2026-03-01T00:01:00Z"],
    ["2025-11-30T12:00:00Z", "2026-02-01T00:00:01Z"],
    ["2026-02-28T23:59:59Z", "2026-04-01T00:00:00Z"],
  ] as const) {
    const backup = backupOf();
    await createTombstones(backup, () => Date.parse(to)).find(["k"], Date.parse(from));
    const asked = new Set(
      JSON.parse(textOf(backup.requests.find(({ path }) => path === "/_mget"))).docs.map(
        (doc: { _index: string }) => doc._index,
      ),
    );
    for (let at = Date.parse(from); at <= Date.parse(to); at += 3_600_000) {
      assert.ok(asked.has(tombstoneIndex(at)), `${tombstoneIndex(at)} of ${from} to ${to}`);
    }
    assert.ok(asked.has(tombstoneIndex(Date.parse(to))));
  }
});

test("find() takes a side index that does not exist for one without tombstones", async () => {
  const backup = fakeCluster("backup", () => ({
    body: { docs: [{ _id: "k1", error: { type: "index_not_found_exception" } }] },
  }));
  assert.equal((await createTombstones(backup, () => march).find(["k1"], march)).size, 0);
});

test("find() throws when BACKUP cannot say of any key: an index must not stay unchecked", async () => {
  const answers: readonly FakeAnswer[] = [
    { body: { docs: [{ _id: "k1", error: { type: "no_shard_available_action_exception" } }] } },
    { body: "no JSON" },
    clusterError(503, "x"),
  ];
  for (const answer of answers) {
    const tombstones = createTombstones(
      fakeCluster("backup", () => answer),
      () => march,
    );
    await assert.rejects(
      tombstones.find(["k1"], march),
      (error) => error instanceof ClusterError || error instanceof ClusterAnswerError,
    );
  }
  const down = createTombstones(fakeCluster("backup", noAnswer("backup", "refused")), () => march);
  await assert.rejects(down.find(["k1"], march), ClusterError);
});

test("tombstoneKey() tells incarnations, shards and ids apart, and stays short for any id", () => {
  const keys = [
    tombstoneKey("u1", 0, "1"),
    tombstoneKey("u2", 0, "1"),
    tombstoneKey("u1", 1, "1"),
    tombstoneKey("u1", 0, "2"),
    tombstoneKey("u1", 0, "x".repeat(512)),
    tombstoneKey("u1", 0, "x".repeat(511)),
    tombstoneKey("u1", 0, "漢".repeat(128)),
  ];
  assert.equal(new Set(keys).size, keys.length);
  for (const key of keys) assert.ok(Buffer.byteLength(key) <= 512);
  assert.equal(tombstoneKey("u1", 0, "1"), tombstoneKey("u1", 0, "1"));
});

test("dropOldMonths() deletes the months that no look-up goes back to, by BACKUP's own times", async () => {
  const at = (text: string) => ({
    aliases: {},
    mappings: {},
    settings: { "index.creation_date": String(Date.parse(text)) },
  });
  const body = {
    "understudy-tombstones-2026.03": at("2026-03-15"),
    "understudy-tombstones-2025.12": at("2025-12-01"),
    "understudy-tombstones-2025.11": at("2025-11-06"),
    "understudy-tombstones-2025.10": at("2025-10-02"),
  };
  const backup = fakeCluster("backup", ({ method }) => (method === "GET" ? { body } : {}));
  await dropOldMonths(backup, "understudy-tombstones-2026.03");
  const [, ...dropped] = backup.requests.map(lineOf);
  // 129 days: 13 weeks and a spare one after a month of use.
  assert.deepEqual(dropped, ["DELETE /understudy-tombstones-2025.10"]);
});

test("dropOldMonths() deletes nothing while BACKUP does not show the index that was just made", async () => {
  const old = { aliases: {}, mappings: {}, settings: { "index.creation_date": "1" } };
  const backup = fakeCluster("backup", () => ({ body: { "understudy-tombstones-2020.01": old } }));
  await dropOldMonths(backup, "understudy-tombstones-2026.03");
  assert.equal(backup.requests.length, 1);
});

test("write() does not depend on the old months' deletion", async () => {
  const backup = fakeCluster("backup", ({ method, path }) => {
    if (method === "GET") return clusterError(503, "no_master");
    return path.endsWith("/_bulk") ? { body: { items: [{ index: { status: 201 } }] } } : {};
  });
  await createTombstones(backup, () => march).write([deletion]);
});
