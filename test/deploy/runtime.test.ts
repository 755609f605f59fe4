import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { CreateBucketCommand, ListObjectsV2Command, S3Client } from "@aws-sdk/client-s3";
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import * as v from "valibot";
import { bulkBodies, mapping } from "../bench/documents.ts";
import { median } from "../bench/median.ts";
import { bulk, must, send } from "../support/client.ts";
import { fakeEvent } from "../support/fake-request.ts";
import { usePair } from "../support/servers.ts";
import { cdk } from "./cdk.ts";
import { awsClient, eventually } from "./deployed-stack.ts";
import { startEmulator } from "./emulator.ts";
import {
  type Bundle,
  bundlesIn,
  type FunctionProcess,
  importCost,
  startFunction,
} from "./function-process.ts";
import type { InvocationEnd } from "./runtime-api.ts";
import { ministack, node22, runtimeClient } from "./tools.ts";

// What the CDK would upload, under AWS's own client of the Lambda runtime, between two real servers.

const login = JSON.stringify({ username: "understudy", password: "correct" });
const authorization = `Basic ${Buffer.from("understudy:correct").toString("base64")}`;

const [emulatorTool, nodeTool, clientTool] = [await ministack(), await node22(), await runtimeClient()];
const absent = [emulatorTool, nodeTool, clientTool].flatMap((tool) =>
  tool.kind === "absent" ? [tool.reason] : [],
);
const pair = absent.length === 0 ? await usePair() : undefined;
const skip = pair?.skip ?? absent.join("; ");
if (absent.length > 0) console.log(`Skipped: no function can run here. ${skip}`);

const host = skip === false ? await startHost() : undefined;
function running() {
  assert.ok(host && pair);
  return { ...host, primary: pair.primary, backup: pair.backup };
}

/** Queue, bucket and client's secret as the stack has them, and the bundles. */
async function startHost() {
  assert.ok(pair && emulatorTool.kind === "here" && nodeTool.kind === "here" && clientTool.kind === "here");
  const folder = await mkdtemp(join(tmpdir(), "understudy-runtime-"));
  after(() => rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 250 }));
  const tools = { node: nodeTool.folder, runtimeClient: clientTool.folder };
  const emulator = await startEmulator({ ministack: emulatorTool.folder, node: tools.node, folder });
  after(() => emulator.stop());
  const assembly = join(folder, "assembly");
  const endpoints = { PRIMARY_ENDPOINT: pair.primary.endpoint, BACKUP_ENDPOINT: pair.backup.endpoint };
  const environment = { ...emulator.environment, ...endpoints, CDK_HOME: folder };
  await cdk(environment, "synth", "--quiet", "--output", assembly);
  const endpoint = emulator.environment["AWS_ENDPOINT_URL"] ?? "";
  const settings = {
    endpoint,
    region: "us-east-1",
    credentials: { accessKeyId: "understudy-test", secretAccessKey: "any" },
  };
  const sqs = new SQSClient({ ...settings, useQueueUrlAsEndpoint: false });
  const s3 = new S3Client({ ...settings, forcePathStyle: true });
  after(() => {
    sqs.destroy();
    s3.destroy();
  });
  const { QueueUrl = "" } = await sqs.send(new CreateQueueCommand({ QueueName: "records" }));
  await s3.send(new CreateBucketCommand({ Bucket: "payloads" }));
  const aws = awsClient(emulator.environment);
  return {
    folder,
    tools,
    sqs,
    s3,
    aws,
    queueUrl: QueueUrl,
    bundles: await bundlesIn(assembly),
    environment: {
      ...emulator.environment,
      QUEUE_URL: QueueUrl,
      DEAD_LETTER_QUEUE_URL: QueueUrl,
      PAYLOAD_BUCKET: "payloads",
      CLIENT_SECRET_ARN: await createSecret(aws, "client"),
      HANDLE_KEY_SECRET_ARN: await createSecret(aws, "handles"),
    },
  };
}

async function createSecret(aws: ReturnType<typeof awsClient>, Name: string): Promise<string> {
  const created = await aws("secretsmanager", "secretsmanager.CreateSecret", { Name, SecretString: login });
  return v.parse(v.object({ ARN: v.string() }), created).ARN;
}

