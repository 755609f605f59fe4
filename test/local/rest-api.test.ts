import assert from "node:assert/strict";
import { once } from "node:events";
import { Agent, request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from "node:http";
import { connect } from "node:net";
import { Readable } from "node:stream";
import { buffer, text } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { afterEach, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import middy from "@middy/core";
import type { APIGatewayProxyEvent, APIGatewayProxyResult } from "aws-lambda";
import type { LogEntry } from "../../infra/local/lambda-context.ts";
import { installAwsLambda, isStreamed, type StreamedHandler } from "../../infra/local/response-stream.ts";
import { createRestApi, type RestApi, type RestApiOptions } from "../../infra/local/rest-api.ts";
import type { LocalFunction } from "../../infra/local/rest-api-function.ts";

installAwsLambda();

type Buffered = Extract<LocalFunction, { kind: "buffered" }>["handler"];

const open: RestApi[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((api) => api.close()));
});

async function serve(local: LocalFunction, options: Partial<RestApiOptions> = {}) {
  const logged: LogEntry[] = [];
  const api = createRestApi({
    host: "127.0.0.1",
    port: 0,
    bodyBytesMax: 1024 * 1024,
    route: () => local,
    log: (entry) => logged.push(entry),
    ...options,
  });
  open.push(api);
  const { port } = await api.listen();
  return { api, port, logged };
}

const buffered = (handler: Buffered): LocalFunction => ({ kind: "buffered", handler });
const streamed = (handler: StreamedHandler): LocalFunction => ({ kind: "streamed", handler });

/** Answers with the event itself. */
const mirror = buffered(async (event) => ({ statusCode: 200, body: JSON.stringify(event) }));

interface Reply {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

interface Call {
  method?: string;
  headers?: Record<string, string | string[]> | string[];
  body?: Buffer | string | Readable;
  agent?: Agent;
}

async function call(port: number, path: string, { body, ...options }: Call = {}): Promise<Reply> {
  const request = httpRequest({ host: "127.0.0.1", port, path, method: "GET", ...options });
  const answered = once(request, "response");
  if (body instanceof Readable) body.pipe(request);
  else request.end(body);
  const [response]: IncomingMessage[] = await answered;
  assert.ok(response);
  return { status: response.statusCode ?? 0, headers: response.headers, body: await text(response) };
}

/** Sends bytes and reads until the server closes. */
async function raw(port: number, bytes: string): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  socket.end(bytes);
  return (await buffer(socket)).toString("latin1");
}

async function mirrored(port: number, path: string, options?: Call): Promise<APIGatewayProxyEvent> {
  return JSON.parse((await call(port, path, options)).body);
}

test("createRestApi() hands over the event that a REST API's proxy integration gives", async () => {
  const { port } = await serve(mirror, { now: () => 1_700_000_000_000 });
  const event = await mirrored(port, "/a%2Fb/_search?q=x%2By+z&pretty&index=1&index=2", {
    method: "POST",
    headers: [
      "Host",
      "search",
      "X-Tag",
      "one",
      "x-tag",
      "two",
      "Content-Type",
      "application/json",
      "Content-Length",
      "2",
    ],
    body: "{}",
  });
  assert.equal(event.path, "/a%2Fb/_search");
  assert.equal(event.resource, "/{proxy+}");
  assert.equal(event.httpMethod, "POST");
  assert.deepEqual(event.pathParameters, { proxy: "a%2Fb/_search" });
  assert.deepEqual(event.queryStringParameters, { q: "x+y z", pretty: "", index: "2" });
  assert.deepEqual(event.multiValueQueryStringParameters, { q: ["x+y z"], pretty: [""], index: ["1", "2"] });
  assert.equal(event.headers["X-Tag"], "two");
  assert.deepEqual(event.multiValueHeaders["X-Tag"], ["one", "two"]);
  assert.equal(event.headers["Content-Type"], "application/json");
  assert.equal(event.headers["X-Forwarded-For"], "127.0.0.1");
  assert.equal("Content-Length" in event.headers, false);
  assert.equal(event.isBase64Encoded, true);
  assert.equal(Buffer.from(event.body ?? "", "base64").toString(), "{}");
  const { requestContext } = event;
  assert.equal(requestContext.identity.sourceIp, "127.0.0.1");
  assert.equal(requestContext.requestTimeEpoch, 1_700_000_000_000);
  assert.equal(requestContext.protocol, "HTTP/1.1");
  assert.equal(requestContext.path, event.path);
  assert.match(requestContext.requestId, /^[0-9a-f-]{36}$/);
});

