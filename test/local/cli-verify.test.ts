import assert from "node:assert/strict";
import { test } from "node:test";
import * as v from "valibot";
import { bulk, must, send } from "../support/client.ts";
import { type TestGateway, useGateway } from "../support/gateway.ts";
import { usePair } from "../support/servers.ts";
import { understudy } from "./cli-process.ts";

// In this order: the last test takes BACKUP away.

const pair = await usePair();
const { skip } = pair;
const gateway = skip ? undefined : await useGateway(pair, { RETRY_PAUSE_MAX_SECONDS: "1" });

function running(): TestGateway {
  assert.ok(gateway);
  return gateway;
}

function cli(...words: readonly string[]) {
  return understudy({ DATA_DIR: running().dataDir }, ...words);
}

const verificationSchema = v.object({
  documents: v.number(),
  differences: v.number(),
  missing: v.number(),
  extra: v.number(),
  different: v.number(),
  indices: v.array(
    v.object({
      index: v.string(),
      state: v.string(),
      examples: v.array(v.object({ id: v.string(), kind: v.string() })),
    }),
  ),
  notCompared: v.array(v.object({ index: v.string(), reason: v.string() })),
  repair: v.optional(v.object({ before: v.number(), records: v.number(), deleted: v.number() })),
});

async function verified(...words: readonly string[]) {
  const { code, stdout, stderr } = await cli("verify", "--json", ...words);
  assert.ok(stdout.startsWith("{"), stderr);
  return { code, ...v.parse(verificationSchema, JSON.parse(stdout)) };
}

const documents = 3000;
/** BACKUP forgets deletions soon, so that a repair need not wait for a minute. */
const settings = { number_of_shards: 3, "index.gc_deletes": "1s" };

async function fill(endpoint: string, index: string): Promise<void> {
  await must(endpoint, { method: "PUT", path: `/${index}`, body: { settings } });
  const lines = Array.from({ length: documents }, (_, n) => [
    { index: { _index: index, _id: `d${n}`, ...(n % 10 === 0 && { routing: `r${n % 7}` }) } },
    { n, big: 1 },
  ]);
  for (let from = 0; from < documents; from += 500) {
    const body = bulk(...lines.slice(from, from + 500).flat());
    await must(endpoint, { method: "POST", path: "/_bulk", body });
  }
}

test("understudy seed: a PRIMARY that was filled before the gateway came is equal after it, and after a second run", {
  skip,
}, async () => {
  await fill(pair.primary.endpoint, "before");
  assert.deepEqual((await verified("--index", "before")).indices[0]?.state, "only-on-primary");
  for (let times = 0; times < 2; times++) {
    const { code, json } = await cli("seed", "--index", "before", "--json");
    assert.deepEqual(
      [code, json()],
      [0, { indices: 1, documents, definitions: 0, closed: [], level: true, parked: 0 }],
    );
  }
  const { code, documents: compared, differences } = await verified("--index", "before", "--sources");
  assert.deepEqual([code, compared, differences], [0, documents, 0]);
});

test("understudy verify: exit code 0 and no differences between equal clusters", { skip }, async () => {
  await fill(running().endpoint, "places");
  const { code, documents: compared, differences } = await verified("--index", "places");
  assert.deepEqual([code, compared, differences], [0, documents, 0]);
  assert.match((await cli("verify", "--index", "places")).stdout, /^Equal: 3000 documents in 1 indices\.$/m);
});

test("understudy verify: finds one missing, one extra and one altered document, and --repair brings it to zero", {
  skip,
}, async () => {
  const backup = pair.backup.endpoint;
  await must(backup, { method: "DELETE", path: "/places/_doc/d1" });
  await must(backup, { method: "PUT", path: "/places/_doc/extra", body: { n: -1 } });
  await must(backup, { method: "PUT", path: "/places/_doc/d20?routing=r6", body: { n: 20, big: 2 } });
  const misspelt = await cli("verify", "--index", "palces");
  assert.equal(misspelt.code, 2);
  assert.match(misspelt.stderr, /neither cluster has \[palces\]/);
  const found = await verified("--index", "pla*");
  const { code, differences, missing, extra, different } = found;
  assert.deepEqual([code, differences, missing, extra, different], [1, 3, 1, 1, 1]);
  const kinds = (found.indices[0]?.examples ?? []).map(({ id, kind }) => `${kind} ${id}`).sort();
  assert.deepEqual(kinds, ["different d20", "extra extra", "missing d1"]);

  const repaired = await verified("--index", "places", "--repair");
  assert.deepEqual([repaired.code, repaired.differences, repaired.repair?.before], [0, 0, 3]);
  assert.equal((await send(backup, { path: "/places/_doc/extra" })).status, 404);
  assert.equal((await verified("--index", "places", "--sources")).code, 0);
});

