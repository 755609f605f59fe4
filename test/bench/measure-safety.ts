import { startGatewayProcess } from "./gateway-process.ts";
import { cpuPerThousand } from "./measure-cpu.ts";
import type { Measure, Measurement } from "./measurement.ts";
import { median } from "./median.ts";

/** The price of durable intents: the same load with each setting of INTENTS, in turn. */
export const measureSafety: Measure = async (bench) => {
  const modes = ["before", "parallel", "off"];
  const figures = new Map(modes.map((mode) => [mode, { cpu: [] as number[], seconds: [] as number[] }]));
  for (let round = 0; round < bench.options.rounds; round++) {
    for (const mode of modes) {
      const gateway = await startGatewayProcess(bench.gateway({ environment: { INTENTS: mode } }));
      await cpuPerThousand(bench, gateway, 1000);
      const beganMs = performance.now();
      figures.get(mode)?.cpu.push(await cpuPerThousand(bench, gateway, 1000));
      figures.get(mode)?.seconds.push((performance.now() - beganMs) / 1000);
      await gateway.stop();
    }
  }
  return [...figures].map(([mode, { cpu, seconds }]): Measurement => {
    const note = `${median(seconds).toFixed(2)} s for 20,000 documents until level`;
    return {
      what: `CPU per 1,000 documents, INTENTS=${mode}`,
      value: median(cpu),
      unit: "s",
      goal: undefined,
      note,
    };
  });
};
