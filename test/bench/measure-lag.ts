import { setTimeout as sleep } from "node:timers/promises";
import { createIndices, deleteIndices } from "./clusters.ts";
import { bulkBodies, idOf } from "./documents.ts";
import { startGatewayProcess } from "./gateway-process.ts";
import { send, sendBulk } from "./http-client.ts";
import type { Bench, Measure } from "./measurement.ts";
import { median } from "./median.ts";

const bulks = 40;
const documentsEach = 5;

/** How long BACKUP is behind the client's answer when little is written: small bulks, one after the other. */
export const measureLag: Measure = async (bench) => {
  const { clusters } = bench;
  const gateway = await startGatewayProcess(bench.gateway());
  const index = bench.newIndex();
  await createIndices(clusters, index);
  const lagMs: number[] = [];
  for (const [i, body] of bulkBodies(bulks, documentsEach).entries()) {
    await sendBulk(gateway.endpoint, index, body);
    const answeredMs = performance.now();
    await present(bench, index, idOf(i * documentsEach + documentsEach - 1));
    lagMs.push(performance.now() - answeredMs);
    await sleep(100);
  }
  await gateway.stop();
  await deleteIndices(clusters, index);
  const slowest = Math.round(Math.max(...lagMs));
  const note = `${bulks} bulks of ${documentsEach}; slowest ${slowest} ms (the first one prepares the index)`;
  return [{ what: "BACKUP behind, idle", value: median(lagMs), unit: "ms", goal: 1000, note }];
};

/** A realtime get sees what is written before it is refreshed. */
async function present({ clusters }: Bench, index: string, id: string): Promise<void> {
  for (;;) {
    const found = await send(clusters.backup, "POST", `/${index}/_mget`, JSON.stringify({ ids: [id] }));
    if (found.body.includes('"found":true')) return;
    await sleep(2);
  }
}
