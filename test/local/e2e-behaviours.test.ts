import assert from "node:assert/strict";
import { test } from "node:test";
import { bulk, must, send } from "../support/client.ts";
import { compareClusters } from "../support/comparison.ts";
import { type TestGateway, useGateway } from "../support/gateway.ts";
import { usePair } from "../support/servers.ts";

// The behaviour that everyone counts on, on real servers. In this order: the last tests take PRIMARY away.

const pair = await usePair();
const { skip } = pair;
const gateway = skip ? undefined : await useGateway(pair, { RETRY_PAUSE_MAX_SECONDS: "1" });

function running(): TestGateway {
  assert.ok(gateway);
  return gateway;
}

async function recordsSent(): Promise<number> {
  return (await running().status()).counters["recordsSent"] ?? 0;
}

test("gateway: what PRIMARY accepted is on BACKUP; what it rejected is not", { skip }, async () => {
  const { endpoint, settled } = running();
  const mappings = { properties: { n: { type: "integer" } } };
  await must(endpoint, { method: "PUT", path: "/accepted", body: { mappings } });
  const { status, text } = await send(endpoint, {
    method: "POST",
    path: "/_bulk",
    body: bulk(
      { index: { _index: "accepted", _id: "1" } },
      { n: 1 },
      { index: { _index: "accepted", _id: "2" } },
      { n: "not a number" },
      { create: { _index: "accepted", _id: "1" } },
      { n: 3 },
      { update: { _index: "accepted", _id: "1" } },
      { doc: { name: "one" } },
      { delete: { _index: "accepted", _id: "none" } },
    ),
  });
  assert.equal(status, 200);
  const statuses = [...text.matchAll(/"status":(\d+)/g)].map(([, code]) => Number(code));
  assert.deepEqual(statuses, [201, 400, 409, 200, 404]);
  await settled();
  const { documents, differences } = await compareClusters(pair.primary.endpoint, pair.backup.endpoint);
  assert.deepEqual({ documents, differences }, { documents: 1, differences: [] });
  const refused = await send(pair.backup.endpoint, { path: "/accepted/_doc/2" });
  assert.equal(refused.status, 404);
});

test("gateway: PRIMARY's error is the client's, and nothing is queued", { skip }, async () => {
  const { endpoint } = running();
  const before = await recordsSent();
  const refused = [
    { method: "POST", path: "/_bulk?refresh=perhaps", body: bulk({ index: { _index: "x" } }, {}) },
    { method: "PUT", path: "/UPPER/_doc/1", body: { a: 1 } },
    { method: "PUT", path: "/accepted/_create/1", body: { n: 9 } },
    { method: "PUT", path: "/accepted/_doc/9?if_seq_no=99&if_primary_term=1", body: { n: 9 } },
    { method: "PUT", path: "/accepted", body: {} },
    { method: "PUT", path: "/accepted/_mapping", body: { properties: { n: { type: "text" } } } },
  ];
  for (const call of refused) {
    const [own, via] = [await send(pair.primary.endpoint, call), await send(endpoint, call)];
    assert.ok(own.status >= 400, `${call.path} is refused by PRIMARY`);
    assert.deepEqual([via.status, via.text], [own.status, own.text]);
  }
  assert.equal(await recordsSent(), before);
});

test("gateway: a 4xx is an answer; it never falls back to BACKUP", { skip }, async () => {
  await must(pair.backup.endpoint, { method: "PUT", path: "/only-backup/_doc/1?refresh", body: { a: 1 } });
  for (const path of ["/only-backup/_doc/1", "/only-backup/_search", "/only-backup/_count?q=a:1"]) {
    const { status, headers } = await send(running().endpoint, { path });
    assert.deepEqual([status, headers["x-understudy-served-by"]], [404, undefined], path);
  }
  await must(pair.backup.endpoint, { method: "DELETE", path: "/only-backup" });
});

