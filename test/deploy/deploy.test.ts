import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { stripVTControlCharacters } from "node:util";
import {
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageCommand,
  SetQueueAttributesCommand,
} from "@aws-sdk/client-sqs";
import * as v from "valibot";
import { understudy } from "../local/cli-process.ts";
import { bulk, must, send } from "../support/client.ts";
import { compareClusters } from "../support/comparison.ts";
import { usePair } from "../support/servers.ts";
import { deploymentTools, deployStack, eventually } from "./deployed-stack.ts";
import { writeAsSchema1 } from "./earlier-record.ts";
import { ageConsumer } from "./older-consumer.ts";

// The CDK's own command line deploys this checkout into MiniStack, which runs the bundles; then a client uses it.

const tools = await deploymentTools();
const pair = tools.kind === "here" ? await usePair() : undefined;
const skip = tools.kind === "absent" ? tools.reason : (pair?.skip ?? false);
if (tools.kind === "absent") console.log(`Skipped: nothing can be deployed here. ${tools.reason}`);

const stack =
  tools.kind === "here" && pair && !skip
    ? await deployStack(tools, {
        PRIMARY_ENDPOINT: pair.primary.endpoint,
        BACKUP_ENDPOINT: pair.backup.endpoint,
        // MiniStack's runtime has no `awslambda` to stream with.
        RESPONSE_STREAMING: "false",
        RETRY_PAUSE_MAX_SECONDS: "1",
      })
    : undefined;
function deployed() {
  assert.ok(stack && pair);
  return { stack, primary: pair.primary, backup: pair.backup };
}

/** Until every record is applied or parked; further looks at what was uncertain are due later. */
async function settled(): Promise<void> {
  const { stack } = deployed();
  const urls = [stack.outputs.QueueUrl, stack.outputs.ParkingQueueUrl];
  await eventually(
    () => Promise.all(urls.map((url) => stack.depth(url))),
    (depths) => depths.every((depth) => depth === 0),
  );
}

/** `understudy` with nothing but AWS's own variables, for the stack by its name. */
function cli(...words: readonly string[]) {
  return understudy(deployed().stack.environment, ...words, "--stack", "understudy");
}

test("cdk synth, bootstrap and deploy make a stack with its outputs", { skip }, (t) => {
  const { outputs, alarmsLeftOut } = deployed().stack;
  t.diagnostic(`MiniStack cannot have the alarms ${alarmsLeftOut.join(", ")}`);
  assert.match(outputs.ApiUrl, /^https:\/\/\w+\.execute-api\.us-east-1\.amazonaws\.com\/live\/$/);
});

test("the deployed API refuses a stranger, and lets in whom the generated secret names", {
  skip,
}, async () => {
  const { stack, primary } = deployed();
  const stranger = await stack.sendAsStranger({ path: "/" });
  assert.equal(stranger.status, 401);
  assert.match(stranger.text, /security_exception/);
  assert.equal(
    (await stack.sendAsStranger({ method: "PUT", path: "/strange/_doc/1", body: {} })).status,
    401,
  );
  assert.equal((await send(primary.endpoint, { path: "/strange" })).status, 404);
  assert.match((await must(primary.endpoint, { path: "/" })).text, /"number" : "7\.10\.2"/);
  assert.equal((await stack.send({ path: "/" })).text, (await must(primary.endpoint, { path: "/" })).text);
});

test("a small bulk reaches BACKUP through the deployed queue and consumer", { skip }, async () => {
  const { stack, backup } = deployed();
  const body = bulk(
    { index: { _id: "1" } },
    { city: "Łódź", n: 9007199254740993n.toString() },
    { index: { _id: "2" } },
    '{"n":9007199254740993,"n2":1.10}',
    { delete: { _id: "2" } },
    { update: { _id: "1" } },
    { doc: { seen: true } },
  );
  const { status, text } = await stack.send({ method: "POST", path: "/small/_bulk", body });
  assert.equal(status, 200, text);
  assert.match(text, /"errors":false/);
  await settled();
  assert.match((await must(backup.endpoint, { path: "/small/_doc/1" })).text, /"seen":true/);
  assert.equal((await send(backup.endpoint, { path: "/small/_doc/2" })).status, 404);
  const { status: read, headers, text: found } = await stack.send({ path: "/small/_doc/1?_source=city" });
  assert.equal(read, 200);
  assert.match(found, /Łódź/);
  assert.equal(headers["x-understudy-served-by"], undefined);
});

