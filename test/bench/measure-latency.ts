import { createIndices, deleteIndices } from "./clusters.ts";
import { bulkBodies } from "./documents.ts";
import { startGatewayProcess } from "./gateway-process.ts";
import { send, sendBulk } from "./http-client.ts";
import type { Measure } from "./measurement.ts";
import { median } from "./median.ts";

const bulkSize = 100;
const bulks = 80;
const searches = 200;
const query = JSON.stringify({ size: 10, query: { match: { note: "copper harbor" } } });

/** What a client waits longer for: the same requests to PRIMARY and to the gateway, in turn. */
export const measureLatency: Measure = async (bench) => {
  const { clusters } = bench;
  const gateway = await startGatewayProcess(bench.gateway());
  const indices = { direct: bench.newIndex(), through: bench.newIndex() };
  await createIndices(clusters, indices.direct);
  await createIndices(clusters, indices.through);
  const bodies = bulkBodies(bulks, bulkSize);
  const bulk = await inTurn(bodies, async (body, through) => {
    const [endpoint, index] = through
      ? [gateway.endpoint, indices.through]
      : [clusters.primary, indices.direct];
    await sendBulk(endpoint, index, body);
  });
  await gateway.drained(50);
  await send(clusters.primary, "POST", `/${indices.direct}/_refresh`);
  const search = await inTurn(Array.from({ length: searches }), async (_, through) => {
    await send(through ? gateway.endpoint : clusters.primary, "POST", `/${indices.direct}/_search`, query);
  });
  await gateway.stop();
  await deleteIndices(clusters, indices.direct);
  await deleteIndices(clusters, indices.through);
  return [row(`added latency, bulk of ${bulkSize}`, bulk), row("added latency, search", search)];
};

interface Medians {
  readonly directMs: number;
  readonly throughMs: number;
}

async function inTurn<T>(
  items: readonly T[],
  request: (item: T, through: boolean) => Promise<void>,
): Promise<Medians> {
  const [direct, through]: [number[], number[]] = [[], []];
  for (const [i, item] of items.entries()) {
    for (const isThrough of i % 2 === 0 ? [false, true] : [true, false]) {
      const beganMs = performance.now();
      await request(item, isThrough);
      (isThrough ? through : direct).push(performance.now() - beganMs);
    }
  }
  return { directMs: median(direct), throughMs: median(through) };
}

function row(what: string, { directMs, throughMs }: Medians) {
  const note = `direct ${directMs.toFixed(1)} ms, through ${throughMs.toFixed(1)} ms`;
  return { what, value: throughMs - directMs, unit: "ms", goal: undefined, note };
}
