import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { BufferList } from "../../functions/core/cluster/buffer-list.ts";
import { loginCredentials } from "../../functions/core/cluster/credentials.ts";
import { clusterOf, httpNode, nobody, tcpNode } from "./cluster-servers.ts";

/** Answers with an empty object and remembers, as they came, the bytes of the request's head. */
function recorder(heads: string[]): Parameters<typeof tcpNode>[1] {
  return (socket) => {
    let received = "";
    socket.on("data", (chunk) => {
      received += chunk.toString("latin1");
      const end = received.indexOf("\r\n\r\n");
      if (end < 0) return;
      heads.push(received.slice(0, end));
      received = "";
      socket.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}");
    });
  };
}

test("send() puts path and query on the wire exactly as they are encoded", async (t) => {
  const heads: string[] = [];
  const cluster = clusterOf(t, [await tcpNode(t, recorder(heads))]);
  const paths = [
    "/i/_doc/a%2Fb%3Fc%23d%25",
    "/i/_doc/%E2%82%AC%20x+y",
    "/%3Clogs-%7Bnow%2Fd%7D%3E/_doc/1",
    "/i/_doc/..%2f",
    "/i//_doc/./x",
  ];
  for (const path of paths) await cluster.send({ method: "GET", path });
  await cluster.send({ method: "GET", path: "/_search", query: "q=a%2Fb+c%26&pretty&filter_path=**" });
  assert.deepEqual(
    heads.map((head) => head.split("\r\n")[0]),
    [
      ...paths.map((path) => `GET ${path} HTTP/1.1`),
      "GET /_search?q=a%2Fb+c%26&pretty&filter_path=** HTTP/1.1",
    ],
  );
});

test("send() puts an endpoint's own path in front", async (t) => {
  const heads: string[] = [];
  const url = await tcpNode(t, recorder(heads));
  await clusterOf(t, [new URL("/es/main", url)]).send({ method: "GET", path: "/a%2Fb", query: "x=1" });
  await clusterOf(t, [new URL("/es/main/", url)]).send({ method: "GET", path: "/a%2Fb" });
  assert.deepEqual(
    heads.map((head) => head.split("\r\n")[0]),
    ["GET /es/main/a%2Fb?x=1 HTTP/1.1", "GET /es/main/a%2Fb HTTP/1.1"],
  );
});

test("send() adds no header but what HTTP needs", async (t) => {
  const heads: string[] = [];
  const url = await tcpNode(t, recorder(heads));
  const cluster = clusterOf(t, [url]);
  await cluster.send({
    method: "POST",
    path: "/_bulk",
    headers: {
      "content-type": "application/x-ndjson",
      "x-two": ["1", "2"],
      "content-length": "999",
      host: "evil",
    },
    body: Buffer.from("{}"),
  });
  await cluster.send({ method: "GET", path: "/" });
  const fields = (head: string | undefined) => (head ?? "").toLowerCase().split("\r\n").slice(1).sort();
  assert.deepEqual(fields(heads[0]), [
    "connection: keep-alive",
    "content-length: 2",
    "content-type: application/x-ndjson",
    `host: ${url.host}`,
    "x-two: 1",
    "x-two: 2",
  ]);
  assert.deepEqual(fields(heads[1]), ["connection: keep-alive", `host: ${url.host}`]);
});

test("send() brings the configured credentials only where the request has none", async (t) => {
  const seen: (string | undefined)[] = [];
  const { url } = await httpNode(t, (request, response) => {
    seen.push(request.headers.authorization);
    response.end();
  });
  const cluster = clusterOf(t, [url], {
    credentials: loginCredentials({ username: "u", password: "p:w" }),
  });
  await cluster.send({ method: "GET", path: "/" });
  await cluster.send({ method: "GET", path: "/", headers: { Authorization: "ApiKey abc" } });
  const inUrl = new URL(url);
  inUrl.username = "a%40b";
  inUrl.password = "c%2Fd";
  await clusterOf(t, [inUrl]).send({ method: "GET", path: "/" });
  const basic = (text: string) => `Basic ${Buffer.from(text).toString("base64")}`;
  assert.deepEqual(seen, [basic("u:p:w"), "ApiKey abc", basic("a@b:c/d")]);
});