test("gateway: clients notice nothing of a BACKUP that is down, and it catches up", { skip }, async () => {
  const { endpoint, settled, status } = running();
  await pair.backup.kill();
  const answered = await must(endpoint, {
    method: "PUT",
    path: "/accepted/_doc/meanwhile",
    body: { n: 5 },
  });
  assert.equal(answered.status, 201);
  assert.equal((await send(endpoint, { path: "/accepted/_doc/meanwhile" })).status, 200);
  const { clusters, queue } = await status();
  assert.equal(clusters.backup.state, "down");
  assert.ok(queue.visible + queue.delayed + queue.inFlight > 0);
  await pair.backup.restart();
  await settled();
  const { documents, differences } = await compareClusters(pair.primary.endpoint, pair.backup.endpoint);
  assert.deepEqual({ documents, differences }, { documents: 2, differences: [] });
});

test("gateway: without PRIMARY a read is BACKUP's, in the same request, and says so", { skip }, async () => {
  await must(pair.backup.endpoint, { method: "POST", path: "/accepted/_refresh" });
  await pair.primary.kill();
  const reads = [
    { path: "/accepted/_doc/1" },
    { path: "/accepted/_search?q=name:one" },
    { method: "HEAD", path: "/accepted" },
    { method: "POST", path: "/accepted/_search", body: { query: { match_all: {} } } },
    { method: "POST", path: "/_msearch", body: bulk({ index: "accepted" }, { size: 1 }) },
    { method: "POST", path: "/_mget", body: { docs: [{ _index: "accepted", _id: "1" }] } },
    { path: "/accepted/_count" },
  ];
  for (const call of reads) {
    const { status, headers } = await send(running().endpoint, call);
    assert.deepEqual([status, headers["x-understudy-served-by"]], [200, "backup"], call.path);
  }
  assert.equal((await running().status()).fallback.active, true);
});

test("gateway: without PRIMARY a write fails, and changes nothing on BACKUP", { skip }, async () => {
  const { endpoint } = running();
  const before = await recordsSent();
  const writes = [
    { method: "PUT", path: "/accepted/_doc/lost", body: { n: 7 } },
    { method: "POST", path: "/_bulk", body: bulk({ index: { _index: "accepted", _id: "lost" } }, { n: 7 }) },
    { method: "DELETE", path: "/accepted/_doc/1" },
    { method: "PUT", path: "/another" },
  ];
  for (const call of writes) {
    const { status, headers, text } = await send(endpoint, call);
    assert.equal(status, 503, call.path);
    assert.equal(headers["x-understudy-served-by"], undefined);
    assert.match(text, /"type":"primary_unavailable_exception"/);
  }
  assert.equal(await recordsSent(), before);
  assert.equal((await send(pair.backup.endpoint, { path: "/accepted/_doc/lost" })).status, 404);
  assert.equal((await send(pair.backup.endpoint, { path: "/accepted/_doc/1" })).status, 200);
});

test("gateway: PRIMARY serves again when it is back, frozen or slow to start", { skip }, async () => {
  const { endpoint, settled, until } = running();
  await pair.primary.restart();
  await until(({ clusters }) => clusters.primary.state === "up");
  let servedBy: string | string[] | undefined = "backup";
  for (let tries = 0; tries < 100 && servedBy !== undefined; tries++) {
    servedBy = (await send(endpoint, { path: "/accepted/_doc/1" })).headers["x-understudy-served-by"];
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.equal(servedBy, undefined);
  await pair.primary.freeze();
  const frozen = await send(endpoint, { path: "/accepted/_doc/1" });
  pair.primary.thaw();
  assert.deepEqual([frozen.status, frozen.headers["x-understudy-served-by"]], [200, "backup"]);
  await settled();
  const { differences } = await compareClusters(pair.primary.endpoint, pair.backup.endpoint);
  assert.deepEqual(differences, []);
});
