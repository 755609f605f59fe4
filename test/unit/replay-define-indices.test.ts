import assert from "node:assert/strict";
import { test } from "node:test";
import { ClusterError } from "../../functions/core/cluster/port.ts";
import { TruthUnsettled } from "../../functions/core/truth/settled-progress.ts";
import { defineIndices } from "../../functions/replay/define-indices.ts";
import { replayBatch } from "../../functions/replay/replay-batch.ts";
import { markedDefinition } from "../support/fake-backup.ts";
import { clusterError, noAnswer, textOf } from "../support/fake-cluster.ts";
import { fakeIndex } from "../support/fake-primary.ts";
import { fakeReplayServices, nowMs, recordMessage } from "../support/fake-replay-services.ts";

const record = (pattern: string) => ({ kind: "define", writtenAtMs: nowMs, reason: "r", pattern }) as const;

/** PRIMARY and BACKUP have the indices `a` and `b`, as incarnations `ua` and `ub`. */
function twoIndices() {
  const world = fakeReplayServices();
  world.primary.indices.clear();
  world.backup.definitions.clear();
  for (const name of ["a", "b"]) {
    world.primary.indices.set(name, fakeIndex({ uuid: `u${name}`, createdMs: nowMs }));
    world.backup.definitions.set(name, markedDefinition(`u${name}`));
  }
  const define = (pattern: string) => defineIndices(record(pattern), world.services);
  const ensured = () => world.incarnations.calls.filter((call) => call.startsWith("ensure"));
  return { ...world, define, ensured };
}

test("defineIndices() makes ready every index that the pattern names, having forgotten what it knew", async () => {
  const { define, incarnations } = twoIndices();
  await define("*");
  assert.deepEqual(incarnations.calls, ["forget ua", "ensure ua", "forget ub", "ensure ub"]);
  incarnations.calls.length = 0;
  await define("b");
  assert.deepEqual(incarnations.calls, ["forget ub", "ensure ub"]);
});

test("defineIndices() deletes what is gone on PRIMARY before it makes anything: the name may be an alias now", async () => {
  const { define, primary, backup } = twoIndices();
  primary.indices.delete("a");
  primary.index("b").aliases = { a: {} };
  await define("a,b");
  assert.deepEqual([...backup.definitions.keys()], ["b"]);
  assert.deepEqual(backup.definitions.get("b")?.aliases["a"], {});
  const lines = backup.changes();
  assert.ok(lines.indexOf("DELETE /a") < lines.lastIndexOf("POST /_aliases"), lines.join());
});

test("defineIndices() deletes nothing that replication did not make, and nothing of another incarnation", async () => {
  const { define, backup } = twoIndices();
  backup.definitions.set("own", { aliases: {}, mappings: {}, settings: {} });
  await define("*");
  assert.deepEqual([...backup.definitions.keys()], ["a", "b", "own"]);
  assert.deepEqual(backup.changes(), []);
});

test("defineIndices() deletes nothing while PRIMARY is only just starting", async () => {
  const { define, primary, backup } = twoIndices();
  primary.cluster.answer(({ path }) =>
    path.startsWith("/_cluster")
      ? { body: { cluster_name: "c", blocks: { global: { "1": {} } } } }
      : { body: {} },
  );
  await assert.rejects(define("*"), ClusterError);
  assert.deepEqual([...backup.definitions.keys()], ["a", "b"]);
});

test("defineIndices() deletes no index that is back on PRIMARY by now as the same incarnation", async () => {
  const { define, primary, backup } = twoIndices();
  const back = primary.index("a");
  primary.indices.delete("a");
  // The first state says gone; by the second one a restart of PRIMARY is over.
  primary.onAsked("state", (times) => times === 2 && primary.indices.set("a", back));
  await define("*");
  assert.deepEqual([...backup.definitions.keys()], ["a", "b"]);
});

test("defineIndices() has an index reconciled whose successor came while the old one was deleted", async () => {
  const { define, primary, backup, queue } = twoIndices();
  primary.indices.delete("a");
  const successor = fakeIndex({ uuid: "ua2" });
  primary.onAsked("state", (times) => times === 3 && primary.indices.set("a", successor));
  await define("a");
  assert.deepEqual([...backup.definitions.keys()], ["b"]);
  const [sent] = queue.records();
  assert.ok(sent?.kind === "reconcile-index");
  assert.equal(sent.index, "a");
  assert.equal(sent.cursor, undefined);
});

