import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { openObjectEngine } from "../../infra/local/embedded/object-engine.ts";
import { createQueueEngine, type QueueEngine } from "../../infra/local/embedded/queue-engine.ts";
import { openStore } from "../../infra/local/embedded/store.ts";

const writer = fileURLToPath(new URL("embedded-kill-writer.ts", import.meta.url));
const queues = [{ name: "q", visibilityTimeoutSeconds: 3600, retentionSeconds: 86_400 }];
const rounds = 3;

/** Names by the word before them; a name is in `sent` only if its acknowledgement was printed. */
type Acknowledged = Map<string, Set<string>>;

/** Runs the writer until it has acknowledged `lines` things, then kills it with SIGKILL. */
async function runAndKill(directory: string, run: string, lines: number, into: Acknowledged): Promise<void> {
  const child = spawn(process.execPath, ["--no-warnings", "--import", "tsx", writer, directory, run], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  let seen = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    const [what = "", name = ""] = line.split(" ");
    const names = into.get(what) ?? new Set();
    into.set(what, names.add(name));
    if (++seen === lines) child.kill("SIGKILL");
  }
  const [, signal] = await exited;
  assert.equal(signal, "SIGKILL");
}

async function drain(engine: QueueEngine): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (;;) {
    const messages = await engine.receive("q", { maxMessages: 10, waitMs: 0 });
    if (messages.length === 0) return counts;
    for (const message of messages) {
      const name = message.body.toString().split(" ")[0] ?? "";
      assert.equal(counts.has(name), false, `${name} was given twice`);
      counts.set(name, message.receiveCount);
    }
  }
}

test("embeddedClients() loses nothing that was acknowledged when the process is killed", async () => {
  const directory = await mkdtemp(join(tmpdir(), "understudy-kill-"));
  const acknowledged: Acknowledged = new Map();
  const of = (what: string) => acknowledged.get(what) ?? new Set<string>();
  for (let round = 0; round < rounds; round++) {
    await runAndKill(directory, `run${round}`, 300 + round * 37, acknowledged);
  }
  for (const what of ["sent", "received", "deleted", "put", "removed"]) assert.ok(of(what).size > 0, what);

  let nowMs = Date.now();
  const store = openStore(directory);
  const engine = await createQueueEngine(store, queues, () => nowMs);
  const objects = openObjectEngine(store, directory, { bucket: "b" });
  const waiting = await drain(engine);
  for (const name of of("received")) assert.equal(waiting.has(name), false, `${name} came back too early`);

  nowMs += 3600_000;
  const all = await drain(engine);
  for (const name of of("sent")) assert.ok(all.has(name) || of("deleting").has(name), `${name} was lost`);
  for (const name of of("deleted")) assert.equal(all.has(name), false, `${name} came back`);
  for (const name of of("received"))
    assert.ok((all.get(name) ?? 2) >= 2, `${name} forgot that it was received`);

  for (const key of of("put")) {
    const found = await objects.get(key);
    if (of("removed").has(key)) assert.equal(found, undefined, `${key} came back`);
    else if (!of("removing").has(key))
      assert.ok(found?.body.equals(Buffer.alloc(found.body.length, key)), key);
  }
  for (const { key, bytes } of objects.list({ limit: 10_000 }))
    assert.equal(bytes, Number(key.split("/")[1]));
  await engine.close();
  await store.close();
  await rm(directory, { recursive: true });
});
