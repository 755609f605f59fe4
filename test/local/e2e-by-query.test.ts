import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { Client } from "@opensearch-project/opensearch";
import * as v from "valibot";
import { bulk, must, send } from "../support/client.ts";
import { compareClusters } from "../support/comparison.ts";
import { useGateway } from "../support/gateway.ts";
import { usePair } from "../support/servers.ts";
import { understudy } from "./cli-process.ts";

// Writes whose documents no request spells out: by query, reindex, scripts, pipelines; with ordinary ones beside them.

const pair = await usePair({ modules: ["reindex", "lang-painless", "ingest-common"] });
const { skip } = pair;
const gateway = skip
  ? undefined
  : await useGateway(pair, {
      RETRY_PAUSE_MAX_SECONDS: "1",
      LOG_LEVEL: "warn",
      // A reindex that outlives its answer leaves its intent to the sweep.
      WRITE_TIMEOUT_SECONDS: "20",
      INTENT_AGE_SECONDS: "22",
    });
const documents = 600;

const call = (method: string, path: string, body?: unknown) => {
  assert.ok(gateway);
  return must(gateway.endpoint, { method, path, body });
};

const script = (source: string, params: object = {}) => ({ script: { source, params } });

async function filled(index: string): Promise<void> {
  await call("PUT", `/${index}`, { settings: { number_of_shards: 2, number_of_replicas: 0 } });
  const lines = Array.from({ length: documents }, (_, n) => [{ index: { _id: `${n}` } }, { n, rounds: 0 }]);
  await call("POST", `/${index}/_bulk?refresh=true`, lines.flat());
}

/** Clients that go on rewriting the index's documents until `done`; some of them delete. */
async function whileOthersWrite(index: string, done: () => Promise<void>): Promise<void> {
  assert.ok(gateway);
  const { endpoint } = gateway;
  let running = true;
  const writer = async (seed: number) => {
    for (let round = 0; running; round++) {
      const ids = Array.from({ length: 10 }, (_, i) => `${(seed * 131 + round * 17 + i * 37) % documents}`);
      const lines = ids.flatMap((id, i): readonly object[] => {
        if (i === 0) return [{ delete: { _id: id } }];
        if (i < 3)
          return [{ update: { _id: id, retry_on_conflict: 2 } }, { doc: { seed }, doc_as_upsert: true }];
        return [{ index: { _id: id } }, { n: Number(id), seed, round }];
      });
      // It may be on its way down; what it does not answer is not this client's to know.
      await send(endpoint, { method: "POST", path: `/${index}/_bulk`, body: bulk(...lines) }).catch(() =>
        pause(100),
      );
    }
  };
  const writers = [1, 2].map(writer);
  try {
    await done();
  } finally {
    running = false;
    await Promise.all(writers);
  }
}

const taskSchema = v.object({ completed: v.boolean() });

/** Starts it with `wait_for_completion=false`, and resolves when its task is over. */
async function asTask(path: string, body: unknown): Promise<void> {
  const started = await call("POST", path, body);
  const { task } = v.parse(v.object({ task: v.string() }), started.json());
  while (!v.parse(taskSchema, (await call("GET", `/_tasks/${task}`)).json()).completed) await pause(100);
}

const untouched = { updated: 0, deleted: 0, total: 0 };

/** How much a by-query write says to have done. */
function tally(text: string) {
  return { ...untouched, ...v.parse(v.looseObject({ total: v.number() }), JSON.parse(text)) };
}

/** Earlier than any by-query write that has all indices compared: it would mend what is wrong by then. */
async function equal(t: TestContext, ...prefixes: readonly string[]): Promise<void> {
  assert.ok(gateway);
  const { primary, backup } = pair;
  await gateway.drained(120_000);
  for (const prefix of prefixes) {
    const compared = await compareClusters(primary.endpoint, backup.endpoint, { prefix });
    t.diagnostic(`${prefix}: ${compared.documents} documents`);
    assert.deepEqual(compared.differences, []);
    assert.ok(compared.documents > 0);
  }
}

