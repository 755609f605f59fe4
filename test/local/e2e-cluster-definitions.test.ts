import assert from "node:assert/strict";
import { test } from "node:test";
import * as v from "valibot";
import { must, send } from "../support/client.ts";
import { compareClusters } from "../support/comparison.ts";
import { useGateway } from "../support/gateway.ts";
import { usePair } from "../support/servers.ts";
import { understudy } from "./cli-process.ts";

// What a cluster keeps besides documents and plain indices: data streams, templates, pipelines, closed indices.

const pair = await usePair({
  primary: { product: "opensearch", version: "2.19.1" },
  backup: { product: "elasticsearch", version: "8.19.0" },
});
const { skip } = pair;
const gateway = skip ? undefined : await useGateway(pair, { RETRY_PAUSE_MAX_SECONDS: "1" });

const call = (method: string, path: string, body?: unknown) => {
  assert.ok(gateway);
  return must(gateway.endpoint, { method, path, body });
};
const onBackup = (path: string) => send(pair.backup.endpoint, { path });
/** A member of BACKUP's answer, by the names that lead to it. */
const memberOnBackup = async (path: string, ...names: readonly string[]): Promise<unknown> => {
  let value = (await onBackup(path)).json();
  for (const name of names)
    value = typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
  return value;
};
const settled = async () => gateway?.settled(120_000);
const deadLetters = async () => (await gateway?.status())?.deadLetters.visible;

test("a data stream: plain indices on BACKUP behind an alias with its name, through rollover and deletion", {
  skip,
}, async () => {
  await call("PUT", "/_index_template/logs", {
    index_patterns: ["logs-*"],
    priority: 200,
    data_stream: {},
    template: { mappings: { properties: { level: { type: "keyword" } } } },
  });
  await call("PUT", "/_data_stream/logs-app");
  const entry = (n: number) => ({ "@timestamp": `2026-11-23T00:00:0${n}Z`, level: "info", n });
  await call("POST", "/_bulk", [{ create: { _index: "logs-app", _id: "1" } }, entry(1)]);
  await call("POST", "/logs-app/_doc", entry(2));
  await call("POST", "/logs-app/_rollover");
  await call("POST", "/_bulk", [{ create: { _index: "logs-app" } }, entry(3)]);
  await settled();
  await must(pair.backup.endpoint, { method: "POST", path: "/logs-app/_refresh" });
  const hits = "filter_path=hits.hits._index,hits.hits._source";
  assert.deepEqual(await memberOnBackup(`/logs-app/_search?sort=n&${hits}`, "hits", "hits"), [
    { _index: ".ds-logs-app-000001", _source: entry(1) },
    { _index: ".ds-logs-app-000001", _source: entry(2) },
    { _index: ".ds-logs-app-000002", _source: entry(3) },
  ]);
  await call("DELETE", "/_data_stream/logs-app");
  await settled();
  assert.equal((await onBackup("/logs-app")).status, 404);
  assert.equal((await onBackup("/.ds-logs-app-000001")).status, 404);
  assert.equal(await deadLetters(), 0);
});

test("understudy seed brings what is older than the gateway: streams, templates, pipelines; verify sees it", {
  skip,
}, async () => {
  const primary = (method: string, path: string, body?: unknown) =>
    must(pair.primary.endpoint, { method, path, body });
  await primary("PUT", "/_component_template/old-base", {
    template: { settings: { number_of_replicas: 0 } },
  });
  await primary("PUT", "/_index_template/old", {
    index_patterns: ["old-*"],
    priority: 200,
    data_stream: {},
    composed_of: ["old-base"],
  });
  await primary("PUT", "/_ingest/pipeline/old", { description: "old", processors: [] });
  await must(pair.backup.endpoint, {
    method: "PUT",
    path: "/_ingest/pipeline/backups-own",
    body: { processors: [] },
  });
  await primary("POST", "/old-app/_doc?refresh=true", { "@timestamp": "2026-11-23T00:00:00Z", n: 1 });

  const cli = (...words: readonly string[]) => understudy({ DATA_DIR: gateway?.dataDir ?? "" }, ...words);
  assert.equal((await cli("verify", "--index", "old-app")).code, 1);
  const seeded = await cli("seed", "--json");
  assert.equal(seeded.code, 0, seeded.stdout + seeded.stderr);
  const { definitions, parked } = v.parse(
    v.object({ definitions: v.number(), parked: v.number() }),
    seeded.json(),
  );
  assert.ok(definitions >= 3, `${definitions}`);
  assert.equal(parked, 0);
  for (const path of [
    "/_component_template/old-base",
    "/_index_template/old",
    "/_ingest/pipeline/old",
    "/_ingest/pipeline/backups-own",
  ]) {
    assert.equal((await onBackup(path)).status, 200, path);
  }
  assert.equal(await memberOnBackup("/old-app/_count", "count"), 1);
  const verified = await cli("verify", "--index", "old-app,.ds-old-*", "--json");
  assert.equal(verified.code, 0, verified.stdout + verified.stderr);
  assert.match(verified.stdout, /"\.ds-old-app-000001"/);
  const { differences } = await compareClusters(pair.primary.endpoint, pair.backup.endpoint, {
    prefix: ".ds-old",
  });
  assert.deepEqual(differences, []);
  for (const path of ["/_data_stream/old-app", "/_index_template/old", "/_component_template/old-base"]) {
    await call("DELETE", path);
  }
  await settled();
});

