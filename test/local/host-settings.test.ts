import assert from "node:assert/strict";
import { test } from "node:test";
import { readConfig } from "../../functions/core/runtime/config.ts";
import { functionEnvironment } from "../../infra/local/host-settings.ts";

test("functionEnvironment() lets PRIMARY's own 30 s end before a write is given up, and intents outlive both", () => {
  const endpoints = { PRIMARY_ENDPOINT: "http://localhost:9200", BACKUP_ENDPOINT: "http://localhost:9201" };
  const { writeTimeoutMs, intentAgeMs } = readConfig(functionEnvironment(endpoints));
  assert.ok(writeTimeoutMs > 30_000);
  assert.ok(intentAgeMs > writeTimeoutMs);
});