test("scripted updates, one by one and in bulk: upsert, ctx.op none and delete, retry_on_conflict", {
  skip,
}, async () => {
  const counted = script("ctx._source.count += params.by; ctx._source.big = 9007199254740993L", { by: 1 });
  const upsert = { ...counted, upsert: { count: 1 } };
  const hot = Array.from({ length: 12 }, (_, n) => `hot-${n % 3}`);
  await Promise.all(
    hot.map((id) => call("POST", `/scripted/_update/${id}?retry_on_conflict=20&_source=count`, upsert)),
  );
  const counts = await call("GET", "/scripted/_source/hot-0?_source_includes=count");
  assert.deepEqual(counts.json(), { count: 4 });
  await call("POST", "/scripted/_update/made", {
    ...script("ctx._source.made = true"),
    scripted_upsert: true,
    upsert: {},
  });
  const put = ["keep", "none", "gone"].flatMap((id) => [{ index: { _id: id } }, { id }]);
  await call("POST", "/scripted/_bulk", put);
  const op = (id: string, what: string) => [{ update: { _id: id } }, script(`ctx.op = '${what}'`)];
  const answer = await call("POST", "/scripted/_bulk?filter_path=items.*.result,errors", [
    ...op("none", "none"),
    ...op("gone", "delete"),
    ...[{ update: { _id: "keep", retry_on_conflict: 3 } }, script("ctx._source.tags = ['a', 'b']")],
    ...[{ update: { _id: "fresh", routing: "r" } }, upsert],
  ]);
  assert.deepEqual(answer.json(), {
    errors: false,
    items: ["noop", "deleted", "updated", "created"].map((result) => ({ update: { result } })),
  });
  await call("PUT", "/_scripts/add", {
    script: { lang: "painless", source: "ctx._source.stored = params.what" },
  });
  await call("POST", "/scripted/_update/keep", { script: { id: "add", params: { what: "é\u2028" } } });
});

test("ingest pipelines: default, final, by request and in bulk, which set, rename, drop and move documents", {
  skip,
}, async (t) => {
  await call("PUT", "/_ingest/pipeline/arrives", {
    processors: [
      { set: { field: "arrived", value: "yes" } },
      { remove: { field: "new", ignore_missing: true } },
      { rename: { field: "old", target_field: "new", ignore_missing: true } },
      { drop: { if: "ctx.unwanted == true" } },
    ],
  });
  await call("PUT", "/_ingest/pipeline/leaves", {
    processors: [{ script: { source: "ctx.passes = ctx.passes == null ? 1 : ctx.passes + 1" } }],
  });
  await call("PUT", "/_ingest/pipeline/moves", {
    processors: [
      {
        script: {
          source: "ctx._index = 'piped-elsewhere'; ctx._id = 'moved-' + ctx._id; ctx._routing = 'm'",
        },
      },
    ],
  });
  const settings = { default_pipeline: "arrives", final_pipeline: "leaves" };
  await call("PUT", "/piped", { settings });
  const dropped = await call("PUT", "/piped/_doc/dropped", { unwanted: true });
  assert.match(dropped.text, /"result":"noop"/);
  await call("PUT", "/piped/_doc/1", { old: 1 });
  await call("POST", "/piped/_doc", { old: 2 });
  await call("PUT", "/piped/_create/3?pipeline=_none", { old: 3 });
  // One by one, PRIMARY sends the updated document through the pipelines again; in bulk, an upsert only.
  await call("POST", "/piped/_update/1", { doc: { old: 4 } });
  await call("POST", "/piped/_update/4", { doc: { old: 5 }, doc_as_upsert: true });
  await call("POST", "/piped/_update/5", { ...script("ctx._source.old = 6"), upsert: { old: 7 } });
  await call("POST", "/piped/_update/5", { ...script("ctx._source.old = 6"), upsert: { old: 7 } });
  await call("POST", "/_bulk", [
    ...[{ index: { _index: "piped", _id: "6" } }, { old: 1 }],
    ...[{ create: { _index: "piped" } }, { old: 2, unwanted: true }],
    ...[{ update: { _index: "piped", _id: "6" } }, { doc: { old: 9 } }],
    ...[{ update: { _index: "piped", _id: "7" } }, { doc: { old: 9 }, doc_as_upsert: true }],
    ...[{ update: { _index: "piped", _id: "8" } }, { ...script("ctx._source.old = 1"), upsert: { old: 8 } }],
    ...[{ index: { _index: "piped-not", _id: "1", pipeline: "arrives" } }, { old: 1 }],
    ...[{ index: { _index: "piped-not", _id: "2", pipeline: "moves" } }, { old: 2 }],
    ...[{ delete: { _index: "piped", _id: "dropped" } }],
  ]);
  await call("POST", "/piped-not/_update/1", { doc: { plain: true } });
  await call("PUT", "/piped-not/_doc/3?pipeline=moves&routing=x", { old: 3 });
  await equal(t, "piped", "scripted");
});

test("_update_by_query: the gateway is killed in its middle, and again while it is followed up", {
  skip,
}, async () => {
  assert.ok(gateway);
  await filled("killed");
  await whileOthersWrite("killed", async () => {
    const slow = "conflicts=proceed&scroll_size=60&requests_per_second=150";
    const lost = call("POST", `/killed/_update_by_query?${slow}`, script("ctx._source.slow = true"));
    await Promise.all([
      assert.rejects(lost),
      pause(1_000).then(async () => {
        await gateway.kill9();
        await gateway.restart();
      }),
    ]);
    await pause(1_000);
    await gateway.kill9();
    await gateway.restart();
  });
});

