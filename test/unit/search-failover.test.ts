import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { type TestContext, test } from "node:test";
import { gzipSync } from "node:zlib";
import { type Cluster, ClusterError } from "../../functions/core/cluster/port.ts";
import type { ReadAnswer } from "../../functions/search/first-part.ts";
import { whileAlive } from "../../functions/search/while-alive.ts";
import { type Answering, clusterError, fakeCluster, noAnswer } from "../support/fake-cluster.ts";
import { fakeRequest } from "../support/fake-request.ts";
import { fine, reading } from "../support/fake-search-services.ts";

const servedBy = "x-understudy-served-by";
const bodyOf = async ({ body }: ReadAnswer) => (Buffer.isBuffer(body) ? body : await buffer(body)).toString();

test("searchWithFailover() gives PRIMARY's answer, and asks nobody else", async () => {
  const { read, primary, backup } = reading(() => ({
    headers: { connection: "x", warning: "w" },
    body: "P",
  }));
  const answer = await read();
  assert.equal(await bodyOf(answer), "P");
  assert.deepEqual(answer.headers, { warning: "w" });
  assert.equal(backup.requests.length, 0);
  const [request] = primary.requests;
  assert.ok(request);
  assert.equal(`${request.method} ${request.path}?${request.query}`, "POST /books/_search?size=1");
  assert.equal(request.body?.toString(), '{"query":{}}');
});

for (const code of ["refused", "lost", "timeout", "aborted"] as const) {
  test(`searchWithFailover() falls back when PRIMARY's answer is ${code}, and says so`, async () => {
    const { read, backup, services } = reading(noAnswer("primary", code));
    const answer = await read();
    assert.equal(answer.status, 200);
    assert.equal(await bodyOf(answer), "from BACKUP");
    assert.equal(answer.headers[servedBy], "backup");
    assert.equal(backup.requests[0]?.body?.toString(), '{"query":{}}');
    assert.equal(services.telemetry.counted("fallbacks"), 1);
  });
}

for (const status of [502, 503, 504]) {
  test(`searchWithFailover() falls back from PRIMARY's ${status}`, async () => {
    const { read } = reading(() => clusterError(status, "x"));
    const answer = await read();
    assert.equal(await bodyOf(answer), "from BACKUP");
    assert.equal(answer.headers[servedBy], "backup");
  });
}

for (const status of [200, 301, 400, 401, 403, 404, 405, 409, 413, 429, 500]) {
  test(`searchWithFailover() takes PRIMARY's ${status} for an answer`, async () => {
    const { read, backup } = reading(() => ({ status, body: `PRIMARY's ${status}` }));
    const answer = await read();
    assert.equal(answer.status, status);
    assert.equal(await bodyOf(answer), `PRIMARY's ${status}`);
    assert.equal(answer.headers[servedBy], undefined);
    assert.equal(backup.requests.length, 0);
  });
}

test("searchWithFailover() answers 429 where the limit for PRIMARY holds: load is no reason to fall back", async () => {
  const { read, backup } = reading(() => {
    throw new ClusterError("primary", "limited", "full", { retryAfterSeconds: 7 });
  });
  const answer = await read();
  assert.equal(answer.status, 429);
  assert.equal(answer.headers["retry-after"], "7");
  assert.equal(backup.requests.length, 0);
});

test("searchWithFailover() gives BACKUP's answer as it is: its 404 too", async () => {
  const { read } = reading(noAnswer("primary", "refused"), () =>
    clusterError(404, "index_not_found_exception"),
  );
  const answer = await read();
  assert.equal(answer.status, 404);
  assert.equal(answer.headers[servedBy], "backup");
});

test("searchWithFailover() with both clusters down gives PRIMARY's own words, or says what happened to each", async () => {
  const own = reading(() => ({ status: 503, body: "PRIMARY's words" }), noAnswer("backup", "refused"));
  const first = await own.read();
  assert.equal(first.status, 503);
  assert.equal(await bodyOf(first), "PRIMARY's words");
  assert.equal(first.headers[servedBy], undefined);
  const none = reading(
    noAnswer("primary", "refused", "P is gone"),
    noAnswer("backup", "timeout", "B is slow"),
  );
  const second = await none.read();
  assert.equal(second.status, 503);
  const { error } = JSON.parse(await bodyOf(second));
  assert.equal(error.type, "cluster_unavailable_exception");
  assert.match(error.reason, /P is gone.*B is slow/);
});

test("searchWithFailover() remembers for a while that PRIMARY is down, then lets one request try", async () => {
  const { read, primary, after } = reading(noAnswer("primary", "refused"));
  await read();
  await read();
  await read();
  assert.equal(primary.requests.length, 1);
  after(2000);
  await Promise.all([read(), read()]);
  assert.equal(primary.requests.length, 2);
  after(2000);
  primary.answer(() => ({ body: "P" }));
  assert.equal(await bodyOf(await read()), "P");
  assert.equal(await bodyOf(await read()), "P");
  assert.equal(primary.requests.length, 4);
});