test("send() gives any status, header and body back as they came", async (t) => {
  const zipped = gzipSync("{}");
  const { url } = await httpNode(t, (request, response) => {
    const status = Number(request.url?.slice(1));
    response.writeHead(status, {
      "content-encoding": "gzip",
      Warning: ['299 a "b"', '299 c "d"'],
      "set-cookie": ["a=1", "b=2"],
    });
    response.end(zipped);
  });
  const cluster = clusterOf(t, [url]);
  for (const status of [200, 201, 400, 401, 404, 409, 413, 429, 500, 502, 503, 504]) {
    const answer = await cluster.send({ method: "POST", path: `/${status}` });
    assert.equal(answer.status, status);
    assert.deepEqual(answer.body, zipped);
    assert.equal(answer.headers["content-encoding"], "gzip");
    assert.equal(answer.headers.warning, '299 a "b", 299 c "d"');
    assert.deepEqual(answer.headers["set-cookie"], ["a=1", "b=2"]);
  }
});

test("send() carries bodies of any method as bytes, HEAD gets its head", async (t) => {
  const { url } = await httpNode(t, async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    response.setHeader("x-length", String(request.headers["content-length"]));
    response.end(Buffer.concat(chunks));
  });
  const cluster = clusterOf(t, [url]);
  const body = Buffer.from([0, 255, 10, 13, 128]);
  for (const method of ["GET", "POST", "PUT", "DELETE"]) {
    assert.deepEqual((await cluster.send({ method, path: "/", body })).body, body);
  }
  assert.equal((await cluster.send({ method: "POST", path: "/" })).headers["x-length"], "0");
  const head = await cluster.send({ method: "HEAD", path: "/" });
  assert.deepEqual([head.status, head.body.length], [200, 0]);
});

test("send() puts buffers that follow one another on the wire as one body", async (t) => {
  const { url } = await httpNode(t, async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const { "content-length": length, "transfer-encoding": encoding } = request.headers;
    response.setHeader("x-framing", `${length} ${encoding}`);
    response.end(Buffer.concat(chunks));
  });
  const cluster = clusterOf(t, [url]);
  for (const buffers of [
    [],
    [Buffer.from("a")],
    [Buffer.alloc(300_000, "b"), Buffer.alloc(0), Buffer.from("c\n")],
  ]) {
    const whole = Buffer.concat(buffers);
    const { body, headers } = await cluster.send({
      method: "POST",
      path: "/_bulk",
      body: new BufferList(buffers),
    });
    assert.deepEqual(body, whole);
    assert.equal(headers["x-framing"], `${whole.length} undefined`);
  }
});

test("send() sends buffers that follow one another whole to the next node when the first refuses", async (t) => {
  const bodies: string[] = [];
  const { url } = await httpNode(t, async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    bodies.push(body);
    response.end("{}");
  });
  const cluster = clusterOf(t, [await nobody(), url]);
  const body = new BufferList([Buffer.from("a\n"), Buffer.from("b\n")]);
  for (let i = 0; i < 3; i++) await cluster.send({ method: "POST", path: "/_bulk", body });
  assert.deepEqual(bodies, ["a\nb\n", "a\nb\n", "a\nb\n"]);
});

test("send() throws a TypeError for characters that HTTP does not allow, and goes on", async (t) => {
  const { url } = await httpNode(t, (_request, response) => response.end("ok"));
  const cluster = clusterOf(t, [url], { maxConnectionPerNode: 1 });
  await assert.rejects(cluster.send({ method: "GET", path: "/a b" }), TypeError);
  await assert.rejects(cluster.send({ method: "GET", path: "/", headers: { a: "b\nc" } }), TypeError);
  assert.equal((await cluster.send({ method: "GET", path: "/" })).status, 200);
});