test("templates go over behind a shield: BACKUP's indices are PRIMARY's, until the shield is removed", {
  skip,
}, async () => {
  await call("PUT", "/_component_template/base", { template: { settings: { number_of_replicas: 0 } } });
  await call("PUT", "/_index_template/books", {
    index_patterns: ["books*"],
    priority: 300,
    composed_of: ["base"],
    template: { settings: { refresh_interval: "33s" }, aliases: { "all-books": {} } },
  });
  await settled();
  const copied = ["index_templates", "0", "index_template", "template", "settings"];
  assert.deepEqual(await memberOnBackup("/_index_template/books?flat_settings=true", ...copied), {
    "index.refresh_interval": "33s",
  });
  await must(pair.backup.endpoint, { method: "PUT", path: "/books-made-on-backup" });
  const made = (...names: string[]) =>
    memberOnBackup("/books-made-on-backup", "books-made-on-backup", ...names);
  assert.deepEqual(
    [await made("settings", "index", "refresh_interval"), await made("aliases")],
    [undefined, {}],
  );
  // A wildcard, after which neither side has one that matches: the clusters say that in another way than of a name.
  await call("DELETE", "/_index_template/books*");
  await settled();
  await call("DELETE", "/_component_template/base*");
  await settled();
  assert.equal((await onBackup("/_index_template/books")).status, 404);
  assert.equal((await onBackup("/_component_template/base")).status, 404);
  assert.equal(await deadLetters(), 0);
});

test("an ingest pipeline goes over, changes and goes; what BACKUP's product does not know is a dead letter", {
  skip,
}, async () => {
  await call("PUT", "/_ingest/pipeline/enrich", { description: "one", processors: [] });
  await call("PUT", "/_ingest/pipeline/enrich", { description: "two", processors: [] });
  await settled();
  assert.equal(await memberOnBackup("/_ingest/pipeline/enrich", "enrich", "description"), "two");
  await call("DELETE", "/_ingest/pipeline/enrich");
  await settled();
  assert.equal((await onBackup("/_ingest/pipeline/enrich")).status, 404);
  await call("PUT", "/_search/pipeline/mine", { description: "OpenSearch only" });
  await settled();
  assert.equal(await deadLetters(), 1);
  await call("PUT", "/_template/old", { index_patterns: ["old*"] });
  await settled();
  assert.equal(await deadLetters(), 2);
});

test("an index that is closed on PRIMARY is closed on BACKUP in the end, with all its documents", {
  skip,
}, async () => {
  const documents = Array.from({ length: 50 }, (_, n) => [{ index: { _index: "shut", _id: `${n}` } }, { n }]);
  await call("PUT", "/shut");
  await call("POST", "/_bulk", documents.flat());
  await call("POST", "/shut/_close");
  await gateway?.drained(120_000);
  const state = async () => (await onBackup("/_cat/indices/shut?h=status&expand_wildcards=all")).text.trim();
  assert.equal(await state(), "close");
  await call("POST", "/shut/_open");
  await settled();
  assert.equal(await state(), "open");
  await must(pair.backup.endpoint, { method: "POST", path: "/shut/_refresh" });
  assert.equal(await memberOnBackup("/shut/_count", "count"), 50);
});

test("an index that was closed on PRIMARY before BACKUP had it gets its documents, and no dead letter, once it is opened", {
  skip,
}, async () => {
  const before = await deadLetters();
  const { endpoint } = pair.primary;
  await must(endpoint, { method: "PUT", path: "/attic/_doc/1?refresh", body: { n: 1 } });
  await must(endpoint, { method: "POST", path: "/attic/_close" });
  await call("POST", "/attic/_close");
  await gateway?.drained(120_000);
  const state = async () => (await onBackup("/_cat/indices/attic?h=status&expand_wildcards=all")).text.trim();
  assert.equal(await state(), "close");
  // While it is closed it gets an analyzer that a field of it names.
  const analysis = { analyzer: { short: { type: "standard", max_token_length: 5 } } };
  await call("PUT", "/attic/_settings", { index: { analysis } });
  await call("POST", "/attic/_open");
  await call("PUT", "/attic/_mapping", { properties: { title: { type: "text", analyzer: "short" } } });
  await gateway?.drained(120_000);
  await must(pair.backup.endpoint, { method: "POST", path: "/attic/_refresh" });
  assert.equal(await memberOnBackup("/attic/_count", "count"), 1);
  const mapping = ["attic", "mappings", "properties", "title", "analyzer"];
  assert.equal(await memberOnBackup("/attic/_mapping", ...mapping), "short");
  assert.equal(await deadLetters(), before);
});