for (const status of [502, 504]) {
  test(`searchWithFailover() remembers PRIMARY's ${status} as a failure`, async () => {
    const { read, primary, services } = reading(() => clusterError(status, "x"));
    await read();
    assert.equal(services.primaryHealth.state(), "down");
    await read();
    assert.equal(primary.requests.length, 1);
  });
}

test("searchWithFailover() falls back from a 503 without passing PRIMARY by: it may be about one index only", async () => {
  const { read, primary, backup, services } = reading(({ path }) =>
    path.startsWith("/books/") ? clusterError(503, "no_shard_available_action_exception") : { body: "P" },
  );
  assert.equal(await bodyOf(await read()), "from BACKUP");
  assert.equal(services.primaryHealth.state(), "up");
  assert.equal(await bodyOf(await read(fakeRequest("GET /films/_search"))), "P");
  assert.equal(await bodyOf(await read()), "from BACKUP");
  assert.equal(primary.requests.length, 3);
  assert.equal(backup.requests.length, 2);
});

test("searchWithFailover() takes a 503 about the query for PRIMARY's answer: BACKUP is not asked for too many buckets", async () => {
  const error = {
    type: "search_phase_execution_exception",
    caused_by: { type: "too_many_buckets_exception" },
  };
  const body = Buffer.from(JSON.stringify({ error, status: 503 }));
  for (const given of [{ body }, { body: gzipSync(body), headers: { "content-encoding": "gzip" } }]) {
    const { read, backup, services } = reading(() => ({ status: 503, ...given }));
    const answer = await read();
    assert.equal(answer.status, 503);
    assert.equal(answer.headers[servedBy], undefined);
    assert.equal(backup.requests.length, 0);
    assert.equal(services.primaryHealth.state(), "up");
  }
});

test("searchWithFailover() gives PRIMARY as long as a request asks it to wait, 30 s where it does not say", async () => {
  const { read, primary } = reading(() => ({ body: "{}" }));
  const waits = async (query: string) => {
    await read(fakeRequest(`GET /_cluster/health?${query}`));
    return primary.requests.at(-1)?.timeoutMs;
  };
  assert.equal(await waits("wait_for_status=green"), 32_000);
  assert.equal(await waits("wait_for_nodes=%3E5&timeout=1m"), 62_000);
  assert.equal(await waits("wait_for_status=green&timeout=50ms"), 10_000);
  assert.equal(await waits("wait_for_metadata_version=9&wait_for_timeout=60s"), 62_000);
  for (const long of ["7d", "600s", "120s", "-1"])
    assert.equal(await waits(`wait_for_status=green&timeout=${long}`), 122_000, long);
  assert.equal(await waits("timeout=1m"), 10_000);
});

test("searchWithFailover() gives what only PRIMARY may answer the time of both, and passes nothing by for its silence", async () => {
  const { read, primary, backup, services } = reading(noAnswer("primary", "timeout"));
  const health = await read(fakeRequest("GET /_cluster/health"));
  assert.equal(health.status, 503);
  assert.equal(primary.requests[0]?.timeoutMs, 2 * services.readTimeoutMs);
  assert.equal(backup.requests.length, 0);
  assert.equal(services.primaryHealth.state(), "up");
  await read();
  assert.equal(primary.requests[1]?.timeoutMs, services.readTimeoutMs);
  assert.equal(services.primaryHealth.state(), "down");
});

test("searchWithFailover() takes a 503 for no sign of life either: what is passed by stays so", async () => {
  const { read, after, services } = reading(() => clusterError(503, "no_master_exception"));
  services.primaryHealth.failed();
  after(2000);
  assert.equal(await bodyOf(await read()), "from BACKUP");
  assert.equal(services.primaryHealth.state(), "down");
});

test("searchWithFailover() learns nothing of PRIMARY from a limit of its own", async () => {
  const { read, after, services } = reading(() => {
    throw new ClusterError("primary", "limited", "full");
  });
  assert.equal((await read()).status, 429);
  assert.equal(services.primaryHealth.state(), "up");
  services.primaryHealth.failed();
  after(2000);
  assert.equal((await read()).status, 429);
  assert.equal(services.primaryHealth.state(), "down");
});

test("searchWithFailover() takes a 4xx for a sign of life", async () => {
  const { read, primary, services } = reading(() => clusterError(400, "x"));
  services.primaryHealth.failed();
  services.primaryHealth.succeeded();
  await read();
  await read();
  assert.equal(primary.requests.length, 2);
});

