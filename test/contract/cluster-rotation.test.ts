import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { clusterOf, coded, httpNode, nobody, tcpNode } from "./cluster-servers.ts";

const post = { method: "POST", path: "/_bulk", body: Buffer.from("{}\n") };
const get = { method: "GET", path: "/" };

test("send() takes the nodes in turn", async (t) => {
  const counts = [0, 0, 0];
  const urls: URL[] = [];
  for (const i of counts.keys()) {
    const node = await httpNode(t, (_request, response) => {
      counts[i] = (counts[i] ?? 0) + 1;
      response.end();
    });
    urls.push(node.url);
  }
  const cluster = clusterOf(t, urls);
  for (let i = 0; i < 9; i++) await cluster.send(post);
  assert.deepEqual(counts, [3, 3, 3]);
});

test("send() goes on to the next node when one refuses, writes included, until all were tried", async (t) => {
  const { url } = await httpNode(t, (_request, response) => response.end());
  const cluster = clusterOf(t, [await nobody(), await nobody(), url]);
  for (let i = 0; i < 5; i++) assert.equal((await cluster.send(post)).status, 200);
  await assert.rejects(clusterOf(t, [await nobody(), await nobody()]).send(post), coded("refused"));
});

test("send() never sends a write again after lost, but a read", async (t) => {
  const received: string[] = [];
  const breaking = await tcpNode(t, (socket) =>
    socket.on("data", (chunk) => {
      received.push(`breaking ${chunk.toString().split(" ")[0]}`);
      socket.destroy();
    }),
  );
  const { url } = await httpNode(t, (request, response) => {
    received.push(`well ${request.method}`);
    response.end();
  });
  const order = [breaking, url];
  await assert.rejects(clusterOf(t, order).send(post), coded("lost"));
  assert.deepEqual(received, ["breaking POST"]);
  assert.equal((await clusterOf(t, order).send(get)).status, 200);
  assert.deepEqual(received, ["breaking POST", "breaking GET", "well GET"]);
});

test("send() leaves out a node that is gone, and takes it back when it answers again", async (t) => {
  const answers: string[] = [];
  const alive = await httpNode(t, (_request, response) => {
    answers.push("alive");
    response.end();
  });
  const gone = await nobody();
  const cluster = clusterOf(t, [gone, alive.url]);
  for (let i = 0; i < 4; i++) await cluster.send(get);
  assert.equal(answers.length, 4);
  const probes: (string | undefined)[] = [];
  await httpNode(
    t,
    (request, response) => {
      if (request.method === "HEAD") probes.push(request.url);
      else answers.push("back");
      response.end();
    },
    Number(gone.port),
  );
  const giveUp = AbortSignal.timeout(10_000);
  while (!answers.includes("back")) {
    giveUp.throwIfAborted();
    await cluster.send(get);
    await pause(20);
  }
  assert.deepEqual(probes, ["/"]);
  answers.length = 0;
  for (let i = 0; i < 4; i++) await cluster.send(get);
  assert.deepEqual(answers.sort(), ["alive", "alive", "back", "back"]);
});

test("send() passes a 503 on, and prefers the other nodes for a while", async (t) => {
  let unwell = 0;
  const sick = await httpNode(t, (_request, response) => {
    unwell += 1;
    response.writeHead(503).end();
  });
  const well = await httpNode(t, (_request, response) => response.end());
  const cluster = clusterOf(t, [sick.url, well.url]);
  const statuses: number[] = [];
  for (let i = 0; i < 6; i++) statuses.push((await cluster.send(post)).status);
  assert.deepEqual(statuses, [503, 200, 200, 200, 200, 200]);
  assert.equal(unwell, 1);
});

test("send() keeps asking the only node, and all nodes when all are unwell", async (t) => {
  const sick = await httpNode(t, (_request, response) => response.writeHead(503).end());
  const other = await httpNode(t, (_request, response) => response.writeHead(502).end());
  for (const urls of [[sick.url], [sick.url, other.url]]) {
    const cluster = clusterOf(t, urls);
    for (let i = 0; i < 6; i++) assert.ok((await cluster.send(post)).status >= 502);
  }
});

test("an aborted or limited request does not count against its node", async (t) => {
  const asked: string[] = [];
  const slow = await httpNode(t, (request, response) => {
    if (request.url === "/slow") return;
    asked.push("first");
    response.end();
  });
  const other = await httpNode(t, (_request, response) => {
    asked.push("second");
    response.end();
  });
  const cluster = clusterOf(t, [slow.url, other.url], { maxQpsPerNode: 1e6, limitWaitMs: 0 });
  await assert.rejects(
    cluster.send({ method: "GET", path: "/slow", signal: AbortSignal.timeout(30) }),
    coded("aborted"),
  );
  for (let i = 0; i < 4; i++) await cluster.send(get);
  assert.deepEqual(asked.sort(), ["first", "first", "second", "second"]);
});
