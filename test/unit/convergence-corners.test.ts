// Failing tests of defects that are still in functions/ (to be run from test/unit/).
import assert from "node:assert/strict";
import { test } from "node:test";
import { ClusterError } from "../../functions/core/cluster/port.ts";
import { createIncarnations } from "../../functions/core/definition/incarnations.ts";
import { levelAliases } from "../../functions/core/definition/level-aliases.ts";
import { wholeIndexRecord } from "../../functions/core/replication/record.ts";
import { encodeVersion } from "../../functions/core/replication/version.ts";
import { readConfig } from "../../functions/core/runtime/config.ts";
import { tombstoneKey } from "../../functions/core/tombstone/tombstones.ts";
import { runsByQuery } from "../../functions/core/truth/by-query-tasks.ts";
import { defineIndices } from "../../functions/replay/define-indices.ts";
import { reconcilePage } from "../../functions/replay/reconcile-index.ts";
import { replayBatch } from "../../functions/replay/replay-batch.ts";
import { fakeBackup, markedDefinition } from "../support/fake-backup.ts";
import { clusterError, fakeCluster, lineOf } from "../support/fake-cluster.ts";
import { fakeIndex, fakePrimary } from "../support/fake-primary.ts";
import { applyMessage, fakeReplayServices, nowMs, replica } from "../support/fake-replay-services.ts";
import { noUntranslated } from "../support/no-untranslated.ts";

const layout = { shards: 1, routingShards: 1, partitionSize: 1 };

test("reconcilePage() starts over when BACKUP's index was made anew in the middle: earlier pages are missing", async () => {
  const { services, primary, incarnations } = fakeReplayServices();
  primary.index("books").documents.set("1", { seqNo: 0, term: 1, source: "{}" });
  incarnations.says(async () => ({ kind: "created", layout, replaced: true }));
  const cursor = { side: "backup", shard: 0, afterSeqNo: "-1" } as const;
  const { operations, next } = await reconcilePage(
    { ...wholeIndexRecord("books", "r", nowMs), cursor },
    services,
  );
  const startsOver = next?.kind === "reconcile-index" && next.cursor === undefined;
  assert.ok(startsOver || operations.some(({ entry }) => entry.id === "1"), "document 1 is never written");
});

test("ensure() levels the aliases of an index whose levelling failed after it was made", async () => {
  for (const failing of [
    () => clusterError(503, "no_master"),
    () => {
      throw new ClusterError("backup", "lost", "cut");
    },
  ]) {
    const primary = fakePrimary({ books: { uuid: "u1", aliases: { library: {} } } });
    const backup = fakeBackup();
    backup.definitions.clear();
    backup.refuseChange((line) => (line === "POST /_aliases" ? failing() : undefined));
    const incarnations = createIncarnations(primary.cluster, backup.cluster, noUntranslated);
    const incarnation = { index: "books", uuid: "u1", createdMs: 0 };
    const state = { incarnation, layout, mappingVersion: 1, terms: { "0": 1 } };
    await incarnations.ensure(incarnation, state).catch(() => undefined);
    backup.refuseChange(() => undefined);
    // Even a new process does not.
    await createIncarnations(primary.cluster, backup.cluster, noUntranslated).ensure(incarnation, state);
    assert.ok("library" in (backup.definitions.get("books")?.aliases ?? {}));
  }
});

test("ensure() levels the aliases of an index that it adopts", async () => {
  const primary = fakePrimary({ books: { uuid: "u1", aliases: { library: {} } } });
  const backup = fakeBackup();
  backup.definitions.set("books", { aliases: {}, mappings: {}, settings: {} });
  const incarnation = { index: "books", uuid: "u1", createdMs: 0 };
  const state = { incarnation, layout, mappingVersion: 1, terms: { "0": 1 } };
  await createIncarnations(primary.cluster, backup.cluster, noUntranslated).ensure(incarnation, state);
  assert.ok("library" in (backup.definitions.get("books")?.aliases ?? {}));
});