test("createRestApi() gives null for what a request does not have", async () => {
  const { port } = await serve(mirror);
  const event = await mirrored(port, "/");
  assert.equal(event.body, null);
  assert.equal(event.isBase64Encoded, false);
  assert.equal(event.queryStringParameters, null);
  assert.equal(event.multiValueQueryStringParameters, null);
  assert.equal(event.pathParameters, null);
  assert.equal(event.resource, "/");
});

test("createRestApi() keeps a header and a parameter named __proto__", async () => {
  const { port } = await serve(mirror);
  const event = await mirrored(port, "/a?__proto__=1", { headers: ["Host", "h", "__proto__", "2"] });
  assert.deepEqual(Object.entries(event.queryStringParameters ?? {}), [["__proto__", "1"]]);
  assert.ok(Object.entries(event.headers).some(([name, value]) => name === "__proto__" && value === "2"));
});

test("createRestApi() takes every byte of declared, chunked and expected bodies", async () => {
  const { port } = await serve(
    buffered(async (event) => ({ statusCode: 200, body: event.body ?? "", isBase64Encoded: true })),
  );
  const body = Buffer.from(Array.from({ length: 200_000 }, (_, at) => (at * 7) % 256));
  const same = async (options: Call) => {
    const reply = await call(port, "/_bulk", { method: "POST", ...options });
    assert.equal(reply.headers["content-length"], "200000");
    assert.equal(reply.status, 200);
  };
  await same({ body });
  await same({ body: Readable.from([body.subarray(0, 3), body.subarray(3)]) });
  await same({ body, headers: { expect: "100-continue", "content-length": "200000" } });
});

test("createRestApi() answers 413 in Elasticsearch's shape and stays usable", async () => {
  let calls = 0;
  const counted = buffered(async () => {
    calls += 1;
    return { statusCode: 200, body: "" };
  });
  const { port } = await serve(counted, { bodyBytesMax: 1000, bodyBytesMaxSetting: "LIMIT" });
  const chunk = Buffer.alloc(64 * 1024);
  const uploads: Call[] = [
    { body: Buffer.alloc(1001) },
    { body: Buffer.alloc(5_000_000) },
    { body: Readable.from([chunk, chunk, chunk]) },
    { body: Readable.from([]), headers: { expect: "100-continue", "content-length": "1001" } },
  ];
  for (const upload of uploads) {
    const { status, body, headers } = await call(port, "/_bulk", { method: "POST", ...upload });
    assert.equal(status, 413);
    assert.equal(headers.connection, "close");
    const { error, ...rest } = JSON.parse(body);
    assert.equal(rest.status, 413);
    assert.equal(error.type, "content_too_long_exception");
    assert.match(error.reason, /\[1000\] bytes.*\[LIMIT\]/);
    assert.deepEqual(error.root_cause, [{ type: error.type, reason: error.reason }]);
  }
  assert.equal(calls, 0);
  assert.equal((await call(port, "/_bulk", { method: "POST", body: Buffer.alloc(1000) })).status, 200);
});

