import { setTimeout as sleep } from "node:timers/promises";
import { assertLevel, createIndices, deleteIndices } from "./clusters.ts";
import { bulkBodies } from "./documents.ts";
import { type GatewayProcess, startGatewayProcess } from "./gateway-process.ts";
import { inParallel, sendBulk } from "./http-client.ts";
import type { Measure } from "./measurement.ts";

const bulks = 20;
const bulkSize = 1000;

/**
 * Records that waited while BACKUP was frozen: all of them are late, so each document is looked up among the
 * tombstones after it was written.
 */
export const measureBacklog: Measure = async (bench) => {
  const { clusters } = bench;
  const { backupPid } = clusters;
  if (backupPid === undefined) return [];
  const gateway = await startGatewayProcess(bench.gateway());
  const index = bench.newIndex();
  await createIndices(clusters, index);
  await sendBulk(gateway.endpoint, index, bulkBodies(1, bulkSize)[0] ?? Buffer.alloc(0));
  await gateway.drained(50);
  const before = { cpu: gateway.cpuSeconds(), lookups: await lookupsOf(gateway) };
  process.kill(backupPid, "SIGSTOP");
  try {
    await inParallel(bulkBodies(bulks, bulkSize), 4, (body) => sendBulk(gateway.endpoint, index, body));
    await sleep(1000);
  } finally {
    process.kill(backupPid, "SIGCONT");
  }
  const beganMs = performance.now();
  await gateway.drained(100);
  const seconds = (performance.now() - beganMs) / 1000;
  const cpu = ((gateway.cpuSeconds() - before.cpu) * 1000) / (bulks * bulkSize);
  const looked = (await lookupsOf(gateway)) - before.lookups;
  await assertLevel(clusters, index, bulks * bulkSize);
  await gateway.stop();
  await deleteIndices(clusters, index);
  const note = `${looked} look-ups for ${bulks * bulkSize} documents, drained in ${seconds.toFixed(2)} s`;
  return [{ what: "CPU per 1,000 documents, all late", value: cpu, unit: "s", goal: undefined, note }];
};

async function lookupsOf(gateway: GatewayProcess): Promise<number> {
  return (await gateway.status()).counters["tombstoneLookups"] ?? 0;
}