test("understudy verify --repair: a repaired document takes PRIMARY's next write", { skip }, async () => {
  const path = "/places/_doc/d20?routing=r6";
  for (const n of [21, 22, 23]) {
    await must(running().endpoint, { method: "PUT", path, body: { n } });
    await running().drained();
    const held = (await must(pair.backup.endpoint, { path })).json();
    assert.ok(v.is(v.object({ _source: v.object({ n: v.literal(n) }) }), held));
  }
});

test("understudy verify --sources: finds what was altered under the very same version", {
  skip,
}, async () => {
  const path = "/places/_doc/d33";
  const version = /"_version":(\d+)/.exec((await must(pair.backup.endpoint, { path })).text)?.[1];
  const query = `version=${version}&version_type=external_gte`;
  await must(pair.backup.endpoint, { method: "PUT", path: `${path}?${query}`, body: { n: 33, big: 3 } });
  assert.equal((await verified("--index", "places")).code, 0);
  const found = await verified("--index", "places", "--sources");
  assert.deepEqual([found.code, found.different], [1, 1]);
  assert.equal((await verified("--index", "places", "--sources", "--repair")).code, 0);
});

test("understudy verify: clients that write meanwhile make no difference", { skip }, async () => {
  let stopped = false;
  const writing = (async () => {
    for (let n = 0; !stopped; n++) {
      const lines = [
        { index: { _index: "places", _id: `d${n % 50}` } },
        { n },
        { delete: { _index: "places", _id: "d60" } },
      ];
      await must(running().endpoint, { method: "POST", path: "/_bulk", body: bulk(...lines) });
    }
  })();
  const { differences } = await verified("--index", "places");
  stopped = true;
  await writing;
  assert.equal(differences, 0);
  await running().drained();
  assert.equal((await verified("--index", "places")).code, 0);
});

test("understudy verify --repair: indices that one side does not have", { skip }, async () => {
  const { primary, backup } = pair;
  await must(primary.endpoint, { method: "PUT", path: "/side-primary/_doc/1", body: { n: 1 } });
  await must(running().endpoint, { method: "PUT", path: "/side-backup/_doc/1", body: { n: 1 } });
  await running().drained();
  await must(primary.endpoint, { method: "DELETE", path: "/side-backup" });
  const found = await verified("--index", "side-*");
  assert.deepEqual([found.code, found.missing, found.extra], [1, 1, 1]);
  const states = found.indices.map(({ index, state }) => `${index} ${state}`);
  assert.deepEqual(states, ["side-backup only-on-backup", "side-primary only-on-primary"]);
  assert.deepEqual((await verified("--index", "side-*", "--repair")).differences, 0);
  assert.equal((await send(backup.endpoint, { path: "/side-backup" })).status, 404);
  assert.equal((await send(backup.endpoint, { path: "/side-primary/_doc/1" })).status, 200);
});

test("understudy verify: BACKUP's index of another incarnation is compared by its documents, and repaired whole", {
  skip,
}, async () => {
  const { primary } = pair;
  for (const n of [1, 2]) {
    const path = `/reborn/_doc/${n}`;
    await must(running().endpoint, { method: "PUT", path, body: { n } });
  }
  await running().drained();
  await must(primary.endpoint, { method: "DELETE", path: "/reborn" });
  const lines = [
    { index: { _id: "1" } },
    { n: 1 },
    { index: { _id: "3" } },
    { n: 3 },
    { index: { _id: "4" } },
    { n: 4 },
  ];
  await must(primary.endpoint, { method: "POST", path: "/reborn/_bulk", body: bulk(...lines) });
  const { missing, extra, different } = await verified("--index", "reborn");
  assert.deepEqual([missing, extra, different], [2, 1, 0]);
  assert.equal((await verified("--index", "reborn", "--repair", "--sources")).code, 0);
});

test("understudy verify: a closed index cannot be compared: exit code 2 and the reason", {
  skip,
}, async () => {
  await must(pair.primary.endpoint, { method: "POST", path: "/side-primary/_close" });
  const { code, notCompared } = await verified("--index", "side-primary,places");
  assert.equal(code, 2);
  assert.deepEqual(notCompared, [{ index: "side-primary", reason: "it is closed on PRIMARY" }]);
  const seeded = await cli("seed", "--index", "side-primary");
  assert.equal(seeded.code, 2);
  await must(pair.primary.endpoint, { method: "POST", path: "/side-primary/_open" });
});

test("understudy verify: a cluster that is away is exit code 2, and says which", { skip }, async () => {
  await pair.backup.kill();
  const { code, stderr } = await cli("verify", "--index", "places");
  assert.equal(code, 2);
  assert.match(stderr, /^understudy: BACKUP does not answer: .*\nCheck BACKUP_ENDPOINT/);
  await pair.backup.restart();
});
