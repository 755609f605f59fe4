import { Metrics, MetricUnit } from "@aws-lambda-powertools/metrics";
import type { Telemetry } from "./telemetry.ts";

/** The counters as metrics. */
export interface MetricsPublisher {
  /** How long the oldest record of a batch was under way to BACKUP, in milliseconds. */
  replicationLag(ms: number): void;
  /** Writes what was counted since the last call, in CloudWatch's embedded metric format; nothing if nothing was. */
  publish(): void;
}

/** Where nobody reads the log for metrics: the local host has its status. */
export const noMetrics: MetricsPublisher = { replicationLag: () => undefined, publish: () => undefined };

/** Metrics with the counters' names; namespace and service are in Powertools' own variables, which the stack sets. */
export function createMetrics(telemetry: Telemetry): MetricsPublisher {
  const metrics = new Metrics();
  let published: Readonly<Record<string, number>> = {};
  let pending = false;
  return {
    replicationLag(ms) {
      metrics.addMetric("replicationLagMs", MetricUnit.Milliseconds, ms);
      pending = true;
    },
    publish() {
      const counted = telemetry.counters();
      for (const [name, total] of Object.entries(counted)) {
        const since = total - (published[name] ?? 0);
        if (since === 0) continue;
        metrics.addMetric(name, MetricUnit.Count, since);
        pending = true;
      }
      published = counted;
      if (pending) metrics.publishStoredMetrics();
      pending = false;
    },
  };
}