test("_update_by_query and _delete_by_query: each document that they changed, beside other writers", {
  skip,
}, async () => {
  await filled("by-query");
  const odd = { query: { script: script("doc['n'].size() > 0 && doc['n'].value % 2 == 1") } };
  const quiet = await call("POST", "/by-query/_update_by_query?refresh=true", {
    ...odd,
    ...script(
      "if (ctx._source.n % 3 == 0) { ctx.op = 'delete' } else if (ctx._source.n % 5 == 0) { ctx.op = 'noop' } else { ctx._source.rounds += params.by }",
      { by: 2 },
    ),
  });
  const { total, deleted, updated } = tally(quiet.text);
  assert.deepEqual({ total, deleted, updated }, { total: 300, deleted: 100, updated: 160 });
  await whileOthersWrite("by-query", async () => {
    const touched = script("ctx._source.touched = true");
    await call("POST", "/by-query/_update_by_query?conflicts=proceed&slices=2&refresh=true", touched);
    await call("POST", "/by-query/_delete_by_query?conflicts=proceed", {
      query: { range: { n: { gte: 500 } } },
    });
    await asTask(
      "/by-query/_update_by_query?conflicts=proceed&slices=auto&wait_for_completion=false",
      touched,
    );
    await asTask("/by-query/_delete_by_query?conflicts=proceed&wait_for_completion=false&scroll_size=20", {
      query: { range: { n: { lt: 100 } } },
    });
  });
});

test("_reindex: into a new and an existing index, with a script and with a pipeline", { skip }, async () => {
  await filled("source");
  await call("PUT", "/_ingest/pipeline/stamp", { processors: [{ set: { field: "stamped", value: true } }] });
  await call("POST", "/_reindex", { source: { index: "source" }, dest: { index: "copy-new" } });
  await call("PUT", "/copy-old", { mappings: { properties: { n: { type: "keyword" } } } });
  await call("PUT", "/copy-old/_doc/1?refresh=true", { n: "older" });
  const conflicting = await send(gateway?.endpoint ?? "", {
    method: "POST",
    path: "/_reindex",
    body: { source: { index: "source" }, dest: { index: "copy-old", op_type: "create" } },
  });
  assert.equal(conflicting.status, 409);
  await call("POST", "/_reindex?slices=2", {
    source: { index: "source", query: { range: { n: { lt: 300 } } } },
    dest: { index: "copy-script" },
    ...script(
      "ctx._id = 'x' + ctx._id; ctx._index = ctx._source.n % 2 == 0 ? 'copy-even' : 'copy-odd'; ctx._routing = 'r' + ctx._source.n % 3",
    ),
  });
  await whileOthersWrite("copy-pipeline", () =>
    asTask("/_reindex?wait_for_completion=false", {
      conflicts: "proceed",
      source: { index: "source", size: 50 },
      dest: { index: "copy-pipeline", pipeline: "stamp", version_type: "internal" },
    }),
  );
});

test("opensearch-js: reindex, its by-query calls and tasks, and its bulk helper with upserts and deletions", {
  skip,
}, async (t) => {
  assert.ok(gateway);
  await filled("client-source");
  const client = new Client({ node: gateway.endpoint, maxRetries: 0 });
  t.after(() => client.close());
  const copied = await client.reindex({
    body: { source: { index: "client-source" }, dest: { index: "client-copy" } },
    refresh: true,
  });
  assert.equal(v.parse(v.object({ created: v.number() }), copied.body).created, documents);
  const { body: started } = await client.updateByQuery({
    index: "client-copy",
    body: script("ctx._source.by = 'client'"),
    wait_for_completion: false,
    refresh: true,
  });
  const { task } = v.parse(v.object({ task: v.string() }), started);
  await client.tasks.get({ task_id: task, wait_for_completion: true });
  const range = { range: { n: { lt: 50 } } };
  const deleted = await client.deleteByQuery({ index: "client-copy", body: { query: range }, refresh: true });
  assert.equal(v.parse(v.object({ deleted: v.number() }), deleted.body).deleted, 50);
  const updates = await client.helpers.bulk<{ id: string }>({
    datasource: Array.from({ length: 40 }, (_, n) => ({ id: `${n + 40}` })),
    onDocument: ({ id }) => [
      { update: { _index: "client-copy", _id: id, retry_on_conflict: 3 } },
      { doc_as_upsert: true },
    ],
  });
  const deletions = await client.helpers.bulk<{ id: string }>({
    datasource: Array.from({ length: 40 }, (_, n) => ({ id: `${n + 90}` })),
    onDocument: ({ id }) => ({ delete: { _index: "client-copy", _id: id } }),
  });
  assert.deepEqual([updates.failed, deletions.failed, deletions.successful], [0, 0, 40]);
});

test("after all this BACKUP is equal, by every document and by understudy verify, and nothing is a dead letter", {
  skip,
}, async (t) => {
  assert.ok(gateway);
  await equal(t, "by-query", "copy-", "client-", "killed");
  const verified = await understudy({ DATA_DIR: gateway.dataDir }, "verify", "--sources", "--json");
  assert.equal(verified.code, 0, verified.stdout + verified.stderr);
  const { deadLetters } = await gateway.status();
  assert.equal(deadLetters.visible, 0);
});
