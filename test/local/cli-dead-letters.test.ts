import assert from "node:assert/strict";
import { test } from "node:test";
import * as v from "valibot";
import { bulk, must, send } from "../support/client.ts";
import { type TestGateway, useGateway } from "../support/gateway.ts";
import { usePair } from "../support/servers.ts";
import { understudy } from "./cli-process.ts";

const pair = await usePair();
const { skip } = pair;
const gateway = skip ? undefined : await useGateway(pair, { RETRY_PAUSE_MAX_SECONDS: "1" });

function running(): TestGateway {
  assert.ok(gateway);
  return gateway;
}

const listSchema = v.object({
  total: v.number(),
  deadLetters: v.array(
    v.object({
      index: v.string(),
      id: v.string(),
      reason: v.string(),
      parkedAt: v.pipe(v.string(), v.isoTimestamp()),
      receives: v.number(),
      operations: v.number(),
      requestId: v.pipe(v.string(), v.uuid()),
      kind: v.literal("apply"),
    }),
  ),
});

async function listed() {
  const { code, json } = await cli("dead-letters", "list", "--json");
  assert.equal(code, 0);
  return v.parse(listSchema, json());
}

function cli(...words: readonly string[]) {
  return understudy({ DATA_DIR: running().dataDir }, ...words);
}

/** A BACKUP whose index cannot hold what PRIMARY's can: the second document of each is refused there. */
async function conflict(index: string, padding = ""): Promise<void> {
  const wanted = { mappings: { properties: { n: { type: "keyword" } } } };
  const other = { mappings: { properties: { n: { type: "date" } } } };
  await must(pair.backup.endpoint, { method: "PUT", path: `/${index}`, body: other });
  await must(pair.primary.endpoint, { method: "PUT", path: `/${index}`, body: wanted });
  const parked = (await running().status()).deadLetters.visible;
  const lines = [
    { index: { _index: index, _id: "fits" } },
    { n: "2020-01-01" },
    { index: { _index: index, _id: "does not" } },
    { n: "abc", padding },
  ];
  await must(running().endpoint, { method: "POST", path: "/_bulk", body: bulk(...lines) });
  await running().until(({ deadLetters }) => deadLetters.visible === parked + 1);
  await running().drained();
}

async function payloads(): Promise<number> {
  const path = "/_understudy/s3/understudy-payloads?list-type=2&prefix=payloads/";
  return (await must(running().endpoint, { path })).text.split("<Key>").length - 1;
}

test("understudy dead-letters list: names what BACKUP refused and why, and leaves it there", {
  skip,
}, async () => {
  assert.deepEqual(await listed(), { total: 0, deadLetters: [] });
  await conflict("conflict");
  for (let times = 0; times < 2; times++) {
    const { total, deadLetters } = await listed();
    const [only] = deadLetters;
    assert.deepEqual([total, deadLetters.length], [1, 1]);
    assert.deepEqual([only?.index, only?.id, only?.operations], ["conflict", "does not", 1]);
    assert.match(only?.reason ?? "", /^400 \w+: failed to parse/);
  }
  assert.match(
    (await cli("dead-letters", "list")).stdout,
    /conflict\/does not {2}1 operation, tried \d times/,
  );
});

test("understudy dead-letters redrive: applies it after the conflict is mended; with nothing parked it says so", {
  skip,
}, async () => {
  await must(pair.backup.endpoint, { method: "DELETE", path: "/conflict" });
  const { code, json } = await cli("dead-letters", "redrive", "--json");
  assert.deepEqual([code, json()], [0, { moved: 1, status: "COMPLETED" }]);
  await running().drained();
  assert.equal((await running().status()).deadLetters.visible, 0);
  assert.equal((await send(pair.backup.endpoint, { path: "/conflict/_doc/does%20not" })).status, 200);
  const again = await cli("dead-letters", "redrive");
  assert.deepEqual([again.code, again.stdout], [0, "No dead letters.\n"]);
});

test("understudy dead-letters redrive: what is refused again is parked again", { skip }, async () => {
  await conflict("stubborn");
  const { code, json } = await cli("dead-letters", "redrive", "--limit", "5", "--json");
  assert.deepEqual([code, json()], [0, { moved: 1, status: "COMPLETED" }]);
  await running().until(({ deadLetters }) => deadLetters.visible === 1);
  await running().drained();
  assert.equal((await listed()).deadLetters[0]?.index, "stubborn");
});

test("understudy dead-letters discard: only with --yes, and the payloads go too", { skip }, async () => {
  await conflict("large", "x".repeat(100_000));
  assert.equal(await payloads(), 1);
  const careful = await cli("dead-letters", "discard");
  assert.equal(careful.code, 2);
  assert.match(careful.stderr, /2 dead letters would be deleted.*--yes/s);
  assert.equal((await listed()).total, 2);
  const { code, json } = await cli("dead-letters", "discard", "--yes", "--json");
  assert.deepEqual([code, json()], [0, { discarded: 2, kept: 0, payloads: 1 }]);
  assert.deepEqual([(await listed()).total, await payloads()], [0, 0]);
});

test("understudy: without its gateway the data directory itself is opened, and given free again", {
  skip,
}, async () => {
  await conflict("offline");
  await running().stop();
  assert.equal((await listed()).deadLetters[0]?.index, "offline");
  const moved = await cli("dead-letters", "redrive");
  assert.match(moved.stdout, /^1 records are in the queue again\. No gateway runs/);
  assert.equal((await cli("status")).code, 2);
  await running().restart();
  await running().until(({ deadLetters }) => deadLetters.visible === 1);
  assert.equal((await cli("dead-letters", "discard", "--yes")).code, 0);
});

test("understudy status: the gateway's own words with --json, readable without", { skip }, async () => {
  const { code, json } = await cli("status", "--json");
  assert.equal(code, 0);
  const wanted = v.object({
    clusters: v.object({ primary: v.object({ state: v.literal("up") }) }),
    queue: v.object({}),
  });
  assert.ok(v.is(wanted, json()));
  const { stdout } = await cli("status");
  assert.match(stdout, /^PRIMARY {7}up {4}http:\/\/127/m);
  assert.match(stdout, /^dead letters {2}0$/m);
  const named = await understudy({ DATA_DIR: "/nowhere" }, "status", "--url", running().endpoint);
  assert.equal(named.code, 0);
});

test("the queue over HTTP: not for web pages, and an unknown queue is SQS's own error", {
  skip,
}, async () => {
  const path = "/_understudy/sqs/";
  const headers = { "x-amz-target": "AmazonSQS.GetQueueUrl", "content-type": "application/x-amz-json-1.0" };
  const call = { method: "POST", path, body: JSON.stringify({ QueueName: "understudy-records" }) };
  const answer = await send(running().endpoint, { ...call, headers });
  assert.equal(answer.status, 200);
  const page = await send(running().endpoint, {
    ...call,
    headers: { ...headers, origin: "http://127.0.0.1" },
  });
  assert.equal(page.status, 403);
  const unknown = await send(running().endpoint, { ...call, headers, body: '{"QueueName":"other"}' });
  assert.deepEqual([unknown.status, /QueueDoesNotExist/.test(unknown.text)], [400, true]);
});
