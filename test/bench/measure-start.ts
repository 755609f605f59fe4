import { startGatewayProcess } from "./gateway-process.ts";
import type { Measure } from "./measurement.ts";
import { median } from "./median.ts";

/** From the start of the process, with endpoints given, to the first answer of its status. */
export const measureStart: Measure = async ({ gateway, options }) => {
  const startMs: number[] = [];
  for (let round = 0; round < options.rounds; round++) {
    const started = await startGatewayProcess(gateway());
    startMs.push(started.startMs);
    await started.stop();
  }
  return [
    { what: "start of the gateway", value: median(startMs) / 1000, unit: "s", goal: 2, note: "empty queue" },
  ];
};
