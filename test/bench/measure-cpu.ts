import { assertLevel, createIndices, createThrough, deleteIndices } from "./clusters.ts";
import { bulkBodies } from "./documents.ts";
import { type GatewayProcess, startGatewayProcess } from "./gateway-process.ts";
import { inParallel, sendBulk } from "./http-client.ts";
import type { Bench, Measure, Measurement } from "./measurement.ts";
import { median } from "./median.ts";
import { type SideProcess, startSideProcess } from "./side-process.ts";

const documents = 20_000;
const connections = 4;
const warmUpRounds = 10;
const sizes = [
  { size: 500, goal: undefined },
  { size: 1000, goal: 0.02 },
  { size: 5000, goal: undefined },
];

/**
 * CPU of the gateway's process for 1,000 documents of 1 kB, until they are on BACKUP. A bare mirror, measured in turn
 * with it, tells what this machine makes of a second.
 */
export const measureCpu: Measure = async (bench) => {
  const { clusters, options } = bench;
  const mirror = await startSideProcess("mirror.ts", clusters.primary, clusters.backup);
  const gateway = await startGatewayProcess(bench.gateway());
  // A gateway runs for days: what its compiler takes in the first minutes is not what a document costs.
  for (let round = 0; round < warmUpRounds; round++) {
    await cpuPerThousand(bench, gateway, 1000);
    await mirroredPerThousand(bench, mirror);
  }
  const rows: Measurement[] = [];
  for (const { size, goal } of sizes) {
    const [rounds, mirrored]: [number[], number[]] = [[], []];
    for (let round = 0; round < options.rounds; round++) {
      rounds.push(await cpuPerThousand(bench, gateway, size));
      if (size === 1000) mirrored.push(await mirroredPerThousand(bench, mirror));
    }
    rows.push(rowOf(bench, `CPU per 1,000 documents, bulks of ${size}`, rounds, goal));
    if (size === 1000) rows.push(rowOf(bench, "CPU per 1,000 documents, a bare mirror", mirrored, undefined));
  }
  await Promise.all([gateway.stop(), mirror.stop()]);
  return rows;
};

/**
 * The same with clusters that answer a bulk at once: the two servers of the other measurement share the threads and
 * caches of this machine's cores with the gateway.
 */
export const measureCpuAlone: Measure = async (bench) => {
  const { clusters, options } = bench;
  const primary = await startSideProcess("instant-bulks.ts", clusters.primary);
  const backup = await startSideProcess("instant-bulks.ts", clusters.backup);
  const instant = { primary: primary.endpoint, backup: backup.endpoint, backupPid: undefined };
  const mirror = await startSideProcess("mirror.ts", instant.primary, instant.backup);
  const gateway = await startGatewayProcess({ ...bench.gateway(), clusters: instant });
  const index = bench.newIndex();
  await createThrough(gateway, index);
  const bodies = bulkBodies(documents / 1000, 1000);
  const [rounds, mirrored]: [number[], number[]] = [[], []];
  for (let round = -warmUpRounds; round < options.rounds; round++) {
    const used = await cpuOf(gateway, () => replicated(gateway, index, bodies, 50));
    const bare = await cpuOf(mirror, () => send(mirror.endpoint, index, bodies));
    if (round < 0) continue;
    rounds.push(used);
    mirrored.push(bare);
  }
  await gateway.stop();
  await Promise.all([mirror, primary, backup].map((process) => process.stop()));
  await deleteIndices(clusters, index);
  return [
    rowOf(bench, "CPU per 1,000 documents, clusters that answer at once", rounds, undefined),
    rowOf(bench, "CPU per 1,000 documents, a bare mirror to them", mirrored, undefined),
  ];
};

function rowOf(bench: Bench, what: string, rounds: readonly number[], goal: number | undefined): Measurement {
  const listed = rounds.map((seconds) => seconds.toFixed(4)).join(", ");
  bench.say(`  ${what}: ${listed}`);
  return { what, value: median(rounds), unit: "s", goal, note: `rounds ${listed}` };
}

/** One load of its own index, in seconds of CPU per 1,000 documents. */
export async function cpuPerThousand(bench: Bench, gateway: GatewayProcess, size: number): Promise<number> {
  const { clusters } = bench;
  const index = bench.newIndex();
  const bodies = bulkBodies(documents / size, size);
  const held = await createThrough(gateway, index);
  const used = await cpuOf(gateway, () => replicated(gateway, index, bodies, 200));
  await assertLevel(clusters, index, held + documents);
  await deleteIndices(clusters, index);
  return used;
}

/** The same through a bare mirror, in bulks of 1,000. */
async function mirroredPerThousand({ clusters, newIndex }: Bench, mirror: SideProcess): Promise<number> {
  const index = newIndex();
  const bodies = bulkBodies(documents / 1000, 1000);
  await createIndices(clusters, index);
  const used = await cpuOf(mirror, () => send(mirror.endpoint, index, bodies));
  await deleteIndices(clusters, index);
  return used;
}

/** Seconds of the process's CPU per 1,000 documents, where `work` loads all of them. */
async function cpuOf(process: Pick<SideProcess, "cpuSeconds">, work: () => Promise<void>): Promise<number> {
  const before = process.cpuSeconds();
  await work();
  return ((process.cpuSeconds() - before) * 1000) / documents;
}

async function replicated(
  gateway: GatewayProcess,
  index: string,
  bodies: readonly Buffer[],
  pollMs: number,
): Promise<void> {
  await send(gateway.endpoint, index, bodies);
  await gateway.drained(pollMs);
}

function send(endpoint: string, index: string, bodies: readonly Buffer[]): Promise<void> {
  return inParallel(bodies, connections, (body) => sendBulk(endpoint, index, body));
}
