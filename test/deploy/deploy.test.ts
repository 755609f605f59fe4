import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { stripVTControlCharacters } from "node:util";
import {
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageCommand,
} from "@aws-sdk/client-sqs";
import * as v from "valibot";
import { understudy } from "../local/cli-process.ts";
import { bulk, must, send } from "../support/client.ts";
import { compareClusters } from "../support/comparison.ts";
import { usePair } from "../support/servers.ts";
import { deploymentTools, deployStack, eventually } from "./deployed-stack.ts";

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
  const parking = await parkingUrl();
  const urls = [stack.outputs.QueueUrl, parking];
  await eventually(
    () => Promise.all(urls.map((url) => stack.depth(url))),
    (depths) => depths.every((depth) => depth === 0),
  );
}

async function parkingUrl(): Promise<string> {
  const { stack } = deployed();
  const QueueName = stack.outputs.QueueUrl.split("/").at(-1)?.replace("-records-", "-parking-");
  return (await stack.sqs.send(new GetQueueUrlCommand({ QueueName }))).QueueUrl ?? "";
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

test("a large bulk passes through the payload bucket, which is empty afterwards", { skip }, async () => {
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

test("a document that BACKUP refuses is parked with its reason, and back after it is mended", {
  skip,
}, async () => {
  const { stack, backup } = deployed();
  const { DeadLetterQueueUrl: QueueUrl } = stack.outputs;
  const mapping = (type: string) => ({ mappings: { properties: { n: { type } } } });
  await must(backup.endpoint, { method: "PUT", path: "/conflict", body: mapping("long") });
  await stack.send({ method: "PUT", path: "/conflict", body: mapping("text") });
  const body = bulk({ index: { _id: "fits" } }, { n: "5" }, { index: { _id: "refused" } }, { n: "five" });
  const { text } = await stack.send({ method: "POST", path: "/conflict/_bulk", body });
  assert.match(text, /"errors":false/);
  await eventually(
    () => stack.depth(QueueUrl),
    (depth) => depth > 0,
  );
  await settled();
  assert.equal((await send(backup.endpoint, { path: "/conflict/_doc/fits" })).status, 200);
  assert.equal((await send(backup.endpoint, { path: "/conflict/_doc/refused" })).status, 404);

  const listed = await understudy(stack.environment, "dead-letters", "list", "--json");
  assert.equal(listed.code, 0, listed.stderr);
  const { deadLetters } = v.parse(parkedSchema, listed.json());
  const letter = deadLetters.find(({ id }) => id === "refused");
  assert.equal(letter?.index, "conflict");
  assert.match(letter?.reason ?? "", /failed to parse field \[n\] of type \[long\]/);

  const properties = { n: { type: "long", ignore_malformed: true } };
  await must(backup.endpoint, { method: "PUT", path: "/conflict/_mapping", body: { properties } });
  await eventually(
    async () => {
      await redriveToSource(QueueUrl);
      return (await send(backup.endpoint, { path: "/conflict/_doc/refused" })).status;
    },
    (status) => status === 200,
  );
  await settled();
  assert.equal(await stack.depth(QueueUrl), 0);
});

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
  const parking = await parkingUrl();
  const wanted = new GetQueueAttributesCommand({ QueueUrl: parking, AttributeNames: ["QueueArn"] });
  const source = (await sqs.send(wanted)).Attributes?.["QueueArn"];
  for (const { Body, Attributes, MessageAttributes, ReceiptHandle } of Messages satisfies Message[]) {
    assert.equal(Attributes?.DeadLetterQueueSourceArn, source, "SQS knows where the dead letter came from");
    await sqs.send(new SendMessageCommand({ QueueUrl: parking, MessageBody: Body, MessageAttributes }));
    await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
  }
}

test("understudy verify finds both clusters equal behind a deployed gateway", { skip }, async () => {
  const { stack, primary, backup } = deployed();
  await settled();
  const clusters = { PRIMARY_ENDPOINT: primary.endpoint, BACKUP_ENDPOINT: backup.endpoint };
  const verified = await understudy({ ...stack.environment, ...clusters }, "verify", "--sources", "--json");
  assert.equal(verified.code, 0, verified.stdout + verified.stderr);
  const { documents, differences } = await compareClusters(primary.endpoint, backup.endpoint);
  assert.deepEqual(
    // Its mapping is BACKUP's own.
    differences.filter((line) => !line.startsWith("[conflict] is defined")),
    [],
  );
  assert.equal(documents, 1 + 24 + 1 + 2);
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
  const urls = [stack.outputs.QueueUrl, stack.outputs.DeadLetterQueueUrl, await parkingUrl()];
  await Promise.all(urls.map(stack.depth));
  assert.notEqual((await stack.send({ path: "/" })).status, 200);
});
