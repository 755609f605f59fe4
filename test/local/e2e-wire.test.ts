import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import { connect } from "node:net";
import { buffer } from "node:stream/consumers";
import { after, test } from "node:test";
import { gunzipSync, gzipSync } from "node:zlib";
import { send } from "../support/client.ts";
import { useGateway } from "../support/gateway.ts";

// What the wire shows, with a PRIMARY that is nothing but a wire.

type Answering = (incoming: IncomingMessage, outgoing: ServerResponse, body: Buffer) => void;

interface Seen {
  readonly line: string;
  readonly headers: IncomingMessage["headersDistinct"];
  readonly body: Buffer;
}

const seen: Seen[] = [];
let answering: Answering;

/** Keeps what came, and answers the gateway's own questions about indices with nothing. */
const wire = createServer(async (incoming, outgoing) => {
  const body = await buffer(incoming);
  if (incoming.headers["x-test"] === undefined) return outgoing.end("{}");
  seen.push({ line: `${incoming.method} ${incoming.url}`, headers: incoming.headersDistinct, body });
  answering(incoming, outgoing, body);
}).listen(0, "127.0.0.1");
await once(wire, "listening");
after(() => {
  wire.closeAllConnections();
  wire.close();
});
const address = wire.address();
assert.ok(typeof address === "object" && address !== null);
const cluster = { endpoint: `http://127.0.0.1:${address.port}` };
const bodyBytesMax = 200_000;
const gateway = await useGateway(
  { primary: cluster, backup: cluster },
  { BODY_BYTES_MAX: String(bodyBytesMax) },
);
const marked = { "x-test": "1" };

async function asked(...call: Parameters<typeof send> extends [string, infer Call] ? [Call] : never) {
  seen.length = 0;
  const reply = await send(gateway.endpoint, { ...call[0], headers: { ...marked, ...call[0].headers } });
  const [first] = seen;
  assert.ok(first, `${call[0].path} reached PRIMARY`);
  return { reply, seen: first };
}

test("wire: a path arrives exactly as it was encoded, with every method", async () => {
  answering = (_, outgoing) => outgoing.end("{}");
  const paths = [
    "/a/_doc/x%2Fy%20z%3F%23",
    "/a/_doc/%E2%82%AC",
    "/a/_doc/a+b~!$&'()*,;=:@",
    "/a,b-*/_search",
    "/%3Clogs-%7Bnow%2Fd%7D%3E/_search",
    "/a/_doc/1/",
  ];
  for (const path of paths) {
    for (const method of ["GET", "HEAD", "POST"]) {
      if (method === "POST" && !path.endsWith("_search")) continue;
      const { seen: first } = await asked({ method, path });
      assert.equal(first.line, `${method} ${path}`);
    }
  }
});

test("wire: several headers of one name stay several, both ways", async () => {
  answering = (_, outgoing) => {
    outgoing.writeHead(200, [
      ...["warning", '299 a "one"', "warning", '299 a "two"'],
      ...["set-cookie", "a=1; Path=/", "set-cookie", "b=2, c"],
      ...["content-type", "application/json"],
    ]);
    outgoing.end("{}");
  };
  const outgoing = request(`${gateway.endpoint}/a/_search`, {
    headers: { ...marked, "x-several": ["1", "2"] },
  }).end();
  seen.length = 0;
  const [incoming] = await once(outgoing, "response");
  incoming.resume();
  assert.deepEqual(seen[0]?.headers["x-several"], ["1", "2"]);
  assert.deepEqual(incoming.headersDistinct["set-cookie"], ["a=1; Path=/", "b=2, c"]);
  assert.equal(incoming.headersDistinct["warning"].join(", "), '299 a "one", 299 a "two"');
});

test("wire: CORS is the cluster's: a preflight and its answer pass", async () => {
  const allowed = { "access-control-allow-origin": "https://a.example", "access-control-max-age": "1728000" };
  answering = (_, outgoing) => outgoing.writeHead(200, allowed).end();
  const headers = { origin: "https://a.example", "access-control-request-method": "POST" };
  const { reply, seen: first } = await asked({ method: "OPTIONS", path: "/a/_search", headers });
  assert.equal(first.line, "OPTIONS /a/_search");
  assert.deepEqual(first.headers["origin"], ["https://a.example"]);
  assert.deepEqual(first.headers["access-control-request-method"], ["POST"]);
  for (const [name, value] of Object.entries(allowed)) assert.equal(reply.headers[name], value);
});