test("createRestApi() sends 100 Continue only for a body that it will take", async () => {
  const { port } = await serve(mirror, { bodyBytesMax: 10 });
  const head = (length: number) =>
    `POST /a HTTP/1.1\r\nhost: h\r\nexpect: 100-continue\r\nconnection: close\r\ncontent-length: ${length}\r\n\r\n`;
  assert.match(await raw(port, `${head(2)}{}`), /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK/);
  assert.match(await raw(port, head(11)), /^HTTP\/1\.1 413 /);
});

test("createRestApi() refuses what is not a plain request, before the handler", async () => {
  let calls = 0;
  const { port } = await serve(
    buffered(async () => {
      calls += 1;
      return { statusCode: 200, body: "" };
    }),
  );
  for (const target of ["/a/../b", "/%2e%2e/b", "http://h/_search", "/a\\b", "/a%0d%0ab", "/a%zz"]) {
    const answer = await raw(port, `GET ${target} HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n`);
    assert.match(answer, /^HTTP\/1\.1 400 Bad Request\r\n/, target);
    assert.match(answer, /"status":400}$/, target);
  }
  for (const bytes of [
    "nonsense\r\n\r\n",
    "GET /a\x01b HTTP/1.1\r\nhost: h\r\n\r\n",
    "POST / HTTP/1.1\r\nhost: h\r\ncontent-length: x\r\n\r\n",
  ]) {
    const answer = await raw(port, bytes);
    assert.match(answer, /^HTTP\/1\.1 400 Bad Request\r\n/);
    assert.match(answer, /"type":"bad_http_exception".*"status":400}$/);
  }
  const long = await raw(port, `GET / HTTP/1.1\r\nhost: h\r\nx: ${"y".repeat(20_000)}\r\n\r\n`);
  assert.match(long, /^HTTP\/1\.1 431 /);
  assert.equal(calls, 0);
});

test("createRestApi() sends a result's status, headers and bytes, and nothing of its own besides the length", async () => {
  const result: APIGatewayProxyResult = {
    statusCode: 201,
    headers: {
      "Content-Type": "text/plain",
      "X-Twice": "replaced",
      Connection: "close",
      "Content-Length": "999",
    },
    multiValueHeaders: { "x-twice": ["a", "b"], "set-cookie": ["c=1", "d=2"] },
    body: Buffer.from([0, 255, 10]).toString("base64"),
    isBase64Encoded: true,
  };
  const { port } = await serve(buffered(async () => result));
  const answer = await raw(port, "GET /a HTTP/1.1\r\nhost: h\r\n\r\n");
  const [head = "", body] = answer.split("\r\n\r\n");
  assert.equal(body, "\u0000\u00ff\n");
  assert.match(head, /^HTTP\/1\.1 201 Created\r\n/);
  const names = head
    .split("\r\n")
    .slice(1)
    .map((line) => line.toLowerCase())
    .filter((line) => !line.startsWith("keep-alive") && !line.startsWith("connection"));
  assert.deepEqual(names.sort(), [
    "content-length: 3",
    "content-type: text/plain",
    "set-cookie: c=1",
    "set-cookie: d=2",
    "x-twice: a",
    "x-twice: b",
  ]);
  assert.doesNotMatch(head, /connection: close/i);
});

test("createRestApi() answers HEAD with the handler's content-length and no body, on a kept connection", async () => {
  const { port } = await serve(
    buffered(async () => ({ statusCode: 200, headers: { "content-length": "321" }, body: "" })),
  );
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  for (let round = 0; round < 3; round += 1) {
    const { headers, body } = await call(port, "/i", { method: "HEAD", agent });
    assert.equal(headers["content-length"], "321");
    assert.equal(body, "");
  }
  agent.destroy();
});