test("defineIndices() of very many indices: requests that a server's request line (4 KiB) holds", async () => {
  const { services, primary, backup } = fakeReplayServices();
  primary.indices.clear();
  backup.definitions.clear();
  for (let i = 0; i < 250; i++) {
    const name = `logs-application-2026.11.${i}`;
    primary.indices.set(name, fakeIndex({ uuid: `u${i}` }));
    backup.definitions.set(name, markedDefinition(`u${i}`));
  }
  const limited = <T extends typeof services.primary>(cluster: T) => ({
    ...cluster,
    send: (request: Parameters<T["send"]>[0]) => {
      const line = `${lineOf(request)}?${request.query ?? ""} HTTP/1.1`;
      assert.ok(line.length <= 4096, `${line.slice(0, 60)}… has ${line.length} characters`);
      return cluster.send(request);
    },
  });
  const define = { kind: "define", writtenAtMs: nowMs, reason: "r", pattern: "logs-*" } as const;
  await defineIndices(define, {
    ...services,
    primary: limited(primary.cluster),
    backup: limited(backup.cluster),
  });
});

test("levelAliases() reaches the index that gets the write alias, when only the one that loses it is named", async () => {
  const primary = fakePrimary({
    "logs-1": { uuid: "u1", aliases: { logs: { is_write_index: false } } },
    "logs-2": { uuid: "u2", aliases: { logs: { is_write_index: true } } },
  });
  const backup = fakeBackup();
  backup.definitions.clear();
  backup.definitions.set("logs-1", markedDefinition("u1", { aliases: { logs: { is_write_index: true } } }));
  backup.definitions.set("logs-2", markedDefinition("u2"));
  await levelAliases(primary.cluster, backup.cluster, ["logs-1"]);
  assert.deepEqual(backup.definitions.get("logs-2")?.aliases["logs"], { is_write_index: true });
});

test("runsByQuery() throws when a node did not answer: its tasks are not known", async () => {
  const body = { node_failures: [{ type: "failed_node_exception", reason: "Failed node [n2]" }] };
  const primary = fakeCluster("primary", () => ({ body }));
  await assert.rejects(runsByQuery(primary), ClusterError);
  assert.match(primary.requests[0]?.query ?? "", /node_failures/);
});

test("readConfig() shows no password of an endpoint, whatever is wrong with its form", () => {
  for (const PRIMARY_ENDPOINT of [
    "elastic:hunter2@host:9200",
    "http//elastic:hunter2@host:9200",
    "ftp://elastic:hun/hunter2@host:9200",
    "ftp://elastic:hun@hunter2@host:9200",
  ]) {
    assert.throws(
      () => readConfig({ PRIMARY_ENDPOINT }),
      (error) => !String(error).includes("hunter2"),
      PRIMARY_ENDPOINT,
    );
  }
});

test("replayBatch() parks no misfit that a newer deletion has superseded", async () => {
  const r = fakeReplayServices();
  r.tombstones.versions.set(tombstoneKey("u1", 0, "1"), "20");
  r.backup.refuse(() => ({ status: 400, type: "mapper_parsing_exception" }));
  await replayBatch([await applyMessage([replica("1", 9, "{}")], r.services, { late: true })], r.services);
  assert.equal(r.deadLetters.sent.length, 0);
});

test("encodeVersion() refuses what is no number: an empty text must not become version 0", () => {
  for (const [term, seqNo] of [
    ["1", ""],
    ["", "1"],
    [" ", " "],
    ["0x1", "1"],
  ] as const) {
    assert.throws(() => encodeVersion("b", 0, term, seqNo));
  }
});

test("an index that was made for an incarnation which PRIMARY then deleted does not stay on BACKUP", async () => {
  // PRIMARY falls silent after BACKUP's index was made; when it answers again, the index is gone there.
  const primary = fakePrimary({ books: { uuid: "u1", createdMs: nowMs } });
  const { services, queue, backup } = fakeReplayServices({ primary: primary.cluster });
  backup.definitions.clear();
  const whole = {
    ...services,
    incarnations: createIncarnations(primary.cluster, backup.cluster, noUntranslated),
  };
  const message = await applyMessage([replica("1", 9, "{}")], services);
  let silent = false;
  backup.refuseChange((line) => {
    silent ||= line === "PUT /books";
    return undefined;
  });
  primary.onAsked("definition", () => {
    if (silent) throw new ClusterError("primary", "timeout", "silent");
  });
  assert.equal((await replayBatch([message], whole))[0]?.kind, "retry");
  silent = false;
  backup.refuseChange(() => undefined);
  primary.indices.clear();
  // The define record of PRIMARY's DELETE came before BACKUP's index was made, and found nothing.
  assert.equal((await replayBatch([message], whole))[0]?.kind, "done");
  const followed = queue.records().some(({ kind }) => kind === "define");
  assert.ok(!backup.definitions.has("books") || followed, "the index stays and nothing follows");
});
