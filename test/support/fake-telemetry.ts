import { createJsonLog } from "../../functions/core/runtime/json-log.ts";
import { type CounterName, createTelemetry, type Telemetry } from "../../functions/core/runtime/telemetry.ts";

export interface FakeTelemetry extends Telemetry {
  readonly lines: string[];
  counted(name: CounterName): number;
}

/** The real counters; log lines are kept instead of written. */
export function fakeTelemetry(): FakeTelemetry {
  const lines: string[] = [];
  const telemetry = createTelemetry(
    createJsonLog(
      (line) => lines.push(line),
      () => 0,
    ),
  );
  return { ...telemetry, lines, counted: (name) => telemetry.counters()[name] ?? 0 };
}