test("defineIndices() goes on after an index that BACKUP refuses, and comes again for it", async () => {
  const { define, primary, backup, ensured } = twoIndices();
  primary.indices.set("c", fakeIndex({ uuid: "uc" }));
  primary.indices.delete("a");
  primary.index("c").aliases = { library: {} };
  backup.definitions.set("c", markedDefinition("uc"));
  backup.refuseChange((line) =>
    line === "DELETE /a" ? clusterError(403, "index_delete_blocked_exception", "a is kept") : undefined,
  );
  await assert.rejects(
    define("*"),
    (error) => error instanceof TruthUnsettled && error.message.includes("a is kept"),
  );
  assert.deepEqual(ensured(), ["ensure ub", "ensure uc"]);
  assert.deepEqual(backup.definitions.get("c")?.aliases["library"], {});
});

test("defineIndices() levels the others' aliases although one index is being made by another consumer", async () => {
  const { define, primary, backup, incarnations } = twoIndices();
  primary.index("b").aliases = { library: {} };
  const layout = { shards: 1, routingShards: 1, partitionSize: 1 };
  incarnations.says(async ({ uuid }) =>
    uuid === "ua" ? { kind: "unknown", reason: "a is being created" } : { kind: "ready", layout },
  );
  await assert.rejects(define("*"), /a is being created/);
  assert.deepEqual(backup.definitions.get("b")?.aliases["library"], {});
});

test("defineIndices() stops at once when a cluster gives no answer", async () => {
  const { define, incarnations, ensured } = twoIndices();
  incarnations.says(async () => {
    throw new ClusterError("backup", "timeout", "it is frozen");
  });
  await assert.rejects(define("*"), ClusterError);
  assert.equal(ensured().length, 1);
});

test("defineIndices() levels aliases of all indices in one request: a write alias is on one of them at any time", async () => {
  const { define, primary, backup } = twoIndices();
  primary.index("a").aliases = { w: { is_write_index: false } };
  primary.index("b").aliases = { w: { is_write_index: true } };
  Object.assign(backup.definitions.get("a")?.aliases ?? {}, { w: { is_write_index: true } });
  await define("*");
  assert.deepEqual(backup.changes(), ["POST /_aliases"]);
  const { actions } = JSON.parse(textOf(backup.cluster.requests.find(({ path }) => path === "/_aliases")));
  assert.deepEqual(actions, [
    { add: { index: "a", alias: "w", is_write_index: false } },
    { add: { index: "b", alias: "w", is_write_index: true } },
  ]);
});

test("defineIndices() levels settings one by one: one that BACKUP does not know holds up no other", async () => {
  const { define, primary, backup, services } = twoIndices();
  primary.index("a").settings = { "index.refresh_interval": "7s", "index.odd": "1", "index.priority": "3" };
  Object.assign(backup.definitions.get("a")?.settings ?? {}, { "index.priority": "3" });
  backup.refuseChange((_, body) =>
    body.includes("index.odd") ? clusterError(400, "illegal_argument_exception") : undefined,
  );
  await define("a");
  assert.deepEqual(backup.changes(), ["PUT /a/_settings", "PUT /a/_settings"]);
  assert.equal(backup.definitions.get("a")?.settings["index.refresh_interval"], "7s");
  assert.deepEqual(
    services.untranslated.all().map(({ index, path }) => ({ index, path })),
    [{ index: "a", path: "settings/index.odd" }],
  );
  backup.refuseChange(() => clusterError(503, "no_master"));
  await assert.rejects(define("a"), TruthUnsettled);
});

test("defineIndices() resets settings that PRIMARY does not have any more, but none of BACKUP's own", async () => {
  const { define, backup } = twoIndices();
  const settings = backup.definitions.get("a")?.settings ?? {};
  Object.assign(settings, {
    "index.refresh_interval": "7s",
    "index.gc_deletes": "1d",
    "index.hidden": "true",
    "index.blocks.write": "true",
    "index.routing.allocation.include._tier_preference": "data_content",
  });
  await define("a");
  assert.deepEqual(backup.changes(), ["PUT /a/_settings"]);
  assert.equal(settings["index.refresh_interval"], null);
  assert.equal(settings["index.gc_deletes"], "1d");
});

test("defineIndices() puts right at once what it set, when PRIMARY's settings changed after it had read them", async () => {
  const { define, primary, backup } = twoIndices();
  primary.index("a").settings = { "index.refresh_interval": "10s" };
  backup.refuseChange((line) => {
    if (line === "PUT /a/_settings") primary.index("a").settings = { "index.refresh_interval": "1s" };
    return undefined;
  });
  await define("a");
  assert.equal(backup.definitions.get("a")?.settings["index.refresh_interval"], "1s");
});

