import { createIndices, deleteIndices } from "./clusters.ts";
import { bulkBodies } from "./documents.ts";
import { startGatewayProcess } from "./gateway-process.ts";
import { sendBulk } from "./http-client.ts";
import type { Measure } from "./measurement.ts";

const bulkSize = 4700;
const connections = 4;

/** The most memory while bulks of 5 MB flow, each connection rewriting a few of its own. */
export const measureMemory: Measure = async (bench) => {
  const { clusters, options } = bench;
  const gateway = await startGatewayProcess(bench.gateway());
  const index = bench.newIndex();
  await createIndices(clusters, index);
  const bodies = bulkBodies(connections * 2, bulkSize);
  const endMs = performance.now() + options.memorySeconds * 1000;
  let sent = 0;
  await Promise.all(
    Array.from({ length: connections }, async (_, connection) => {
      for (let i = 0; performance.now() < endMs; i++) {
        const body = bodies[connection * 2 + (i % 2)];
        if (body === undefined) return;
        await sendBulk(gateway.endpoint, index, body);
        sent += body.length;
      }
    }),
  );
  const backlog = (await gateway.status()).queue;
  await gateway.drained(200);
  const value = gateway.rssBytesMax() / 1e6;
  await gateway.stop();
  await deleteIndices(clusters, index);
  const waiting = backlog.visible + backlog.inFlight;
  const note = `${options.memorySeconds} s, ${Math.round(sent / 1e6)} MB sent, ${waiting} records waiting at the end`;
  return [{ what: "memory, 4 connections with bulks of 5 MB", value, unit: "MB", goal: 250, note }];
};
