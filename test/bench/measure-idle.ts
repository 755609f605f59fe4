import { setTimeout as sleep } from "node:timers/promises";
import { startGatewayProcess } from "./gateway-process.ts";
import type { Measure } from "./measurement.ts";

const settleMs = 5000;
const idleSeconds = 20;

/** CPU of a gateway that nobody asks anything, for each second: long polls, the sweep, and whatever else wakes it up. */
export const measureIdle: Measure = async (bench) => {
  const gateway = await startGatewayProcess(bench.gateway());
  await sleep(settleMs);
  const before = gateway.cpuSeconds();
  await sleep(idleSeconds * 1000);
  const value = ((gateway.cpuSeconds() - before) * 1000) / idleSeconds;
  await gateway.stop();
  return [
    {
      what: "CPU of an idle gateway, a second",
      value,
      unit: "ms",
      goal: undefined,
      note: `over ${idleSeconds} s`,
    },
  ];
};