test("searchWithFailover() never asks BACKUP about a cluster's own state", async () => {
  const { read, backup, primary } = reading(noAnswer("primary", "refused", "P is gone"));
  const answer = await read(fakeRequest("GET /_cluster/health"));
  assert.equal(answer.status, 503);
  assert.match(await bodyOf(answer), /P is gone/);
  await read(fakeRequest("GET /_nodes"));
  assert.equal(primary.requests.length, 2);
  assert.equal(backup.requests.length, 0);
});

test("searchWithFailover() keeps the length that a HEAD's answer names", async () => {
  const head = () => ({ headers: { "content-length": "42" } });
  const { read } = reading(head);
  assert.equal((await read(fakeRequest("HEAD /books/_doc/1"))).headers["content-length"], "42");
  assert.equal((await read(fakeRequest("GET /books/_doc/1"))).headers["content-length"], undefined);
});

test("searchWithFailover() forwards the client's credentials, and no header of this hop", async () => {
  const { read, primary, backup } = reading(noAnswer("primary", "refused"));
  const headers = { authorization: "ApiKey x", connection: "close", "x-forwarded-for": "1.2.3.4" };
  await read(fakeRequest("GET /books/_search", "", { headers }));
  for (const { headers: sent } of [...primary.requests, ...backup.requests]) {
    assert.deepEqual(sent, { authorization: "ApiKey x" });
  }
  assert.equal(backup.requests.length, 1);
});

test("searchWithFailover() lets a mistake of its own escape", async () => {
  const { read } = reading(() => {
    throw new TypeError("a bug");
  });
  await assert.rejects(read(), TypeError);
});

const megabyte = 1024 * 1024;

/** PRIMARY's body: chunks of 256 KiB, cut after so many. */
function streamOf(chunks: number, cutAfter = Number.POSITIVE_INFINITY): Cluster["stream"] {
  return async () => {
    async function* parts() {
      for (let i = 0; i < chunks; i++) {
        if (i === cutAfter) throw new ClusterError("primary", "lost", "cut");
        yield Buffer.alloc(256 * 1024, i);
      }
    }
    return { status: 200, headers: {}, body: Readable.from(parts(), { objectMode: false }) };
  };
}

test("searchWithFailover() falls back when PRIMARY's answer is cut within its first megabyte", async () => {
  for (const cutAfter of [0, 1, 3]) {
    const { read } = reading(fine, fine, streamOf(8, cutAfter));
    assert.equal(await bodyOf(await read()), "from BACKUP", String(cutAfter));
  }
});

test("searchWithFailover() streams a large answer, byte for byte", async () => {
  const { read, backup } = reading(fine, fine, streamOf(20));
  const { body } = await read();
  assert.ok(!Buffer.isBuffer(body));
  const whole = await buffer(body);
  assert.equal(whole.length, 5 * megabyte);
  for (let i = 0; i < 20; i++) assert.equal(whole[i * 256 * 1024 + 7], i);
  assert.equal(backup.requests.length, 0);
});

test("searchWithFailover() gives a short answer whole", async () => {
  const { read } = reading(fine, fine, streamOf(3));
  const { body } = await read();
  assert.ok(Buffer.isBuffer(body));
  assert.equal(body.length, 3 * 256 * 1024);
});

test("searchWithFailover() lets a large answer that is cut later fail: it is too late for BACKUP", async () => {
  const { read, backup } = reading(fine, fine, streamOf(20, 10));
  const { body } = await read();
  assert.ok(!Buffer.isBuffer(body));
  await assert.rejects(buffer(body), /cut/);
  assert.equal(backup.requests.length, 0);
});

const settled = () => new Promise((go) => setImmediate(go));

/** A request that only its signal ends, beside a cluster that answers `GET /` as given. */
function waiting(t: TestContext, proof: Answering) {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const cluster = fakeCluster("primary", proof);
  const asked = whileAlive(
    cluster,
    (signal) =>
      new Promise((_, reject) => {
        signal.addEventListener("abort", () => reject(new ClusterError("primary", "aborted", "ended")));
      }),
  );
  return { cluster, asked };
}

test("whileAlive() gives up a cluster that gives no sign of life", async (t) => {
  const { asked } = waiting(t, noAnswer("primary", "timeout"));
  t.mock.timers.tick(2000);
  await assert.rejects(asked, (error) => error instanceof ClusterError && error.code === "timeout");
});

test("whileAlive() waits for a slow request on a living cluster, even one that answers with an error", async (t) => {
  const { asked, cluster } = waiting(t, () => clusterError(401, "security_exception"));
  let ended = false;
  asked.catch(() => {
    ended = true;
  });
  t.mock.timers.tick(60_000);
  await settled();
  assert.equal(cluster.requests.length, 1);
  assert.equal(ended, false);
});

test("whileAlive() asks nothing of a cluster that answers soon", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const cluster = fakeCluster("primary", fine);
  assert.equal(await whileAlive(cluster, async () => "soon"), "soon");
  t.mock.timers.tick(60_000);
  await settled();
  assert.equal(cluster.requests.length, 0);
});
