import assert from "node:assert/strict";
import { test } from "node:test";
import { startWorkload } from "../clusters/workload.ts";
import { bulk, must, send } from "../support/client.ts";
import { compareClusters } from "../support/comparison.ts";
import { useGateway } from "../support/gateway.ts";
import { usePair } from "../support/servers.ts";

// BACKUP's indices are defined as PRIMARY's are, whatever is changed through the gateway, and when.

const pair = await usePair();
const { skip } = pair;
const gateway = skip ? undefined : await useGateway(pair, { RETRY_PAUSE_MAX_SECONDS: "1" });

const call = (method: string, path: string, body?: unknown) => {
  assert.ok(gateway);
  return must(gateway.endpoint, { method, path, body });
};

async function equal(prefix: string, waitsFor: "settled" | "drained" = "settled"): Promise<number> {
  await gateway?.[waitsFor](180_000);
  const { primary, backup } = pair;
  const { documents, differences } = await compareClusters(primary.endpoint, backup.endpoint, { prefix });
  assert.deepEqual(differences, []);
  return documents;
}

const existsOnBackup = async (index: string) =>
  (await send(pair.backup.endpoint, { method: "HEAD", path: `/${index}` })).status === 200;

test("definitions: what is created and changed is so on BACKUP, before any document", { skip }, async () => {
  await call("PUT", "/defined", {
    settings: {
      number_of_shards: 3,
      number_of_replicas: 0,
      refresh_interval: "5s",
      analysis: { analyzer: { mine: { type: "custom", tokenizer: "standard", filter: ["lowercase"] } } },
    },
    mappings: {
      dynamic: "strict",
      _meta: { owner: "me" },
      properties: {
        title: { type: "text", analyzer: "mine", fields: { raw: { type: "keyword", ignore_above: 64 } } },
        at: { type: "date", format: "epoch_millis" },
        parts: { type: "nested", properties: { n: { type: "half_float" } } },
      },
    },
    aliases: { "defined-read": {}, "defined-some": { filter: { term: { "title.raw": "x" } }, routing: "r" } },
  });
  await equal("defined");
  assert.ok(await existsOnBackup("defined"));
  await call("PUT", "/defined/_mapping", { properties: { added: { type: "ip" } } });
  await call("PUT", "/defined/_settings", {
    index: { refresh_interval: "7s", "mapping.total_fields.limit": 500 },
  });
  await call("PUT", "/defined/_alias/defined-later");
  const swap = [
    { remove: { index: "defined", alias: "defined-read" } },
    { add: { index: "defined", alias: "defined-new", is_write_index: true } },
  ];
  await call("POST", "/_aliases", { actions: swap });
  await call("PUT", "/defined/_doc/1", { title: "One", added: "::1" });
  assert.equal(await equal("defined"), 1);
  const aliases = (await send(pair.backup.endpoint, { path: "/defined/_alias" })).text;
  assert.match(aliases, /defined-new/);
  assert.doesNotMatch(aliases, /defined-read/);
});

test("definitions: a setting that is reset on PRIMARY is reset on BACKUP", {
  skip,
}, async () => {
  await call("PUT", "/reset", { settings: { refresh_interval: "5s" } });
  await equal("reset");
  await call("PUT", "/reset/_settings", { index: { refresh_interval: null } });
  await equal("reset");
});

test("definitions: an index that a document creates gets PRIMARY's guess of the mapping", {
  skip,
}, async () => {
  const lines = [
    [{ index: { _id: "1" } }, { x: 1.5, y: "2020-01-01", z: { a: true } }],
    [{ index: { _id: "2" } }, { x: 1, y: "2021-01-01", w: "text" }],
  ].flat();
  await call("POST", "/guessed/_bulk", bulk(...lines));
  await call("POST", "/guessed/_bulk", bulk({ index: { _id: "3" } }, { later: "more", n: 12 }));
  assert.equal(await equal("guessed"), 3);
});

test("definitions: a deleted index goes on BACKUP, and its successor holds only its own", {
  skip,
}, async () => {
  await call("PUT", "/replaced", { mappings: { properties: { n: { type: "keyword" } } } });
  await call("POST", "/replaced/_bulk", bulk({ index: { _id: "old" } }, { n: "a" }));
  await call("DELETE", "/replaced");
  await equal("replaced");
  assert.equal(await existsOnBackup("replaced"), false);
  await call("PUT", "/replaced/_doc/new", { n: 1 });
  assert.equal(await equal("replaced"), 1);
});

test("definitions: a recreated index without any mapping has nothing that stays in the queue", {
  skip,
}, async () => {
  await call("PUT", "/bare");
  await equal("bare");
  await call("DELETE", "/bare");
  await call("PUT", "/bare");
  assert.equal(await equal("bare", "drained"), 0);
  assert.ok(await existsOnBackup("bare"));
});

test("definitions: an index that is deleted and recreated under load ends equal", { skip }, async (t) => {
  assert.ok(gateway);
  const stop = new AbortController();
  const workload = startWorkload({
    endpoint: gateway.endpoint,
    index: "churned",
    operations: Number.POSITIVE_INFINITY,
    clients: 2,
    seed: Date.now() % 1_000_000,
    signal: stop.signal,
  });
  for (let round = 1; round <= 4; round++) {
    await workload.reached(round * 150);
    await send(gateway.endpoint, { method: "DELETE", path: "/churned" });
    const settings = { number_of_shards: round, number_of_replicas: 0 };
    if (round % 2 === 0)
      await send(gateway.endpoint, { method: "PUT", path: "/churned", body: { settings } });
  }
  await workload.reached(900);
  stop.abort();
  await workload.done;
  t.diagnostic(
    `${workload.answered} operations, ${workload.failed} failed, ${await equal("churned", "drained")} documents`,
  );
});

test("definitions: a by-query write on PRIMARY reaches BACKUP where PRIMARY offers one", {
  skip,
}, async (t) => {
  assert.ok(gateway);
  await call(
    "POST",
    "/queried/_bulk?refresh",
    bulk({ index: { _id: "1" } }, { n: 1 }, { index: { _id: "2" } }, { n: 2 }),
  );
  const { status } = await send(gateway.endpoint, {
    method: "POST",
    path: "/queried/_delete_by_query?refresh",
    body: { query: { term: { n: 1 } } },
  });
  t.diagnostic(`_delete_by_query answers ${status}`);
  assert.equal(await equal("queried", "drained"), status === 200 ? 1 : 2);
});
