import { assertLevel, createThrough, deleteIndices } from "./clusters.ts";
import { bulkBodies } from "./documents.ts";
import { type GatewayProcess, startGatewayProcess } from "./gateway-process.ts";
import { inParallel, sendBulk } from "./http-client.ts";
import type { Bench, Measure, Measurement } from "./measurement.ts";
import { median } from "./median.ts";

const documents = 20_000;
const connections = 4;
const warmUpRounds = 5;
const sizes = [
  { size: 500, goal: undefined },
  { size: 1000, goal: 0.02 },
  { size: 5000, goal: undefined },
];

/** CPU of the gateway's process for 1,000 documents of 1 kB, until they are on BACKUP. */
export const measureCpu: Measure = async (bench) => {
  const gateway = await startGatewayProcess(bench.gateway());
  // A gateway runs for days: what its compiler takes in the first minute is not what a document costs.
  for (let round = 0; round < warmUpRounds; round++) await cpuPerThousand(bench, gateway, 1000);
  const rows: Measurement[] = [];
  for (const { size, goal } of sizes) {
    const rounds: number[] = [];
    for (let round = 0; round < bench.options.rounds; round++) {
      rounds.push(await cpuPerThousand(bench, gateway, size));
    }
    const listed = rounds.map((seconds) => seconds.toFixed(4)).join(", ");
    const what = `CPU per 1,000 documents, bulks of ${size}`;
    rows.push({ what, value: median(rounds), unit: "s", goal, note: `rounds ${listed}` });
    bench.say(`  ${what}: ${listed}`);
  }
  await gateway.stop();
  return rows;
};

/** One load of its own index, in seconds of CPU per 1,000 documents. */
export async function cpuPerThousand(bench: Bench, gateway: GatewayProcess, size: number): Promise<number> {
  const { clusters } = bench;
  const index = bench.newIndex();
  const bodies = bulkBodies(documents / size, size);
  const held = await createThrough(gateway, index);
  const before = gateway.cpuSeconds();
  await inParallel(bodies, connections, (body) => sendBulk(gateway.endpoint, index, body));
  await gateway.drained(200);
  const used = gateway.cpuSeconds() - before;
  await assertLevel(clusters, index, held + documents);
  await deleteIndices(clusters, index);
  return (used * 1000) / documents;
}