test("defineIndices() means the system's indices only by name, and replication's own never", async () => {
  const { define, primary, backup, ensured } = twoIndices();
  for (const name of [".system", "understudy-tombstones-2026.11"]) {
    primary.indices.set(name, fakeIndex({ uuid: `u${name}` }));
    backup.definitions.set(name, { aliases: {}, mappings: {}, settings: {} });
  }
  await define("*");
  assert.deepEqual(ensured(), ["ensure ua", "ensure ub"]);
  await define(".system,understudy-tombstones-2026.11");
  assert.deepEqual(ensured().slice(2), ["ensure u.system"]);
  // Once replication made it, a wildcard keeps it level.
  backup.definitions.set(".system", markedDefinition("u.system"));
  await define("*");
  assert.equal(ensured().length, 6);
});

test("defineIndices() of a pattern that names nothing changes nothing", async () => {
  const { define, backup, incarnations } = twoIndices();
  await define("nothing-*");
  assert.deepEqual([backup.changes(), incarnations.calls], [[], []]);
});

test("replayBatch() keeps a define record waiting while BACKUP refuses a part of it", async () => {
  const { services, primary, backup } = twoIndices();
  primary.indices.delete("a");
  backup.refuseChange(() => clusterError(403, "x"));
  const message = await recordMessage(record("*"), services);
  assert.equal((await replayBatch([message], services))[0]?.kind, "retry");
  backup.refuseChange(() => undefined);
  assert.deepEqual(await replayBatch([message], services), [{ kind: "done" }]);
  primary.cluster.answer(noAnswer("primary", "refused"));
  assert.equal((await replayBatch([message], services))[0]?.kind, "retry");
});

test("defineIndices() closes and opens BACKUP's index as PRIMARY's is", async () => {
  const { define, primary, backup } = twoIndices();
  primary.index("a").closed = true;
  await define("*");
  assert.deepEqual(backup.changes(), ["POST /a/_close"]);
  primary.index("a").closed = false;
  await define("a");
  assert.equal(backup.definitions.get("a")?.closed, false);
});

test("defineIndices() has an index reconciled that it opens on BACKUP, and queues that first", async () => {
  const { define, primary, backup, queue } = twoIndices();
  primary.index("a").closed = true;
  await define("a");
  assert.deepEqual(queue.records(), []);
  primary.index("a").closed = false;
  backup.refuseChange((line) => {
    if (line === "POST /a/_open") assert.equal(queue.sent.length, 1);
    return undefined;
  });
  await define("a");
  const [sent] = queue.records();
  assert.ok(sent?.kind === "reconcile-index" && sent.index === "a" && sent.cursor === undefined);
});

test("defineIndices() opens again what it closed on BACKUP when PRIMARY opened it meanwhile", async () => {
  const { define, primary, backup } = twoIndices();
  primary.index("a").closed = true;
  backup.refuseChange((line) => {
    if (line === "POST /a/_close") primary.index("a").closed = false;
    return undefined;
  });
  await define("a");
  assert.equal(backup.definitions.get("a")?.closed, false);
});

test("defineIndices() comes again when PRIMARY keeps opening and closing an index", async () => {
  const { define, primary, backup } = twoIndices();
  primary.index("a").closed = true;
  backup.refuseChange((line) => {
    if (line === "POST /a/_close") primary.index("a").closed = false;
    if (line === "POST /a/_open") primary.index("a").closed = true;
    return undefined;
  });
  await assert.rejects(define("a"), TruthUnsettled);
});

test("defineIndices() makes a data stream an alias of its backing indices, which a wildcard means as well", async () => {
  const { define, primary, backup, ensured } = twoIndices();
  const stream = { data_stream: "logs" };
  primary.indices.set(".ds-logs-000001", fakeIndex({ uuid: "us", createdMs: nowMs, ...stream }));
  backup.definitions.set(".ds-logs-000001", markedDefinition("us"));
  await define("*");
  assert.ok(ensured().includes("ensure us"));
  assert.deepEqual(backup.definitions.get(".ds-logs-000001")?.aliases["logs"], {});
  primary.indices.delete(".ds-logs-000001");
  await define("logs");
  assert.equal(backup.definitions.has(".ds-logs-000001"), false);
});
