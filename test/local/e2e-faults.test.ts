import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { startWorkload, type Workload } from "../clusters/workload.ts";
import { must } from "../support/client.ts";
import { compareClusters } from "../support/comparison.ts";
import { faultTrials, operationsPerTrial } from "../support/faults.ts";
import { type GatewayStatus, type TestGateway, useGateway } from "../support/gateway.ts";
import { usePair } from "../support/servers.ts";

// Something breaks while four clients write the same documents; in the end both clusters are equal.

const pair = await usePair();
const { skip } = pair;
const gateway = skip
  ? undefined
  : await useGateway(pair, {
      WRITE_TIMEOUT_SECONDS: "5",
      INTENT_AGE_SECONDS: "7",
      RETRY_PAUSE_MAX_SECONDS: "2",
    });
// One for all faults: each finds the traces of those before it.
const index = "trial";
if (gateway !== undefined) {
  const settings = { number_of_shards: 3, number_of_replicas: 0, gc_deletes: "1s" };
  await must(gateway.endpoint, { method: "PUT", path: `/${index}`, body: { settings } });
}
const drainTimeoutMs = 200_000;

interface Trial {
  readonly gateway: TestGateway;
  readonly workload: Workload;
}

/**
 * Records that were sent and have not come to an end, by the counters of one process. When the queue is empty
 * before and after, it must not have changed: sent = applied + superseded + parked + waiting.
 */
function unended({ counters }: GatewayStatus): number {
  const { recordsSent = 0, recordsApplied = 0, recordsSuperseded = 0, recordsParked = 0 } = counters;
  return recordsSent - recordsApplied - recordsSuperseded - recordsParked;
}

/** Runs the fault when a third of the operations is done. `fault` resolves when what it broke is mended. */
async function survives(t: TestContext, fault: (trial: Trial) => Promise<void>): Promise<void> {
  assert.ok(gateway);
  for (let trial = 1; trial <= faultTrials; trial++) {
    const seed = Date.now() % 1_000_000;
    const operations = operationsPerTrial;
    const { pid } = gateway;
    const before: GatewayStatus = await gateway.drained(drainTimeoutMs);
    const workload = startWorkload({ endpoint: gateway.endpoint, index, operations, seed });
    await workload.reached(operations / 3);
    await fault({ gateway, workload });
    await workload.done;
    const after: GatewayStatus = await gateway.drained(drainTimeoutMs);
    const { primary, backup } = pair;
    const { documents, differences } = await compareClusters(primary.endpoint, backup.endpoint, {
      prefix: index,
    });
    const { answered, failed } = workload;
    t.diagnostic(
      `seed ${seed}: ${answered} operations answered, ${failed} requests failed, ${documents} documents`,
    );
    assert.deepEqual(differences, [], `seed ${seed}`);
    assert.ok(documents > 0);
    // A process that was killed took its counters with it.
    if (gateway.pid === pid) assert.equal(unended(after), unended(before), `seed ${seed}: conservation`);
  }
  const { deadLetters } = await gateway.status();
  assert.equal(deadLetters.visible, 0);
}

test("fault: none; four clients on 25 hot documents", { skip }, async (t) => {
  await survives(t, async () => {});
});

test("fault: the gateway is killed three times in the middle, and ended once", { skip }, async (t) => {
  await survives(t, async (trial) => {
    for (let times = 0; times < 3; times++) {
      await trial.gateway.kill9();
      await trial.gateway.restart();
      await trial.workload.reached(trial.workload.answered + 20);
    }
    assert.equal(await trial.gateway.stop(), 0);
    await trial.gateway.restart();
  });
});

test("fault: BACKUP is stopped and started again", { skip }, async (t) => {
  await survives(t, () => pair.backup.restart());
});

test("fault: BACKUP is killed and comes back", { skip }, async (t) => {
  await survives(t, async ({ workload }) => {
    await pair.backup.kill();
    await workload.done;
    await pair.backup.restart();
  });
});

test("fault: BACKUP is frozen for a while", { skip }, async (t) => {
  await survives(t, async () => {
    await pair.backup.freeze();
    await pause(6000);
    pair.backup.thaw();
  });
});

test("fault: PRIMARY is killed and comes back", { skip }, async (t) => {
  await survives(t, async () => {
    await pair.primary.kill();
    await pair.primary.restart();
  });
});

test("fault: PRIMARY is frozen for less than the write timeout", { skip }, async (t) => {
  await survives(t, async () => {
    await pair.primary.freeze();
    await pause(2500);
    pair.primary.thaw();
  });
});

test("fault: PRIMARY is frozen beyond the write timeout and the intents' age", { skip }, async (t) => {
  await survives(t, async ({ workload }) => {
    await pair.primary.freeze();
    await pause(12_000);
    pair.primary.thaw();
    assert.ok(workload.failed > 0);
  });
});

test("fault: PRIMARY is frozen, the gateway is killed, and both come back", { skip }, async (t) => {
  await survives(t, async (trial) => {
    await pair.primary.freeze();
    await pause(500);
    await trial.gateway.kill9();
    await trial.gateway.restart();
    await pause(1500);
    pair.primary.thaw();
  });
});

for (const block of ["index.blocks.write", "index.blocks.read_only_allow_delete"]) {
  test(`fault: ${block} on BACKUP's index, removed later`, { skip }, async (t) => {
    await survives(t, async ({ workload }) => {
      const setBlock = (value: boolean | null) =>
        must(pair.backup.endpoint, { method: "PUT", path: `/${index}/_settings`, body: { [block]: value } });
      await setBlock(true);
      await workload.done;
      await pause(2000);
      await setBlock(null);
    });
  });
}
