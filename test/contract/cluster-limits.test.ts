import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { ClusterError } from "../../functions/core/cluster/port.ts";
import type { ClusterSettings } from "../../functions/core/cluster/settings.ts";
import { clusterOf, coded, httpNode } from "./cluster-servers.ts";

/** Sends from 32 loops until the time is over; answers how many went through in each second. */
async function driveFor(ms: number, send: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  let sent = 0;
  const loop = async () => {
    while (performance.now() - start < ms) {
      await send();
      if (performance.now() - start < ms) sent += 1;
    }
  };
  await Promise.all(Array.from({ length: 32 }, loop));
  return (sent * 1000) / ms;
}

async function slowed(t: Parameters<typeof clusterOf>[0], settings: Partial<ClusterSettings>) {
  let open = 0;
  let openMax = 0;
  const { url } = await httpNode(t, async (request, response) => {
    open += 1;
    openMax = Math.max(open, openMax);
    for await (const _chunk of request);
    await pause(5);
    open -= 1;
    response.end();
  });
  const cluster = clusterOf(t, [url], { limitWaitMs: Number.POSITIVE_INFINITY, ...settings });
  return { cluster, openMax: () => openMax };
}

/** A rate is never exceeded; a machine that is busy with something else may miss it in two of three attempts. */
async function holdsRate(expected: number, send: () => Promise<unknown>): Promise<void> {
  const rates: number[] = [];
  do {
    rates.push(await driveFor(2000, send));
    assert.ok(Math.max(...rates) < expected * 1.1, `${rates}`);
  } while (Math.max(...rates) <= expected * 0.9 && rates.length < 3);
  assert.ok(Math.max(...rates) > expected * 0.9, `${rates}`);
}

test("maxQpsPerNode holds the rate that 32 connections try to exceed", async (t) => {
  const { cluster } = await slowed(t, { maxQpsPerNode: 200 });
  await holdsRate(200, () => cluster.send({ method: "GET", path: "/" }));
});

test("maxBytesPerNode holds the rate of bodies", async (t) => {
  const { cluster } = await slowed(t, { maxBytesPerNode: 2_000_000 });
  const body = Buffer.alloc(10_000);
  await holdsRate(200, () => cluster.send({ method: "POST", path: "/", body }));
});

test("maxConnectionPerNode bounds what is under way, the rest waits", async (t) => {
  const { cluster, openMax } = await slowed(t, { maxConnectionPerNode: 3 });
  const answers = await Promise.all(
    Array.from({ length: 60 }, () => cluster.send({ method: "GET", path: "/" })),
  );
  assert.ok(answers.every(({ status }) => status === 200));
  assert.equal(openMax(), 3);
});

test("a request above a limit is refused as limited, with a time to come back", async (t) => {
  const { url } = await httpNode(t, (_request, response) => response.end());
  const cluster = clusterOf(t, [url], { maxBytesPerNode: 1000, limitWaitMs: 500 });
  const big = { method: "POST", path: "/", body: Buffer.alloc(10_000) };
  assert.equal((await cluster.send(big)).status, 200);
  await assert.rejects(cluster.send(big), (error) => {
    assert.ok(error instanceof ClusterError);
    assert.equal(error.code, "limited");
    assert.equal(error.retryAfterSeconds, 10);
    assert.equal(error.outcomeUnknown, false);
    return true;
  });
});

test("a wait for a free connection ends with the bound, the deadline or the caller's signal", async (t) => {
  const { url } = await httpNode(t, () => {});
  const get = { method: "GET", path: "/" };
  const cluster = clusterOf(t, [url], { maxConnectionPerNode: 1, limitWaitMs: 60 });
  const occupied = assert.rejects(cluster.send({ ...get, timeoutMs: 300 }), coded("timeout"));
  await assert.rejects(cluster.send(get), coded("limited"));
  await assert.rejects(cluster.send({ ...get, timeoutMs: 10 }), coded("limited"));
  await assert.rejects(cluster.send({ ...get, signal: AbortSignal.timeout(10) }), coded("aborted"));
  await occupied;
});

test("stream() occupies its connection until the body is over or destroyed", async (t) => {
  const { url } = await httpNode(t, (_request, response) => response.write("x"));
  const cluster = clusterOf(t, [url], { maxConnectionPerNode: 1, limitWaitMs: 50 });
  const get = { method: "GET", path: "/" };
  const first = await cluster.stream(get);
  await assert.rejects(cluster.stream(get), coded("limited"));
  first.body.destroy();
  const second = await cluster.stream(get);
  second.body.destroy();
});
