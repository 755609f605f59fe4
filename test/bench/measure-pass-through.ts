import { once } from "node:events";
import { createServer } from "node:http";
import { startGatewayProcess } from "./gateway-process.ts";
import { send } from "./http-client.ts";
import type { Measure } from "./measurement.ts";
import { median } from "./median.ts";

const warmUps = 1500;
const searches = 3000;
const query = JSON.stringify({ size: 10, query: { match: { note: "copper harbor" } } });
const hits = Array.from({ length: 10 }, (_, at) => ({ _id: String(at), _source: { note: "x".repeat(500) } }));
const answer = JSON.stringify({ took: 1, hits: { total: { value: 10, relation: "eq" }, hits } });

/** What the gateway alone adds to a search: PRIMARY is a bare server, which needs next to nothing of the machine. */
export const measurePassThrough: Measure = async (bench) => {
  const bare = createServer((incoming, outgoing) => {
    incoming.resume().once("end", () => outgoing.setHeader("content-type", "application/json").end(answer));
  }).listen(0, "127.0.0.1");
  await once(bare, "listening");
  const address = bare.address();
  if (address === null || typeof address === "string") throw new Error("the bare server has no port");
  const direct = `http://127.0.0.1:${address.port}`;
  const gateway = await startGatewayProcess(
    bench.gateway({ environment: { PRIMARY_ENDPOINT: direct, BACKUP_ENDPOINT: direct } }),
  );
  const timed = async (endpoint: string): Promise<number> => {
    const beganMs = performance.now();
    await send(endpoint, "POST", "/a/_search", query);
    return performance.now() - beganMs;
  };
  for (let at = 0; at < warmUps; at++) await timed(gateway.endpoint);
  const [directMs, throughMs]: [number[], number[]] = [[], []];
  for (let at = 0; at < searches; at++) {
    directMs.push(await timed(direct));
    throughMs.push(await timed(gateway.endpoint));
  }
  await gateway.stop();
  bare.close();
  const [own, via] = [median(directMs), median(throughMs)];
  const note = `direct ${own.toFixed(2)} ms, through ${via.toFixed(2)} ms`;
  return [{ what: "added to a search by the gateway alone", value: via - own, unit: "ms", goal: 2, note }];
};
