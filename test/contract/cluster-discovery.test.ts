import assert from "node:assert/strict";
import type { RequestListener } from "node:http";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { loginCredentials } from "../../functions/core/cluster/credentials.ts";
import type { Cluster } from "../../functions/core/cluster/port.ts";
import { clusterOf, httpNode, nobody, tcpNode } from "./cluster-servers.ts";

/** Sends until `enough`, so that what happens with traffic can happen. */
async function sendUntil(cluster: Cluster, enough: () => boolean): Promise<void> {
  const giveUp = AbortSignal.timeout(10_000);
  while (!enough()) {
    giveUp.throwIfAborted();
    assert.equal((await cluster.send({ method: "GET", path: "/x" })).status, 200);
    await pause(5);
  }
}

function sniffable(nodes: () => unknown, onRequest: (url: string | undefined) => void): RequestListener {
  return (request, response) => {
    response.setHeader("content-type", "application/json");
    if (request.url === "/_nodes/http") {
      const answer = nodes();
      return response.end(typeof answer === "string" ? answer : JSON.stringify({ nodes: answer }));
    }
    onRequest(request.url);
    response.end("{}");
  };
}

const data = (address: string) => ({ roles: ["data", "ingest"], http: { publish_address: address } });

test("discovery moves the traffic to the discovered nodes, with the seed's scheme and credentials", async (t) => {
  const credentials = new Set<string | undefined>();
  let discovered = 0;
  const nodes: URL[] = [];
  for (let i = 0; i < 2; i++) {
    const { url } = await httpNode(t, (request, response) => {
      credentials.add(request.headers.authorization);
      if (request.method === "GET") discovered += 1;
      response.end();
    });
    nodes.push(url);
  }
  const [first, second] = nodes;
  let bySeed = 0;
  const seed = await httpNode(
    t,
    sniffable(
      () => ({
        a: data(`${first?.host}`),
        b: data(`localhost/127.0.0.1:${second?.port}`),
        c: { roles: ["master"], http: { publish_address: "127.0.0.1:1" } },
      }),
      () => {
        bySeed += 1;
      },
    ),
  );
  const cluster = clusterOf(t, [seed.url], {
    discovery: "once",
    credentials: loginCredentials({ username: "u", password: "p" }),
  });
  await sendUntil(cluster, () => discovered > 0);
  bySeed = 0;
  await sendUntil(cluster, () => discovered > 20);
  assert.equal(bySeed, 0);
  assert.deepEqual([...credentials], [`Basic ${Buffer.from("u:p").toString("base64")}`]);
});

test("discovery keeps to the seeds while no discovered node answers", async (t) => {
  const dead = await nobody();
  const seed = await httpNode(
    t,
    sniffable(
      () => ({ a: data(dead.host), b: data("0.0.0.0:9200") }),
      () => {},
    ),
  );
  const cluster = clusterOf(t, [seed.url], { discovery: "once" });
  let sent = 0;
  await sendUntil(cluster, () => ++sent > 30);
});

test("discovery falls back to the seeds when the discovered nodes die", async (t) => {
  let seen = 0;
  const node = await httpNode(t, (_request, response) => {
    seen += 1;
    response.end();
  });
  let bySeed = 0;
  const seed = await httpNode(
    t,
    sniffable(
      () => ({ a: data(node.url.host) }),
      () => {
        bySeed += 1;
      },
    ),
  );
  const cluster = clusterOf(t, [seed.url], { discovery: "once" });
  await sendUntil(cluster, () => seen > 3);
  node.server.close();
  node.server.closeAllConnections();
  bySeed = 0;
  await sendUntil(cluster, () => bySeed > 3);
});

for (const answer of [
  "null",
  "{}",
  "[]",
  "not json",
  "",
  '{"nodes":{"a":null,"b":{"http":{"publish_address":"?:x"}}}}',
]) {
  test(`discovery survives a cluster that answers ${JSON.stringify(answer)}`, async (t) => {
    let sniffs = 0;
    const seed = await httpNode(
      t,
      sniffable(
        () => {
          sniffs += 1;
          return answer;
        },
        () => {},
      ),
    );
    const cluster = clusterOf(t, [seed.url], { discovery: "refreshed", discoveryIntervalMs: 1 });
    await sendUntil(cluster, () => sniffs > 2);
  });
}

test("discovery refreshed lets go of nodes that left, without breaking what they still answer", async (t) => {
  let listed = true;
  let answerLate: (() => void) | undefined;
  let counted = 0;
  const nodes = () => (listed ? { a: data(leaving.url.host) } : { b: data(staying.url.host) });
  const leaving = await httpNode(t, (request, response) => {
    if (request.url === "/late") answerLate = () => response.end("late");
    else
      sniffable(nodes, () => {
        counted += 1;
      })(request, response);
  });
  const staying = await httpNode(
    t,
    sniffable(nodes, () => {}),
  );
  const seed = await httpNode(
    t,
    sniffable(nodes, () => {}),
  );
  const cluster = clusterOf(t, [seed.url], { discovery: "refreshed", discoveryIntervalMs: 20 });
  await sendUntil(cluster, () => counted > 2);
  const late = cluster.send({ method: "GET", path: "/late" });
  await sendUntil(cluster, () => answerLate !== undefined);
  listed = false;
  let before = -1;
  await sendUntil(cluster, () => {
    const quiet = before === counted;
    before = counted;
    return quiet;
  });
  answerLate?.();
  assert.equal((await late).body.toString(), "late");
});

test("discovery gives no write to a discovered node before a probe reached it, and probes one at a time", async (t) => {
  let connections = 0;
  const frozen = await tcpNode(t, () => {
    connections += 1;
  });
  const seed = await httpNode(
    t,
    sniffable(
      () => ({ a: data(frozen.host) }),
      () => {},
    ),
  );
  const cluster = clusterOf(t, [seed.url], { discovery: "once" });
  const post = { method: "POST", path: "/_bulk", body: Buffer.from("{}\n"), timeoutMs: 1000 };
  await sendUntil(cluster, () => connections > 0);
  for (let i = 0; i < 30; i++) assert.equal((await cluster.send(post)).status, 200);
  assert.equal(connections, 1);
});

test("discovery keeps the nodes it knows when an answer lists none", async (t) => {
  let empty = 0;
  let discovered = 0;
  let bySeed = 0;
  const nodes = () => {
    if (discovered === 0) return { a: data(node.url.host) };
    empty += 1;
    return {};
  };
  const node = await httpNode(
    t,
    sniffable(nodes, (url) => {
      if (url === "/x") discovered += 1;
    }),
  );
  const seed = await httpNode(
    t,
    sniffable(nodes, () => {
      bySeed += 1;
    }),
  );
  const cluster = clusterOf(t, [seed.url], { discovery: "refreshed", discoveryIntervalMs: 5 });
  await sendUntil(cluster, () => discovered > 0);
  bySeed = 0;
  await sendUntil(cluster, () => empty > 3);
  assert.equal(bySeed, 0);
});