const clusterSchema = v.object({ state: v.string(), version: v.optional(v.string()) });
const statusSchema = v.object({
  clusters: v.object({ primary: clusterSchema, backup: clusterSchema }),
  queue: v.object({ visible: v.number(), inFlight: v.number() }),
  parking: v.object({ visible: v.number() }),
  deadLetters: v.object({ visible: v.number() }),
  intents: v.number(),
});

test("a large bulk passes through the payload bucket, which is empty afterwards; the status shows it waiting", {
  skip,
}, async () => {
  const { stack, backup } = deployed();
  const lines = Array.from({ length: 24 }, (_, i) => [
    { index: { _id: `${i}` } },
    { noise: randomBytes(40_000).toString("base64") },
  ]).flat();
  await must(deployed().primary.endpoint, {
    method: "PUT",
    path: "/large",
    body: { mappings: { properties: { noise: { type: "keyword", index: false, doc_values: false } } } },
  });
  const intentsBefore = await stack.objects("intents/");
  await backup.freeze();
  let waiting: readonly string[];
  try {
    const body = bulk(...lines);
    const { text } = await stack.send({ method: "POST", path: "/large/_bulk", body });
    assert.match(text, /"errors":false/);
    waiting = await stack.objects("payloads/");
    const { code, json, stderr } = await cli("status", "--json");
    assert.equal(code, 0, stderr);
    const { clusters, queue } = v.parse(statusSchema, json());
    assert.deepEqual([clusters.primary.state, clusters.primary.version], ["up", "7.10.2"]);
    assert.equal(clusters.backup.state, "unknown");
    assert.ok(queue.visible + queue.inFlight > 0);
  } finally {
    backup.thaw();
  }
  assert.equal(waiting.length, 1, "the record's body is in the bucket while it waits");
  await settled();
  await must(backup.endpoint, { method: "POST", path: "/large/_refresh" });
  assert.match((await must(backup.endpoint, { path: "/large/_count" })).text, /"count":24\b/);
  assert.deepEqual(await stack.objects("payloads/"), []);
  assert.deepEqual(await stack.objects("intents/"), intentsBefore);
});

test("an id with / ? % and a space arrives as it was encoded", { skip }, async () => {
  const { stack, primary, backup } = deployed();
  const path = "/odd/_doc/a%2Fb%3Fc%25d%20e";
  const { status, text } = await stack.send({ method: "PUT", path: `${path}?refresh=true`, body: { n: 1 } });
  assert.equal(status, 201, text);
  assert.match(text, /"_id":"a\/b\?c%d e"/);
  await settled();
  assert.match((await must(primary.endpoint, { path })).text, /"n":\s?1/);
  assert.match((await must(backup.endpoint, { path })).text, /"n":\s?1/);
  assert.equal((await stack.send({ path })).status, 200);
});

const parkedSchema = v.object({
  deadLetters: v.array(v.object({ index: v.string(), id: v.optional(v.string()), reason: v.string() })),
});

const longs = (more: object = {}) => ({ properties: { n: { type: "long", ...more } } });

test("documents that BACKUP refuses are parked with the reason, and back by either way after it is mended", {
  skip,
}, async () => {
  const { stack, backup } = deployed();
  await must(backup.endpoint, { method: "PUT", path: "/conflict", body: { mappings: longs() } });
  const mappings = { properties: { n: { type: "text" } } };
  await stack.send({ method: "PUT", path: "/conflict", body: { mappings } });
  const refused = ["one", "two", "three"].flatMap((id) => [{ index: { _id: id } }, { n: id }]);
  const body = bulk({ index: { _id: "fits" } }, { n: "5" }, ...refused.slice(0, 2));
  const { text } = await stack.send({ method: "POST", path: "/conflict/_bulk", body });
  assert.match(text, /"errors":false/);
  for (const lines of [refused.slice(2, 4), refused.slice(4)])
    await stack.send({ method: "POST", path: "/conflict/_bulk", body: bulk(...lines) });
  await deadLetters(3);
  assert.equal(await statusOnBackup("fits"), 200);
  assert.equal(await statusOnBackup("one"), 404);

  const listed = await cli("dead-letters", "list", "--json");
  assert.equal(listed.code, 0, listed.stderr);
  const { deadLetters: letters } = v.parse(parkedSchema, listed.json());
  assert.deepEqual(letters.map(({ id }) => id).sort(), ["one", "three", "two"]);
  assert.equal(letters[0]?.index, "conflict");
  assert.match(letters[0]?.reason ?? "", /failed to parse field \[n\] of type \[long\]/);

  const again = await cli("dead-letters", "redrive", "--json");
  assert.deepEqual([again.code, again.json()], [0, { moved: 3, status: "COMPLETED" }], again.stderr);
  await deadLetters(3);
  await must(backup.endpoint, {
    method: "PUT",
    path: "/conflict/_mapping",
    body: longs({ ignore_malformed: true }),
  });
  const first = await cli("dead-letters", "redrive", "--limit", "1", "--json");
  assert.deepEqual([first.code, first.json()], [0, { moved: 1, status: "COMPLETED" }], first.stderr);
  await deadLetters(2);
  const all = ["one", "two", "three"];
  assert.deepEqual((await Promise.all(all.map(statusOnBackup))).sort(), [200, 404, 404]);
  await eventually(
    async () => {
      await redriveToSource(stack.outputs.DeadLetterQueueUrl);
      return Promise.all(all.map(statusOnBackup));
    },
    (statuses) => statuses.every((status) => status === 200),
  );
  await deadLetters(0);
});

