import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { startWorkload } from "../clusters/workload.ts";
import { bulk, must, send } from "../support/client.ts";
import { compareClusters } from "../support/comparison.ts";
import { loadDocuments } from "../support/faults.ts";
import { useGateway } from "../support/gateway.ts";
import { usePair } from "../support/servers.ts";

// Many documents, and many writers of few documents; nothing is lost, nothing is left over.

const pair = await usePair();
const { skip } = pair;
const gateway = skip ? undefined : await useGateway(pair);
const documentsPerBulk = 500;

async function equal(prefix: string): Promise<number> {
  await gateway?.drained(240_000);
  const { primary, backup } = pair;
  const { documents, differences } = await compareClusters(primary.endpoint, backup.endpoint, { prefix });
  assert.deepEqual(differences, []);
  return documents;
}

/** As a client library does: the same bulk again until it is answered. */
async function sendUntilAccepted(endpoint: string, body: string): Promise<number> {
  for (let tries = 1; ; tries++) {
    const reply = await send(endpoint, { method: "POST", path: "/load/_bulk", body }).catch(() => undefined);
    if (reply?.status === 200) {
      assert.match(reply.text, /"errors":false/);
      return tries;
    }
    assert.ok(tries < 600, `the last answer is ${reply?.text}`);
    await pause(100);
  }
}

test(`load: ${loadDocuments} documents on four connections, with a kill -9 of the gateway`, {
  skip,
}, async (t) => {
  assert.ok(gateway);
  const { endpoint } = gateway;
  const settings = { number_of_shards: 3, number_of_replicas: 0 };
  await must(endpoint, { method: "PUT", path: "/load", body: { settings } });
  const bulks = Array.from({ length: Math.ceil(loadDocuments / documentsPerBulk) }, (_, at) => at);
  const rest = bulks.values();
  let accepted = 0;
  let retries = 0;
  const connection = async () => {
    for (const at of rest) {
      const ids = Array.from({ length: documentsPerBulk }, (_, i) => at * documentsPerBulk + i);
      const lines = ids
        .filter((id) => id < loadDocuments)
        .flatMap((id) => [
          { index: { _id: `d${id}` } },
          `{"n":${id},"text":"the document with the number ${id}"}`,
        ]);
      retries += (await sendUntilAccepted(endpoint, bulk(...lines))) - 1;
      accepted += lines.length / 2;
    }
  };
  const kill = async () => {
    while (accepted < loadDocuments / 2) await pause(10);
    await gateway.kill9();
    await gateway.restart();
  };
  const began = performance.now();
  await Promise.all([connection(), connection(), connection(), connection(), kill()]);
  const written = performance.now();
  assert.equal(await equal("load"), loadDocuments);
  const seconds = (from: number, to: number) => ((to - from) / 1000).toFixed(1);
  t.diagnostic(`written in ${seconds(began, written)} s with ${retries} retried bulks`);
  t.diagnostic(`drained and compared ${seconds(written, performance.now())} s later`);
});

test("load: four clients on 25 hot documents, gc_deletes of 1 s, end equal", { skip }, async (t) => {
  assert.ok(gateway);
  const { endpoint } = gateway;
  const settings = { number_of_shards: 2, number_of_replicas: 0, gc_deletes: "1s" };
  await must(endpoint, { method: "PUT", path: "/hot", body: { settings } });
  const seed = Date.now() % 1_000_000;
  const workload = startWorkload({ endpoint, index: "hot", operations: 2000, seed });
  await workload.done;
  const documents = await equal("hot");
  t.diagnostic(
    `seed ${seed}: ${workload.answered} operations, ${workload.failed} failed, ${documents} documents`,
  );
  assert.equal((await gateway.status()).deadLetters.visible, 0);
});