test("createRestApi() answers 502 and logs one entry when a handler throws or returns nonsense", async () => {
  const handlers: Buffered[] = [
    async () => {
      throw new Error("broken");
    },
    () => {
      throw new Error("broken");
    },
    async () => ({ statusCode: 99, body: "" }),
    async () => ({ statusCode: 200, headers: { "x-bad": "a\r\nb" }, body: "" }),
    async () => JSON.parse("null"),
  ];
  for (const handler of handlers) {
    const { port, logged } = await serve(buffered(handler));
    const { status, body, headers } = await call(port, "/a");
    assert.equal(status, 502);
    assert.equal(body, '{"message":"Internal server error"}');
    assert.equal(headers["x-bad"], undefined);
    assert.equal(logged.length, 1);
    assert.equal(logged[0]?.level, "error");
    assert.match(String(logged[0]?.requestId), /^[0-9a-f-]{36}$/);
  }
});

test("createRestApi() answers 504 when a handler outlives its timeout, and logs its late end", async () => {
  const remaining: number[] = [];
  const released = signal();
  const { port, logged, api } = await serve({
    kind: "buffered",
    name: "slow",
    timeoutMs: 50,
    handler: async (_event, context) => {
      remaining.push(context.getRemainingTimeInMillis());
      await released.given;
      return { statusCode: 200, body: "late" };
    },
  });
  const { status, body } = await call(port, "/a");
  assert.equal(status, 504);
  assert.equal(body, '{"message":"Endpoint request timed out"}');
  assert.ok((remaining[0] ?? 99) <= 50);
  released.give();
  await api.close();
  assert.deepEqual(
    logged.map((entry) => [entry.message, entry.functionName]),
    [
      ["the handler outlived its timeout", "slow"],
      ["the handler ended late", "slow"],
    ],
  );
});

test("createRestApi() lets a buffered handler end although its client has gone", async () => {
  let ended = false;
  const started = signal();
  const released = signal();
  const { port, api } = await serve(
    buffered(async () => {
      started.give();
      await released.given;
      await delay(30);
      ended = true;
      return { statusCode: 200, body: "x" };
    }),
  );
  const socket = connect(port, "127.0.0.1");
  socket.write("GET /a HTTP/1.1\r\nhost: h\r\n\r\n");
  await started.given;
  socket.destroy();
  const closed = api.close();
  released.give();
  await closed;
  assert.equal(ended, true);
});

function signal() {
  let give = () => {};
  const given = new Promise<void>((resolve) => {
    give = resolve;
  });
  return { given, give };
}

test("close() lets a running request finish, refuses new ones, and cuts what takes too long", async () => {
  const started = signal();
  const released = signal();
  const wait = buffered(async () => {
    started.give();
    await released.given;
    return { statusCode: 200, body: "done" };
  });
  const { port, api } = await serve(wait);
  const reply = call(port, "/a", { agent: new Agent({ keepAlive: true }) });
  await started.given;
  const closed = api.close();
  await assert.rejects(call(port, "/b"), { code: "ECONNREFUSED" });
  released.give();
  assert.equal((await reply).body, "done");
  await closed;

  const hanging = await serve(
    buffered(() => new Promise(() => {})),
    { closeTimeoutMs: 20 },
  );
  const cut = assert.rejects(call(hanging.port, "/a"), { code: "ECONNRESET" });
  await delay(50);
  await hanging.api.close();
  await cut;
});

test("a streamed handler's prelude, frame or middy result opens the answer, and its body follows", async () => {
  const prelude = {
    statusCode: 203,
    headers: { "x-a": "1" },
    multiValueHeaders: { "x-b": ["2", "3"] },
    cookies: ["c=1", "d=2"],
  };
  const handlers: StreamedHandler[] = [
    async (_event, stream) => {
      const body = awslambda.HttpResponseStream.from(stream, prelude);
      await pipeline(Readable.from(["hel", "lo"]), body);
    },
    async (_event, stream) => {
      stream.setContentType("application/vnd.awslambda.http-integration-response");
      const frame = Buffer.concat([
        Buffer.from(JSON.stringify(prelude)),
        Buffer.alloc(8),
        Buffer.from("hello"),
      ]);
      for (const byte of frame) stream.write(Buffer.from([byte]));
      stream.end();
    },
  ];
  const wrapped: unknown = middy({ streamifyResponse: true }).handler(async () => ({
    ...prelude,
    body: "hello",
  }));
  assert.ok(typeof wrapped === "function" && isStreamed(wrapped));
  handlers.push(wrapped);
  for (const handler of handlers) {
    const { port, logged } = await serve(streamed(handler));
    const { status, headers, body } = await call(port, "/a");
    assert.equal(body, "hello");
    assert.equal(status, 203);
    assert.equal(headers["x-a"], "1");
    assert.equal(headers["x-b"], "2, 3");
    assert.deepEqual(headers["set-cookie"], ["c=1", "d=2"]);
    assert.deepEqual(logged, []);
  }
});

