import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { localNode } from "../../infra/local/servers/answering.ts";
import { type RunningServer, startServer } from "../../infra/local/servers/server.ts";
import { usePair, useServersFolder } from "../support/servers.ts";

const pair = await usePair();
const folder = await useServersFolder();
const { skip } = pair;

async function status(
  server: RunningServer,
  path = "/_cluster/health",
): Promise<number | "silent" | "refused"> {
  try {
    const answer = await fetch(server.endpoint + path, { signal: AbortSignal.timeout(2_000) });
    await answer.arrayBuffer();
    return answer.status;
  } catch (error) {
    return error instanceof TypeError ? "refused" : "silent";
  }
}

async function put(server: RunningServer, path: string, document: unknown): Promise<number> {
  const headers = { "content-type": "application/json" };
  const answer = await fetch(server.endpoint + path, {
    method: "PUT",
    headers,
    body: JSON.stringify(document),
  });
  await answer.arrayBuffer();
  return answer.status;
}

test("startPair() gives two servers of the asked products and versions", { skip }, async () => {
  const own = (server: RunningServer) => localNode(server.endpoint, AbortSignal.timeout(5_000));
  assert.deepEqual(await own(pair.primary), { version: "7.10.2", pid: pair.primary.pid });
  assert.deepEqual(await own(pair.backup), { version: "2.19.1", pid: pair.backup.pid });
  const greetings = await Promise.all(
    [pair.primary, pair.backup].map(async (s) => (await fetch(s.endpoint)).text()),
  );
  assert.doesNotMatch(greetings[0] ?? "", /opensearch/);
  assert.match(greetings[1] ?? "", /"distribution" : "opensearch"/);
});

test("freeze() silences a server without ending it, thaw() brings it back", { skip }, async () => {
  const { pid } = pair.primary;
  await pair.primary.freeze();
  assert.equal(await status(pair.primary), "silent");
  assert.equal(await status(pair.backup), 200);
  pair.primary.thaw();
  assert.equal(await status(pair.primary), 200);
  assert.equal(pair.primary.pid, pid);
});

test("restart() after kill() finds the same documents on the same port", { skip }, async () => {
  const { endpoint, pid } = pair.backup;
  assert.equal(await put(pair.backup, "/kept/_doc/1", { says: "still here" }), 201);
  await pair.backup.kill();
  assert.equal(await status(pair.backup), "refused");
  await pair.backup.restart();
  assert.equal(pair.backup.endpoint, endpoint);
  assert.notEqual(pair.backup.pid, pid);
  const answer = await fetch(`${endpoint}/kept/_source/1`);
  assert.deepEqual(await answer.json(), { says: "still here" });
});

test("stop() ends a frozen server too, and twice is once", { skip }, async () => {
  await pair.primary.freeze();
  await pair.primary.stop();
  assert.equal(await status(pair.primary), "refused");
  await pair.primary.stop();
  await pair.primary.restart();
  assert.equal(await status(pair.primary), 200);
});

test("startServer() rejects with the server's last lines when it dies", { skip }, async () => {
  const options = {
    product: pair.primary.product,
    version: pair.primary.version,
    dataDir: `${folder}/refused`,
  };
  await assert.rejects(
    startServer({ ...options, settings: { "no.such.setting": 1 } }),
    /The server ended[\s\S]*unknown setting \[no\.such\.setting\]/,
  );
});

test("a frozen server dies with the process that started it, even by SIGKILL", { skip }, async () => {
  const module = new URL("../../infra/local/servers/server.ts", import.meta.url).href;
  const options = { product: "opensearch", version: "2.19.1", dataDir: `${folder}/orphan` };
  const program = `
    const { startServer } = await import(${JSON.stringify(module)});
    const server = await startServer(${JSON.stringify(options)});
    await server.freeze();
    console.log(server.endpoint, server.pid);`;
  const parent = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "--eval", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = await once(createInterface(parent.stdout), "line");
  const [endpoint, pid] = String(line).split(" ");
  const orphan: RunningServer = { ...pair.primary, endpoint: String(endpoint), pid: Number(pid) };
  assert.equal(await status(orphan), "silent");

  parent.kill("SIGKILL");
  for (let tries = 0; tries < 50 && (await status(orphan)) !== "refused"; tries++) await pause(100);
  assert.equal(await status(orphan), "refused");
});