/** Runs the function while `use` does; with what differs from the stack's own environment. */
async function withFunction(
  name: string,
  use: (process: FunctionProcess) => Promise<void>,
  different: Readonly<Record<string, string>> = {},
): Promise<void> {
  const { tools, environment, bundles } = running();
  const bundle = bundles.find((each) => each.name === name);
  assert.ok(bundle);
  const process = await startFunction(tools, bundle, { ...environment, ...different });
  try {
    await use(process);
  } finally {
    await process.stop();
  }
}

/** A function that gives the same answer to every event: what the runtime client costs by itself. */
async function withBareFunction<T>(
  answer: string,
  use: (process: FunctionProcess) => Promise<T>,
): Promise<T> {
  const { tools, folder } = running();
  const bare = join(folder, "bare");
  await mkdir(bare);
  const code = `const answer = ${answer};\nexport const handler = async () => answer;\n`;
  await writeFile(join(bare, "index.mjs"), code);
  const process = await startFunction(tools, { name: "bare", folder: bare, bytes: 0, environment: {} }, {});
  try {
    return await use(process);
  } finally {
    await process.stop();
  }
}

/**
 * In front of PRIMARY: a bulk that it has answered is answered alike again, so that a measured function does not
 * share the machine's cores with a server that indexes.
 */
async function startQuietPrimary(primary: string) {
  let answered: { readonly type: string; readonly body: Buffer } | undefined;
  const server = createServer(async (request, response) => {
    const content = Buffer.concat(await request.toArray());
    const isBulk = request.url?.includes("/_bulk") ?? false;
    if (isBulk && answered !== undefined) {
      response.writeHead(200, { "content-type": answered.type, "content-length": answered.body.length });
      return response.end(answered.body);
    }
    const { method = "GET", url = "/" } = request;
    const headers = { "content-type": request.headers["content-type"] ?? "application/json" };
    const asked = await fetch(primary + url, {
      method,
      headers,
      ...(content.length > 0 && { body: content }),
    });
    const type = asked.headers.get("content-type") ?? "application/json";
    const body = Buffer.from(await asked.arrayBuffer());
    if (isBulk) answered = { type, body };
    response.writeHead(asked.status, { "content-type": type });
    return response.end(body);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** What API Gateway hands to a function for a client who signs in. */
function request(httpMethod: string, target: string, content?: string) {
  const [path = "", query = ""] = target.split("?");
  const headers = { authorization, "content-type": "application/x-ndjson" };
  const parameters = Object.fromEntries(new URLSearchParams(query));
  return fakeEvent({
    httpMethod,
    path,
    headers,
    multiValueHeaders: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]])),
    multiValueQueryStringParameters: Object.fromEntries(
      Object.entries(parameters).map(([name, value]) => [name, [value]]),
    ),
    body: content === undefined ? null : Buffer.from(content).toString("base64"),
    isBase64Encoded: content !== undefined,
  });
}

const buffered = v.object({ statusCode: v.number(), body: v.string(), isBase64Encoded: v.boolean() });

/** A buffered answer's status and text. */
function answerOf({ kind, body }: InvocationEnd): { readonly status: number; readonly text: string } {
  assert.equal(kind, "response", body.toString());
  const { statusCode, body: content, isBase64Encoded } = v.parse(buffered, JSON.parse(body.toString()));
  return { status: statusCode, text: Buffer.from(content, isBase64Encoded ? "base64" : "utf8").toString() };
}

/** A streamed answer's parts, out of Lambda's frame. */
function streamOf({ kind, streamed, contentType, body }: InvocationEnd) {
  assert.equal(kind, "response", body.toString());
  assert.equal(streamed, true);
  assert.equal(contentType, "application/vnd.awslambda.http-integration-response");
  const end = body.indexOf(Buffer.alloc(8));
  const head = v.parse(
    v.object({ statusCode: v.number(), headers: v.record(v.string(), v.string()) }),
    JSON.parse(body.subarray(0, end).toString()),
  );
  return { ...head, text: body.subarray(end + 8).toString() };
}