test("understudy dead-letters discard deletes what is parked for good", { skip }, async () => {
  const { stack, backup } = deployed();
  await must(backup.endpoint, { method: "PUT", path: "/unwanted", body: { mappings: longs() } });
  const mappings = { properties: { n: { type: "text" } } };
  await stack.send({ method: "PUT", path: "/unwanted", body: { mappings } });
  await stack.send({ method: "PUT", path: "/unwanted/_doc/1", body: { n: "five" } });
  await deadLetters(1);
  assert.equal((await cli("dead-letters", "discard")).code, 2);
  const { code, json, stderr } = await cli("dead-letters", "discard", "--yes", "--json");
  assert.deepEqual([code, json()], [0, { discarded: 1, kept: 0, payloads: 0 }], stderr);
  await deadLetters(0);
  await stack.send({ method: "DELETE", path: "/unwanted" });
  await settled();
});

/** Until so many are parked, and nothing is on its way. */
async function deadLetters(count: number): Promise<void> {
  const { stack } = deployed();
  await settled();
  await eventually(
    () => stack.depth(stack.outputs.DeadLetterQueueUrl),
    (depth) => depth === count,
  );
}

async function statusOnBackup(id: string): Promise<number> {
  return (await send(deployed().backup.endpoint, { path: `/conflict/_doc/${id}` })).status;
}

/**
 * What the console's "redrive to source" does, by hand, because MiniStack has no StartMessageMoveTask: each message
 * goes to the queue that SQS moved it from. The redrive function takes what was parked under 10 s ago for new.
 */
async function redriveToSource(QueueUrl: string): Promise<void> {
  const { sqs } = deployed().stack;
  const all = { MessageAttributeNames: ["All"], MessageSystemAttributeNames: ["All" as const] };
  const { Messages = [] } = await sqs.send(
    new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 1, ...all }),
  );
  const { ParkingQueueUrl: parking } = deployed().stack.outputs;
  const wanted = new GetQueueAttributesCommand({ QueueUrl: parking, AttributeNames: ["QueueArn"] });
  const source = (await sqs.send(wanted)).Attributes?.["QueueArn"];
  for (const { Body, Attributes, MessageAttributes, ReceiptHandle } of Messages satisfies Message[]) {
    assert.equal(Attributes?.DeadLetterQueueSourceArn, source, "SQS knows where the dead letter came from");
    await sqs.send(new SendMessageCommand({ QueueUrl: parking, MessageBody: Body, MessageAttributes }));
    await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
  }
}

let writtenMeanwhile = 0;

