import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { bulk, send } from "../support/client.ts";
import { gatewayEntry, runGateway, useDataDir, useGateway } from "../support/gateway.ts";
import { usePair } from "../support/servers.ts";

// How the gateway starts, ends, and keeps to its limits.

const pair = await usePair();
const { skip } = pair;
const clusters = () => ({
  PRIMARY_ENDPOINT: pair.primary.endpoint,
  BACKUP_ENDPOINT: pair.backup.endpoint,
});

test("start: a port that is taken is said in one line, with exit code 1", { skip }, async () => {
  const holder = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => holder.once("listening", resolve));
  const address = holder.address();
  assert.ok(address !== null && typeof address === "object");
  const { code, output } = await runGateway({ ...clusters(), PORT: String(address.port) });
  holder.close();
  assert.equal(code, 1);
  assert.match(output, new RegExp(`PORT ${address.port} .*is in use by another program`));
  assert.doesNotMatch(output, /\n\s+at /);
});

test("start: all wrong settings are named in one message, with exit code 1", async () => {
  const { code, output } = await runGateway({
    PRIMARY_ENDPOINT: "ftp://x",
    BACKUP_ENDPOINT: "http://127.0.0.1:1",
    PRIMARY_MAX_QPS_PER_NODE: "many",
    BACKUP_PASSWORD: "secret",
    INTENTS: "sometimes",
    BODY_BYTES_MAX: "1",
  });
  assert.equal(code, 1);
  for (const name of [
    "PRIMARY_ENDPOINT",
    "PRIMARY_MAX_QPS_PER_NODE",
    "BACKUP_USERNAME",
    "INTENTS",
    "BODY_BYTES_MAX",
  ]) {
    assert.match(output, new RegExp(`^  - .*${name}`, "m"));
  }
  assert.doesNotMatch(output, /\n\s+at |\[secret\]/);
});

test("start: a host's and a function's wrong settings are named together", async () => {
  const { output } = await runGateway({
    PORT: "70000",
    PRIMARY_ENDPOINT: "ftp://x",
    BACKUP_ENDPOINT: "http://127.0.0.1:1",
  });
  assert.match(output, /PORT/);
  assert.match(output, /PRIMARY_ENDPOINT/);
});

test("start: a second gateway on the same DATA_DIR is refused, and the first goes on", { skip }, async () => {
  const first = await useGateway(pair);
  const { code, output } = await runGateway({ ...clusters(), PORT: "0", DATA_DIR: first.dataDir });
  assert.equal(code, 1);
  assert.match(output, new RegExp(`is in use by process ${first.pid}`));
  assert.equal((await send(first.endpoint, { path: "/" })).status, 200);
  assert.equal(await first.stop(), 0);
});

test("start: with neither cluster reachable both are named, with exit code 1", async () => {
  const nowhere = {
    PORT: "0",
    PRIMARY_ENDPOINT: "http://127.0.0.1:1",
    BACKUP_ENDPOINT: "http://127.0.0.1:2",
  };
  const { code, output } = await runGateway(nowhere);
  assert.equal(code, 1);
  assert.match(output, /PRIMARY_ENDPOINT http:\/\/127\.0\.0\.1:1 cannot be reached/);
  assert.match(output, /BACKUP_ENDPOINT http:\/\/127\.0\.0\.1:2 cannot be reached/);
});

test("start: with one cluster unreachable the gateway serves, and says so", { skip }, async () => {
  const nowhere = { endpoint: "http://127.0.0.1:1" };
  const withoutBackup = await useGateway({ primary: pair.primary, backup: nowhere });
  assert.match(await withoutBackup.log(), /BACKUP_ENDPOINT .* cannot be reached/);
  const write = { method: "PUT", path: "/one-sided/_doc/1", body: { n: 1 } };
  assert.equal((await send(withoutBackup.endpoint, write)).status, 201);
  assert.equal((await withoutBackup.status()).clusters.backup.state, "down");
  assert.equal(await withoutBackup.stop(), 0);

  await send(pair.backup.endpoint, { method: "PUT", path: "/one-sided/_doc/2", body: { n: 2 } });
  const withoutPrimary = await useGateway({ primary: nowhere, backup: pair.backup });
  assert.match(await withoutPrimary.log(), /PRIMARY_ENDPOINT .* cannot be reached/);
  const read = await send(withoutPrimary.endpoint, { path: "/one-sided/_doc/2" });
  assert.deepEqual([read.status, read.headers["x-understudy-served-by"]], [200, "backup"]);
  assert.equal((await send(withoutPrimary.endpoint, write)).status, 503);
  assert.equal(await withoutPrimary.stop(), 0);
});

test("end: SIGTERM finishes what runs, and exits with 0", { skip }, async () => {
  const gateway = await useGateway(pair);
  const writes = Array.from({ length: 20 }, (_, i) =>
    send(gateway.endpoint, { method: "PUT", path: `/ending/_doc/${i}`, body: { i } }).then(
      ({ status }) => status,
      String,
    ),
  );
  await Promise.race(writes);
  assert.equal(await gateway.stop(), 0);
  for (const status of await Promise.all(writes))
    assert.match(String(status), /^20[01]$|ECONNREFUSED|ECONNRESET|hang up/);
  assert.doesNotMatch(await gateway.log(), /"level":"error"/);
});