test("wire: an answer is compressed where the client asks for it, by the cluster or for a scroll by the gateway", async () => {
  const text = `{"_scroll_id":"abc","x":"${"y".repeat(3000)}"}`;
  const zipped = gzipSync(text);
  answering = (incoming, outgoing) => {
    const headers = { "content-type": "application/json" };
    if (incoming.headers["accept-encoding"] === undefined) return outgoing.writeHead(200, headers).end(text);
    outgoing.writeHead(200, { ...headers, "content-encoding": "gzip" }).end(zipped);
  };
  const headers = { "accept-encoding": "gzip" };
  const search = await asked({ path: "/a/_search", headers });
  assert.equal(search.reply.headers["content-encoding"], "gzip");
  assert.deepEqual(search.reply.body, zipped);
  const scroll = await asked({ path: "/a/_search?scroll=1m", headers });
  assert.equal(scroll.reply.headers["content-encoding"], "gzip");
  assert.match(
    gunzipSync(scroll.reply.body).toString(),
    /^\{"_scroll_id":"understudy_primary_[\w-]{22}_abc","x":"y+"\}$/,
  );
});

test("wire: a HEAD's answer keeps the length of the body that it does not have", async () => {
  answering = (_, outgoing) => outgoing.writeHead(200, { "content-length": 1234 }).end();
  const { reply } = await asked({ method: "HEAD", path: "/a/_doc/1" });
  assert.deepEqual([reply.headers["content-length"], reply.body.length], ["1234", 0]);
});

test("wire: connections are kept, with streamed answers too", async () => {
  answering = (_, outgoing) => outgoing.end("{}");
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const reused: boolean[] = [];
  for (let at = 0; at < 4; at++) {
    const outgoing = request(`${gateway.endpoint}/a/_search`, { agent, headers: marked }).end();
    const [incoming] = await once(outgoing, "response");
    await buffer(incoming);
    reused.push(outgoing.reusedSocket);
  }
  agent.destroy();
  assert.deepEqual(reused, [false, true, true, true]);
});

test("wire: a body up to the limit arrives, one above it is 413 in Elasticsearch's shape on a connection that ends", async () => {
  answering = (_, outgoing) => outgoing.end("{}");
  const { seen: first } = await asked({
    method: "POST",
    path: "/a/_search",
    body: Buffer.alloc(bodyBytesMax, 32),
  });
  assert.equal(first.body.length, bodyBytesMax);
  seen.length = 0;
  const body = Buffer.alloc(bodyBytesMax + 1, 32);
  const reply = await send(gateway.endpoint, { method: "POST", path: "/a/_search", body, headers: marked });
  assert.equal(reply.status, 413);
  assert.equal(JSON.parse(reply.text).error.root_cause[0].type, "content_too_long_exception");
  assert.equal(reply.headers["connection"], "close");
  assert.equal(seen.length, 0);
});

test("wire: Expect: 100-continue is answered before the body is sent, and with 413 instead where it is too long", async () => {
  answering = (_, outgoing) => outgoing.end("{}");
  const heads = [];
  for (const length of [2, bodyBytesMax + 1]) {
    const socket = connect(Number(new URL(gateway.endpoint).port), "127.0.0.1");
    const lines = ["POST /a/_search HTTP/1.1", "host: x", "x-test: 1", "expect: 100-continue"];
    socket.write(`${[...lines, `content-length: ${length}`].join("\r\n")}\r\n\r\n`);
    const [answer] = await once(socket, "data");
    heads.push(String(answer).slice(0, 12));
    socket.destroy();
  }
  assert.deepEqual(heads, ["HTTP/1.1 100", "HTTP/1.1 413"]);
});

/** The most memory that the gateway had in use at any time. */
function residentMbMax(): number {
  const status = readFileSync(`/proc/${gateway.pid}/status`, "utf8");
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) / 1024;
}

const skip = process.platform === "linux" ? false : "memory is read from /proc";

for (const [what, path] of [
  ["a search", "/a/_search"],
  ["a scroll, whose id is sealed on the way", "/a/_search?scroll=1m"],
] as const) {
  test(`wire: 100 MB of ${what} stream through in constant memory`, { skip }, async () => {
    const megabyte = Buffer.from(`,"${"x".repeat(1024 * 1024 - 3)}"`);
    answering = async (_, outgoing) => {
      outgoing.writeHead(200, { "content-type": "application/json" });
      outgoing.write('{"_scroll_id":"abc","hits":["x"');
      for (let at = 0; at < 100; at++) if (!outgoing.write(megabyte)) await once(outgoing, "drain");
      outgoing.end("]}");
    };
    const before = residentMbMax();
    const outgoing = request(`${gateway.endpoint}${path}`, { headers: marked }).end();
    const [incoming] = await once(outgoing, "response");
    let bytes = 0;
    for await (const chunk of incoming) bytes += chunk.length;
    assert.ok(bytes > 100 * megabyte.length);
    const grown = residentMbMax() - before;
    assert.ok(grown < 50, `the gateway took ${grown.toFixed(0)} MB more`);
  });
}
