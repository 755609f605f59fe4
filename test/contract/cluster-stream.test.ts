import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { clusterOf, coded, httpNode, tcpNode } from "./cluster-servers.ts";

const get = { method: "GET", path: "/" };

test("stream() passes 100 MB with bounded memory, however slow the reader is", async (t) => {
  const chunk = Buffer.alloc(65_536, "x");
  const chunks = 1600;
  let written = 0;
  const { url } = await httpNode(t, async (_request, response) => {
    for (; written < chunks; written++) {
      if (!response.write(chunk)) await once(response, "drain");
    }
    response.end();
  });
  const { body } = await clusterOf(t, [url]).stream(get);
  let bytes = 0;
  let externalMax = 0;
  for await (const part of body) {
    if (bytes === 0) {
      await pause(300);
      assert.ok(written < chunks / 4, `${written} chunks went out although nobody read`);
    }
    bytes += part.length;
    externalMax = Math.max(externalMax, body.readableLength);
  }
  assert.equal(bytes, chunks * chunk.length);
  assert.ok(externalMax < 1_000_000, `${externalMax} bytes were buffered`);
});

test("stream() gives the head before the body is there, and its deadline ends with the head", async (t) => {
  const { url } = await httpNode(t, (_request, response) => {
    response.writeHead(404, { "x-a": "1" });
    response.write("a");
    setTimeout(() => response.end("b"), 1000);
  });
  const { status, headers, body } = await clusterOf(t, [url]).stream({ ...get, timeoutMs: 500 });
  assert.deepEqual([status, headers["x-a"]], [404, "1"]);
  assert.equal(Buffer.concat(await body.toArray()).toString(), "ab");
});

test("stream() gives a cut body as an error, never as an end", async (t) => {
  const url = await tcpNode(t, (socket) =>
    socket.on("data", () => {
      socket.write("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc");
      setTimeout(() => socket.destroy(), 20);
    }),
  );
  const { body } = await clusterOf(t, [url]).stream(get);
  await assert.rejects(body.toArray(), coded("lost"));
});

test("stream() ends a body that stays silent while it is read", async (t) => {
  const { url } = await httpNode(t, (_request, response) => response.write("a"));
  const { body } = await clusterOf(t, [url], { requestTimeoutMs: 50 }).stream(get);
  await assert.rejects(body.toArray(), coded("timeout"));
});

test("stream() waits for a reader that takes its time", async (t) => {
  const { url } = await httpNode(t, (_request, response) => response.end(Buffer.alloc(1_000_000)));
  const { body } = await clusterOf(t, [url], { requestTimeoutMs: 30 }).stream(get);
  await pause(150);
  assert.equal(Buffer.concat(await body.toArray()).length, 1_000_000);
});

test("stream() fails before the head as send() does", async (t) => {
  const silent = await tcpNode(t, () => {});
  await assert.rejects(clusterOf(t, [silent]).stream({ ...get, timeoutMs: 30 }), coded("timeout"));
});

test("destroying the body ends the request on the node, as the caller's signal does", async (t) => {
  const closed: Promise<unknown>[] = [];
  const { url } = await httpNode(t, (_request, response) => {
    closed.push(once(response, "close"));
    response.write("x");
  });
  const cluster = clusterOf(t, [url]);
  const first = await cluster.stream(get);
  first.body.destroy();
  const controller = new AbortController();
  const second = await cluster.stream({ ...get, signal: controller.signal });
  controller.abort();
  await assert.rejects(second.body.toArray(), coded("aborted"));
  assert.equal(closed.length, 2);
  await Promise.all(closed);
});