test("isStreamed() knows the handlers that awslambda.streamifyResponse() wrapped", () => {
  assert.equal(isStreamed(awslambda.streamifyResponse(async () => {})), true);
  assert.equal(
    isStreamed(async () => {}),
    false,
  );
});

test("a streamed handler is 502 before the prelude, cut after it, and logged both times", async () => {
  const bad: StreamedHandler[] = [
    async () => {
      throw new Error("early");
    },
    async (_event, stream) => {
      awslambda.HttpResponseStream.from(stream, { statusCode: 200 }).end();
    },
    async (_event, stream) => {
      stream.end("no prelude");
    },
    async (_event, stream) => {
      awslambda.HttpResponseStream.from(stream, { statusCode: "200" }).write("x");
      stream.end();
    },
  ];
  for (const handler of bad) {
    const { port, logged } = await serve(streamed(handler));
    const { status, body } = await call(port, "/a");
    assert.equal(status, 502);
    assert.equal(body, '{"message":"Internal server error"}');
    assert.equal(logged.length, 1);
  }
  const { port, logged } = await serve(
    streamed(async (_event, stream) => {
      awslambda.HttpResponseStream.from(stream, { statusCode: 200 }).write("half");
      throw new Error("late");
    }),
  );
  await assert.rejects(call(port, "/a"), { code: "ECONNRESET" });
  assert.equal(logged.length, 1);
});

test("a streamed handler is held back by a slow client and told when it goes away", async () => {
  const chunk = Buffer.alloc(64 * 1024);
  let written = 0;
  let failure: unknown;
  const ended = signal();
  const { port, logged } = await serve(
    streamed(async (_event, stream) => {
      const body = awslambda.HttpResponseStream.from(stream, { statusCode: 200 });
      const endless = new Readable({
        read() {
          written += chunk.length;
          this.push(chunk);
        },
      });
      try {
        await pipeline(endless, body);
      } catch (error) {
        failure = error;
        assert.equal(endless.destroyed, true);
        ended.give();
      }
    }),
  );
  const socket = connect(port, "127.0.0.1").pause();
  socket.write("GET /a HTTP/1.1\r\nhost: h\r\n\r\n");
  let before = -1;
  while (before !== written) {
    before = written;
    await delay(100);
  }
  assert.ok(
    written > 0 && written < 32 * 1024 * 1024,
    `${written} bytes were produced for a client that reads none`,
  );
  socket.destroy();
  await ended.given;
  assert.ok(failure instanceof Error);
  assert.deepEqual(logged, []);
});

test("a streamed handler that outlives its timeout is 504, or cut when its answer has begun", async () => {
  const silent = await serve(
    { kind: "streamed", timeoutMs: 30, handler: () => new Promise(() => {}) },
    { closeTimeoutMs: 10 },
  );
  assert.equal((await call(silent.port, "/a")).status, 504);
  const begun: LocalFunction = {
    kind: "streamed",
    timeoutMs: 50,
    handler: async (_event, stream) => {
      awslambda.HttpResponseStream.from(stream, { statusCode: 200 }).write("half");
    },
  };
  const { port } = await serve(begun, { closeTimeoutMs: 10 });
  await assert.rejects(call(port, "/a"), { code: "ECONNRESET" });
});