/** The messages that are in the queue now, taken out of sight. */
async function queued(): Promise<readonly string[]> {
  const { sqs, queueUrl: QueueUrl } = running();
  const { Messages = [] } = await sqs.send(
    new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, VisibilityTimeout: 3600 }),
  );
  return Messages.map(({ Body = "" }) => Body);
}

const goals = { search: { kb: 350, ms: 60 }, others: { kb: 900, ms: 150 } };

test("each bundle's size and the cost of loading it", { skip }, async (t) => {
  const { bundles, tools } = running();
  for (const bundle of bundles) {
    const goal = bundle.name === "search" ? goals.search : goals.others;
    const { wallMs, cpuMs } = await importCost(tools.node, bundle);
    const size = `${Math.round(bundle.bytes / 1000)} KB (goal ${goal.kb})`;
    const load = `loaded in ${Math.round(wallMs)} ms, ${Math.round(cpuMs)} ms of CPU (goal ${goal.ms})`;
    t.diagnostic(`${bundle.name}: ${size}, ${load}`);
    assert.ok(bundle.bytes <= goal.kb * 1000, size);
  }
  const named = (all: readonly Bundle[]) => all.map(({ name }) => name).sort();
  assert.deepEqual(named(bundles), ["reconcile", "redrive", "replay", "search", "write"]);
});

test("the write function starts cold, executes a bulk on PRIMARY and queues its record", {
  skip,
}, async (t) => {
  const { primary, s3 } = running();
  await must(primary.endpoint, { method: "PUT", path: "/cold" });
  await withFunction("write", async ({ initMs, invoke, cpuMs }) => {
    t.diagnostic(`cold start ${Math.round(initMs)} ms, ${await cpuMs()} ms of CPU`);
    const body = bulk({ index: { _id: "1" } }, { n: 1 });
    const { status, text } = answerOf(await invoke(request("POST", "/cold/_bulk", body)));
    assert.equal(status, 200, text);
    assert.match(text, /"errors":false/);
    const [record = "", ...more] = await queued();
    assert.match(record, /"index":"cold"/);
    assert.equal(more.length, 0);
    await eventually(
      async () => (await s3.send(new ListObjectsV2Command({ Bucket: "payloads" }))).KeyCount,
      (count) => count === 0,
    );
    const refused = answerOf(await invoke(request("POST", "/cold/_bulk", "{")));
    assert.equal(refused.status, 400, "PRIMARY's error is the client's");
  });
  assert.equal((await send(primary.endpoint, { path: "/cold/_doc/1" })).status, 200);
});

test("the search function streams a long answer, and an error", { skip }, async () => {
  const { primary } = running();
  const documents = Array.from({ length: 3000 }, (_, i) => [{ index: {} }, { text: `${i} `.repeat(200) }]);
  const body = bulk(...documents.flat());
  await must(primary.endpoint, { method: "POST", path: "/long/_bulk?refresh=true", body });
  await withFunction("search", async ({ invoke }) => {
    const ended = await invoke(request("GET", "/long/_search?size=3000"));
    const { statusCode, headers, text } = streamOf(ended);
    assert.equal(statusCode, 200);
    assert.match(headers["content-type"] ?? "", /^application\/json/);
    assert.equal(text.match(/"_id"/g)?.length, 3000);
    assert.ok(ended.pieces > 1, "the answer came in pieces");
    assert.equal(streamOf(await invoke(request("GET", "/nowhere/_search"))).statusCode, 404);
    const { authorization: _, ...nobody } = request("GET", "/").headers;
    const stranger = { ...request("GET", "/"), headers: nobody, multiValueHeaders: {} };
    assert.equal(streamOf(await invoke(stranger)).statusCode, 401);
  });
});

test("the replay function reports an event that it cannot read as failed, and goes on", {
  skip,
}, async () => {
  await withFunction("replay", async ({ invoke }) => {
    const failed = await invoke({});
    assert.equal(failed.kind, "error");
    assert.match(failed.body.toString(), /"errorType"/);
    const { kind, body } = await invoke({ Records: [] });
    assert.equal(kind, "response");
    assert.deepEqual(JSON.parse(body.toString()), { batchItemFailures: [] });
  });
});

