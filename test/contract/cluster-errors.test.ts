import assert from "node:assert/strict";
import { test } from "node:test";
import { loginCredentials } from "../../functions/core/cluster/credentials.ts";
import { clusterOf, coded, httpNode, nobody, tcpNode } from "./cluster-servers.ts";

const post = { method: "POST", path: "/_bulk", body: Buffer.from("{}\n") };
const get = { method: "GET", path: "/" };

test("send() says refused when nobody listens, or the name is unknown", async (t) => {
  await assert.rejects(clusterOf(t, [await nobody()]).send(post), coded("refused"));
  await assert.rejects(clusterOf(t, [new URL("http://nobody.invalid:9200")]).send(post), coded("refused"));
});

test("send() says refused when TLS meets a server that does not speak it", async (t) => {
  const url = await tcpNode(t, (socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
  await assert.rejects(clusterOf(t, [new URL(`https://${url.host}`)]).send(post), coded("refused"));
});

test("send() says refused when the connection takes too long", async (t) => {
  const silent = await tcpNode(t, () => {});
  const cluster = clusterOf(t, [new URL(`https://${silent.host}`)], { connectTimeoutMs: 50 });
  await assert.rejects(cluster.send(post), coded("refused"));
  await assert.rejects(cluster.send({ ...post, timeoutMs: 20 }), coded("refused"));
});

test("send() says lost when the connection breaks after the request was sent", async (t) => {
  const hangUp = await tcpNode(t, (socket) => socket.on("data", () => socket.destroy()));
  const reset = await tcpNode(t, (socket) => socket.on("data", () => socket.resetAndDestroy()));
  const garbage = await tcpNode(t, (socket) => socket.on("data", () => socket.end("220 smtp ready\r\n")));
  for (const url of [hangUp, reset, garbage]) {
    await assert.rejects(clusterOf(t, [url]).send(post), coded("lost"));
  }
});

test("send() says lost when the answer is cut", async (t) => {
  const byLength = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{";
  const byChunks = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\n{\r\n";
  const halfHead = "HTTP/1.1 200 OK\r\ncontent-le";
  for (const cut of [byLength, byChunks, halfHead]) {
    const url = await tcpNode(t, (socket) => socket.on("data", () => socket.end(cut)));
    await assert.rejects(clusterOf(t, [url]).send(post), coded("lost"));
  }
});

test("send() says timeout for the whole exchange, however busy the line is", async (t) => {
  const silent = await tcpNode(t, () => {});
  await assert.rejects(clusterOf(t, [silent]).send({ ...post, timeoutMs: 50 }), coded("timeout"));
  const dripping = await tcpNode(t, (socket) => {
    socket.write("HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n");
    const drip = setInterval(() => socket.write("x"), 5);
    socket.on("close", () => clearInterval(drip));
  });
  await assert.rejects(clusterOf(t, [dripping], { requestTimeoutMs: 50 }).send(post), coded("timeout"));
});

test("send() says aborted when the caller's signal ends it, at any point", async (t) => {
  const silent = await tcpNode(t, () => {});
  const cluster = clusterOf(t, [silent]);
  await assert.rejects(cluster.send({ ...get, signal: AbortSignal.abort() }), coded("aborted"));
  const controller = new AbortController();
  const answer = cluster.send({ ...get, signal: controller.signal });
  setTimeout(() => controller.abort(), 20);
  await assert.rejects(answer, coded("aborted"));
  const midBody = await tcpNode(t, (socket) => {
    socket.write("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nx");
    socket.once("data", () => later.abort());
  });
  const later = new AbortController();
  await assert.rejects(clusterOf(t, [midBody]).send({ ...post, signal: later.signal }), coded("aborted"));
});

test("send() reads over a new connection when the node had closed the idle one", async (t) => {
  let requests = 0;
  const url = await tcpNode(t, (socket) => {
    let answered = false;
    socket.on("data", () => {
      // The second request on a connection meets a reset, as when it crosses the server's FIN.
      if (answered) return socket.resetAndDestroy();
      answered = true;
      requests += 1;
      socket.write("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    });
  });
  const cluster = clusterOf(t, [url]);
  for (let i = 0; i < 4; i++) assert.equal((await cluster.send(get)).status, 200);
  assert.equal(requests, 4);
  await assert.rejects(cluster.send(post), coded("lost"));
});

test("close() lets what is underway finish and refuses the rest", async (t) => {
  const { url } = await httpNode(t, (_request, response) => setTimeout(() => response.end("late"), 50));
  const cluster = clusterOf(t, [url]);
  const underway = cluster.send(get);
  const closed = cluster.close();
  await assert.rejects(cluster.send(get), coded("refused"));
  assert.equal((await underway).body.toString(), "late");
  await closed;
});

test("a ClusterError names node and reason, and neither credentials nor query", async (t) => {
  const url = await nobody();
  const cluster = clusterOf(t, [url], {
    credentials: loginCredentials({ username: "someone", password: "hidden" }),
  });
  await assert.rejects(cluster.send({ ...get, query: "q=private" }), (error: Error) => {
    assert.match(error.message, new RegExp(`^primary \\(${url.host}\\) refused: .*ECONNREFUSED`));
    assert.doesNotMatch(`${error.stack}`, /hidden|private/);
    return true;
  });
});
