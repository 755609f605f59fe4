import { setTimeout as sleep } from "node:timers/promises";
import { assertLevel, createIndices, createThrough, deleteIndices } from "./clusters.ts";
import { bulkBodies } from "./documents.ts";
import { type GatewayProcess, startGatewayProcess } from "./gateway-process.ts";
import { inParallel, sendBulk } from "./http-client.ts";
import type { Bench, Measure } from "./measurement.ts";
import { median } from "./median.ts";

const bulkSize = 1000;
const connections = 4;

/** The whole load, until BACKUP is level: a client that writes to both clusters at once, and the gateway. */
export const measureLoad: Measure = async (bench) => {
  const count = Math.max(1, Math.round(bench.options.documents / bulkSize));
  const bodies = bulkBodies(count, bulkSize);
  const gateway = await startGatewayProcess(bench.gateway());
  // The servers compile for tens of thousands of documents: a first round took three times as long as a third.
  await load(bench, undefined, bodies);
  await load(bench, gateway, bodies);
  const rounds: { direct: Loaded; through: Loaded }[] = [];
  for (let round = 0; round < bench.options.rounds; round++) {
    const first = await load(bench, round % 2 === 0 ? undefined : gateway, bodies);
    const second = await load(bench, round % 2 === 0 ? gateway : undefined, bodies);
    const [direct, through] = round % 2 === 0 ? [first, second] : [second, first];
    rounds.push({ direct, through });
    bench.say(
      `  load: direct ${direct.levelSeconds.toFixed(2)} s, through ${through.levelSeconds.toFixed(2)} s (answered after ${through.answeredSeconds.toFixed(2)} s)`,
    );
  }
  await gateway.stop();
  const directSeconds = median(rounds.map(({ direct }) => direct.levelSeconds));
  const throughSeconds = median(rounds.map(({ through }) => through.levelSeconds));
  const answeredSeconds = median(rounds.map(({ through }) => through.answeredSeconds));
  const note = `direct ${directSeconds.toFixed(2)} s, through ${throughSeconds.toFixed(2)} s, answered after ${answeredSeconds.toFixed(2)} s`;
  const what = `load of ${count * bulkSize} until level, times direct`;
  return [{ what, value: throughSeconds / directSeconds, unit: "×", goal: 1.25, note }];
};

interface Loaded {
  /** Until the last answer. */
  readonly answeredSeconds: number;
  /** Until both clusters hold everything. */
  readonly levelSeconds: number;
}

async function load(
  bench: Bench,
  gateway: GatewayProcess | undefined,
  bodies: readonly Buffer[],
): Promise<Loaded> {
  const { clusters } = bench;
  const index = bench.newIndex();
  const held = gateway ? await createThrough(gateway, index) : 0;
  if (gateway === undefined) await createIndices(clusters, index);
  await sleep(1000);
  const beganMs = performance.now();
  await inParallel(bodies, connections, async (body) => {
    if (gateway !== undefined) return sendBulk(gateway.endpoint, index, body);
    await Promise.all([sendBulk(clusters.primary, index, body), sendBulk(clusters.backup, index, body)]);
  });
  const answeredSeconds = (performance.now() - beganMs) / 1000;
  await gateway?.drained(25);
  const levelSeconds = (performance.now() - beganMs) / 1000;
  await assertLevel(clusters, index, held + bodies.length * bulkSize);
  await deleteIndices(clusters, index);
  return { answeredSeconds, levelSeconds };
}