test("an update with records of both schemas in flight loses none: old producer, new consumer, and the reverse", {
  skip,
}, async () => {
  const { stack, primary, backup } = deployed();
  const write = async (id: string, document: object) => {
    const put = () => stack.send({ method: "PUT", path: `/eras/_doc/${id}`, body: document });
    // MiniStack ends a function in the middle of its work when it is updated, as Lambda does not: a client tries again.
    const { status, text } = await eventually(put, (reply) => reply.status !== 502);
    assert.ok(status === 200 || status === 201, `${status} ${text}`);
    writtenMeanwhile++;
  };
  // So does what such a replay had in hand come back within the test.
  const soon = { QueueUrl: stack.outputs.QueueUrl, Attributes: { VisibilityTimeout: "30" } };
  await stack.sqs.send(new SetQueueAttributesCommand(soon));
  await write("gone", { era: "before" });
  await settled();
  await stack.update({}, ageConsumer);

  const dead = () => stack.depth(stack.outputs.DeadLetterQueueUrl);
  // A poller that waits already may have the former function in hand once more.
  for (let i = 0; i < 5 && (await dead()) === 0; i++) {
    await write(`newer-${i}`, { era: "after" });
    await settled();
  }
  await write("large", { era: "after", noise: randomBytes(700_000).toString("base64") });
  await deadLetters(2);
  const listed = await cli("dead-letters", "list", "--json");
  for (const { reason } of v.parse(parkedSchema, listed.json()).deadLetters)
    assert.match(reason, /^unknown or damaged record: schema/);
  assert.equal((await send(backup.endpoint, { path: "/eras/_doc/large" })).status, 404);
  assert.equal(
    (await stack.objects("payloads/")).length,
    1,
    "a record that cannot be read keeps its payload",
  );

  await backup.stop();
  try {
    const older = await writeAsSchema1(primary.endpoint, "eras", {
      older: { era: "before" },
      gone: undefined,
    });
    await stack.sqs.send(new SendMessageCommand({ QueueUrl: stack.outputs.QueueUrl, MessageBody: older }));
    let updated = false;
    const updating = stack.update({ LOG_LEVEL: "debug" }).finally(() => {
      updated = true;
    });
    for (let i = 0; !updated; i++) await write(`during-${i}`, { i });
    await updating;
    await write("afterwards", { era: "after" });
  } finally {
    await backup.restart();
  }
  await settled();
  assert.equal((await send(backup.endpoint, { path: "/eras/_doc/older" })).status, 200);
  assert.equal((await send(backup.endpoint, { path: "/eras/_doc/gone" })).status, 404);

  await eventually(
    async () => {
      const { code, stderr } = await cli("dead-letters", "redrive");
      assert.equal(code, 0, stderr);
      await settled();
      return dead();
    },
    (count) => count === 0,
  );
  assert.equal((await send(backup.endpoint, { path: "/eras/_doc/large" })).status, 200);
  assert.deepEqual(await stack.objects("payloads/"), []);
});

test("understudy verify finds both clusters equal behind a deployed gateway", { skip }, async () => {
  const { primary, backup } = deployed();
  await settled();
  const verified = await cli("verify", "--sources", "--json");
  assert.equal(verified.code, 0, verified.stdout + verified.stderr);
  const { documents, differences } = await compareClusters(primary.endpoint, backup.endpoint);
  assert.deepEqual(
    // Its mapping is BACKUP's own.
    differences.filter((line) => !line.startsWith("[conflict] is defined")),
    [],
  );
  assert.equal(documents, 1 + 24 + 1 + 4 + writtenMeanwhile);
});

test("the deployed API reads from BACKUP while PRIMARY is down, and refuses writes", { skip }, async () => {
  const { stack, primary } = deployed();
  await primary.stop();
  const search = { method: "POST", path: "/large/_search?size=0", body: { query: { match_all: {} } } };
  const { status, headers, text } = await stack.send(search);
  assert.equal(status, 200, text);
  assert.equal(headers["x-understudy-served-by"], "backup");
  assert.match(text, /"total":\{"value":24/);
  const refused = await stack.send({ method: "PUT", path: "/small/_doc/3", body: { n: 3 } });
  assert.equal(refused.status, 503);
  assert.match(refused.text, /PRIMARY/);
});

test("cdk destroy keeps queues, bucket and secrets, says so, and takes the rest", { skip }, async () => {
  const { stack } = deployed();
  assert.match(stack.outputs.KeptByDestroy, /cdk destroy keeps the queues, the bucket/);
  const said = stripVTControlCharacters(await stack.destroy());
  const kept = [...said.matchAll(/DELETE_SKIPPED.* \((\w+)\)/g)].map(([, id]) => id);
  const data = [
    "ClientSecret",
    "DeadLetterQueue",
    "HandleKey",
    "ParkingQueue",
    "PayloadBucket",
    "RecordQueue",
  ];
  // The role by which API Gateway writes logs belongs to the account.
  assert.deepEqual(kept.filter((id) => !id?.startsWith("EndpointApi")).sort(), data);
  const urls = [stack.outputs.QueueUrl, stack.outputs.DeadLetterQueueUrl, stack.outputs.ParkingQueueUrl];
  await Promise.all(urls.map(stack.depth));
  assert.notEqual((await stack.send({ path: "/" })).status, 200);
});
