import assert from "node:assert/strict";
import { test } from "node:test";
import { createJsonLog } from "../../functions/core/runtime/json-log.ts";
import { createMetrics } from "../../functions/core/runtime/metrics.ts";
import { createTelemetry } from "../../functions/core/runtime/telemetry.ts";

test("publish() writes what was counted since the last time, as metrics, and nothing when nothing was", (t) => {
  process.env["POWERTOOLS_METRICS_NAMESPACE"] = "understudy";
  process.env["POWERTOOLS_SERVICE_NAME"] = "a-stack";
  const lines: string[] = [];
  t.mock.method(console, "log", (line: string) => lines.push(line));
  // Powertools has a console of its own, unless it is told that this is a developer's machine; then it is silent.
  process.env["POWERTOOLS_DEV"] = "true";
  process.env["POWERTOOLS_METRICS_DISABLED"] = "false";
  const telemetry = createTelemetry(createJsonLog(() => undefined, Date.now));
  const metrics = createMetrics(telemetry);
  metrics.publish();
  telemetry.count("recordsApplied", 3);
  metrics.replicationLag(12);
  metrics.publish();
  metrics.publish();
  telemetry.count("recordsApplied", 2);
  metrics.publish();
  const written = lines.map((line) => JSON.parse(line));
  assert.deepEqual(
    written.map(({ _aws, ...values }) => [_aws.CloudWatchMetrics[0].Namespace, values]),
    [
      ["understudy", { service: "a-stack", recordsApplied: 3, replicationLagMs: 12 }],
      ["understudy", { service: "a-stack", recordsApplied: 2 }],
    ],
  );
});
