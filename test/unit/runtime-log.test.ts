import assert from "node:assert/strict";
import { test } from "node:test";
import { createJsonLog, logLevelIn } from "../../functions/core/runtime/json-log.ts";
import { createLambdaLog } from "../../functions/core/runtime/lambda-log.ts";
import { createTelemetry, withFields } from "../../functions/core/runtime/telemetry.ts";
import { createLambdaContext } from "../../infra/local/lambda-context.ts";

test("createJsonLog() drops what is below LOG_LEVEL", () => {
  const said = (environment: Record<string, string>) => {
    const lines: string[] = [];
    const log = createJsonLog(
      (line) => lines.push(line),
      () => 0,
      logLevelIn(environment),
    );
    for (const level of ["debug", "info", "warn", "error"] as const) log[level](level, { of: 1 });
    return lines.map((line) => JSON.parse(line).level).join(" ");
  };
  assert.equal(said({}), "info warn error");
  assert.equal(said({ LOG_LEVEL: "debug" }), "debug info warn error");
  assert.equal(said({ LOG_LEVEL: "WARN" }), "warn error");
  assert.equal(said({ LOG_LEVEL: "debug", POWERTOOLS_LOG_LEVEL: "ERROR" }), "error");
  assert.equal(said({ LOG_LEVEL: "loud" }), "info warn error");
});

test("withFields() adds its fields to each line, and counts where the others count", () => {
  const lines: string[] = [];
  const telemetry = createTelemetry(
    createJsonLog(
      (line) => lines.push(line),
      () => 0,
    ),
  );
  const own = withFields(telemetry, { requestId: "r" });
  own.warn("careful", { index: "books" });
  own.count("reads", 2);
  const [line = ""] = lines;
  assert.deepEqual(JSON.parse(line), {
    time: "1970-01-01T00:00:00.000Z",
    level: "warn",
    message: "careful",
    requestId: "r",
    index: "books",
  });
  assert.equal(telemetry.counters()["reads"], 2);
});

test("createLambdaLog() writes Powertools' lines: service, level, the invocation, our fields", (t) => {
  const given = {
    POWERTOOLS_SERVICE_NAME: "a-stack",
    POWERTOOLS_DEV: "true",
    AWS_LAMBDA_INITIALIZATION_TYPE: "on-demand",
  };
  Object.assign(process.env, given);
  const lines: string[] = [];
  // In a developer's mode Powertools writes to the console, and not to one of its own.
  for (const method of ["info", "warn", "error"] as const) {
    t.mock.method(console, method, (line: string) => lines.push(line));
  }
  const log = createLambdaLog("warn");
  log.begin(createLambdaContext({ functionName: "replay", timeoutMs: 1000, requestId: "invocation-1" }));
  log.info("nobody reads this");
  log.warn("careful", { requestId: "request-1", reason: "x" });
  for (const name of Object.keys(given)) delete process.env[name];
  assert.equal(lines.length, 1);
  const { timestamp, ...line } = JSON.parse(lines[0] ?? "");
  assert.match(timestamp, /^20\d\d-/);
  assert.deepEqual(line, {
    level: "WARN",
    message: "careful",
    service: "a-stack",
    function_name: "replay",
    function_arn: "arn:aws:lambda:local:000000000000:function:replay",
    function_memory_size: "1024",
    function_request_id: "invocation-1",
    cold_start: true,
    sampling_rate: 0,
    requestId: "request-1",
    reason: "x",
  });
});