test("end: SIGTERM to `npm start` reaches the gateway behind npm's shell", {
  skip,
  timeout: 60_000,
}, async () => {
  const { scripts } = JSON.parse(await readFile("package.json", "utf8"));
  const command = String(scripts.start).replace("dist/local.mjs", `'${await gatewayEntry()}'`);
  const { PATH, HOME } = process.env;
  const shell = spawn("sh", ["-c", command], {
    env: { PATH, HOME, ...clusters(), PORT: "0", DATA_DIR: await useDataDir() },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  for await (const piece of shell.stderr) {
    said += String(piece);
    // What npm does with a signal of its own. The loop ends when the last process that can write has ended.
    if (/state: curl/.test(String(piece))) shell.kill("SIGTERM");
  }
  assert.match(said, /ending: what runs is finished/);
});

test("kill -9: servers that the gateway started itself end with it", { skip }, async () => {
  const dataDir = await useDataDir();
  const environment = { PATH: process.env["PATH"], HOME: process.env["HOME"], PORT: "0", DATA_DIR: dataDir };
  const child = spawn(process.execPath, [await gatewayEntry()], {
    env: environment,
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  for await (const piece of child.stderr) {
    said += String(piece);
    if (/state: curl/.test(said)) break;
  }
  const endpoints = [...said.matchAll(/(?:PRIMARY|BACKUP) +(http:\S+)/g)].flatMap(([, url]) => url ?? []);
  assert.equal(endpoints.length, 2, said);
  for (const endpoint of endpoints) assert.equal((await send(endpoint, { path: "/" })).status, 200);
  child.kill("SIGKILL");
  for (const endpoint of endpoints) {
    let alive = true;
    for (let tries = 0; tries < 50 && alive; tries++) {
      alive = await send(endpoint, { path: "/", timeoutMs: 1000 }).then(Boolean, () => false);
      if (alive) await pause(100);
    }
    assert.equal(alive, false, `${endpoint} is gone`);
  }
});

test("limits: PRIMARY_MAX_QPS_PER_NODE holds; above it 429 with Retry-After", { skip }, async (t) => {
  // So few that a slow machine offers more.
  const limit = 40;
  const limits = { PRIMARY_MAX_QPS_PER_NODE: String(limit), LIMIT_WAIT_MS: "50" };
  const gateway = await useGateway(pair, limits);
  await send(pair.primary.endpoint, { method: "PUT", path: "/limited/_doc/1", body: { n: 1 } });
  const counts = new Map<number, number>();
  let refusal: { retryAfter: string | undefined; text: string } | undefined;
  const seconds = 4;
  const began = performance.now();
  const connection = async () => {
    while (performance.now() - began < seconds * 1000) {
      const { status, headers, text } = await send(gateway.endpoint, { path: "/limited/_doc/1" });
      counts.set(status, (counts.get(status) ?? 0) + 1);
      if (status === 429) refusal = { retryAfter: headers["retry-after"], text };
    }
  };
  await Promise.all(Array.from({ length: 32 }, connection));
  const rate = (counts.get(200) ?? 0) / ((performance.now() - began) / 1000);
  t.diagnostic(`${Math.round(rate)} requests per second; ${JSON.stringify([...counts])}`);
  assert.ok(rate > limit * 0.9 && rate < limit * 1.1, `${rate} requests per second`);
  assert.deepEqual([...counts.keys()].sort(), [200, 429]);
  assert.match(refusal?.retryAfter ?? "", /^[1-9]\d*$/);
  assert.match(refusal?.text ?? "", /"type":"es_rejected_execution_exception".*"status":429/);
  assert.equal(await gateway.stop(), 0);
});

test("limits: BACKUP's limit slows replay, and no client notices", { skip }, async () => {
  const gateway = await useGateway(pair, { BACKUP_MAX_QPS_PER_NODE: "2", LIMIT_WAIT_MS: "0" });
  for (let i = 0; i < 60; i++) {
    const body = bulk({ index: { _id: String(i) } }, { i });
    const { status, text } = await send(gateway.endpoint, {
      method: "POST",
      path: "/slow-backup/_bulk",
      body,
    });
    assert.deepEqual([status, /"errors":false/.test(text)], [200, true]);
  }
  const { deadLetters } = await gateway.settled();
  assert.equal(deadLetters.visible, 0);
  await send(pair.backup.endpoint, { method: "POST", path: "/slow-backup/_refresh" });
  assert.match((await send(pair.backup.endpoint, { path: "/slow-backup/_count" })).text, /"count":60\b/);
  assert.equal(await gateway.stop(), 0);
});

test("discovery: PRIMARY_DISCOVERY_ENABLED works on a single node", { skip }, async () => {
  const gateway = await useGateway(pair, {
    PRIMARY_DISCOVERY_ENABLED: "true",
    BACKUP_DISCOVERY_ENABLED: "true",
  });
  const { status } = await send(gateway.endpoint, {
    method: "PUT",
    path: "/discovered/_doc/1",
    body: { n: 1 },
  });
  assert.equal(status, 201);
  await gateway.settled();
  assert.equal((await send(gateway.endpoint, { path: "/discovered/_doc/1" })).status, 200);
  assert.equal((await send(pair.backup.endpoint, { path: "/discovered/_doc/1" })).status, 200);
  assert.equal(await gateway.stop(), 0);
});