test("a PRIMARY that hangs ends within the function's own time: 504, a reconcile record, BACKUP's answer", {
  skip,
}, async () => {
  const { primary } = running();
  const hurried = { WRITE_TIMEOUT_SECONDS: "1", READ_TIMEOUT_SECONDS: "1" };
  await withFunction(
    "write",
    async ({ invoke }) => {
      answerOf(await invoke(request("PUT", "/cold/_doc/2", "{}")));
      await queued();
      await primary.freeze();
      try {
        const late = answerOf(await invoke(request("PUT", "/cold/_doc/3", "{}"), 5000));
        assert.equal(late.status, 504, late.text);
        assert.match((await queued()).join(), /"kind":"reconcile"/);
        await withFunction(
          "search",
          async ({ invoke: search }) => {
            const { statusCode, headers } = streamOf(await search(request("GET", "/"), 5000));
            assert.equal(statusCode, 200);
            assert.equal(headers["x-understudy-served-by"], "backup");
          },
          hurried,
        );
      } finally {
        primary.thaw();
      }
      assert.equal(answerOf(await invoke(request("PUT", "/cold/_doc/4", "{}"))).status, 201);
      await queued();
    },
    hurried,
  );
});

test("a function whose first invocation failed serves the next one", { skip }, async () => {
  const arn = "arn:aws:secretsmanager:us-east-1:000000000000:secret:late";
  await withFunction(
    "write",
    async ({ invoke }) => {
      const first = answerOf(await invoke(request("PUT", "/cold/_doc/5", "{}")));
      assert.equal(first.status, 500);
      assert.doesNotMatch(first.text, /arn:aws/, "no inner detail reaches the client");
      await createSecret(running().aws, "late");
      assert.equal(answerOf(await invoke(request("PUT", "/cold/_doc/5", "{}"))).status, 201);
      await queued();
    },
    { CLIENT_SECRET_ARN: arn },
  );
});

test("a function whose settings are wrong answers 500 each time and stays up", { skip }, async () => {
  await withFunction(
    "search",
    async ({ invoke }) => {
      for (const _ of [1, 2]) {
        const { statusCode, text } = streamOf(await invoke(request("GET", "/")));
        assert.equal(statusCode, 500);
        assert.doesNotMatch(text, /PRIMARY_ENDPOINT/);
      }
    },
    { PRIMARY_ENDPOINT: "not a URL" },
  );
});

test("the write function's CPU for a bulk of 1 MB, warm", { skip }, async (t) => {
  const { primary } = running();
  const settings = { "index.refresh_interval": "-1", "index.translog.durability": "async" };
  await must(primary.endpoint, { method: "PUT", path: "/warm", body: { settings, mappings: mapping } });
  const [body = Buffer.alloc(0)] = bulkBodies(1, 1000);
  const event = request("POST", "/warm/_bulk", body.toString());
  const quiet = await startQuietPrimary(primary.endpoint);
  t.after(() => quiet.close());
  const perBulk = async ({ invoke, cpuMs }: FunctionProcess) => {
    for (let i = 0; i < 100; i++) assert.equal(answerOf(await invoke(event)).status, 200);
    const rounds: number[] = [];
    for (let round = 0; round < 5; round++) {
      const [before, times] = [await cpuMs(), 50];
      for (let i = 0; i < times; i++) assert.equal(answerOf(await invoke(event)).status, 200);
      const cpu = await cpuMs();
      if (cpu === undefined || before === undefined) return undefined;
      rounds.push((cpu - before) / times);
    }
    return median(rounds);
  };
  let whole: number | undefined;
  let answer = "";
  await withFunction(
    "write",
    async (write) => {
      whole = await perBulk(write);
      answer = (await write.invoke(event)).body.toString();
    },
    { PRIMARY_ENDPOINT: quiet.endpoint },
  );
  const client = await withBareFunction(answer, perBulk);
  if (whole === undefined || client === undefined)
    return t.diagnostic("this system does not tell a process's CPU");
  const [all, own] = [whole.toFixed(1), (whole - client).toFixed(1)];
  t.diagnostic(
    `${all} ms of CPU for a bulk of 1,000 documents of 1 kB, ${own} ms without the runtime client's`,
  );
});
