import { randomBytes } from "node:crypto";
import type { Context } from "aws-lambda";
import { createHealth } from "../cluster/health.ts";
import type { Cluster } from "../cluster/port.ts";
import { createUntranslatedList } from "../definition/untranslated.ts";
import { loginIn } from "../secret/login.ts";
import { type Admit, createAdmission } from "./admission.ts";
import { clusterFrom } from "./clusters.ts";
import { readConfig } from "./config.ts";
import { createJsonLog, logLevelIn } from "./json-log.ts";
import { createLambdaLog } from "./lambda-log.ts";
import { lazily } from "./lazily.ts";
import { createMetrics, noMetrics } from "./metrics.ts";
import { secretIn } from "./secrets.ts";
import { createTelemetry, reasonOf } from "./telemetry.ts";

/** What the functions of one process share. Built at first use; the only reader of the environment. */
export const config = lazily(() => readConfig(process.env));

/** Known when the search function is loaded, before its configuration is validated: it decides its form. */
export const responseStreaming = process.env["RESPONSE_STREAMING"] !== "false";

const logLevel = logLevelIn(process.env);
const lambdaLog = process.env["POWERTOOLS_SERVICE_NAME"] ? createLambdaLog(logLevel) : undefined;
const stdout = (line: string) => process.stdout.write(`${line}\n`);

/** Counters and log of this process; the stack asks for Powertools' form of the lines. */
export const telemetry = createTelemetry(lambdaLog ?? createJsonLog(stdout, Date.now, logLevel));

/** Log lines name this invocation from now on, where a process has one at a time. */
export function beginInvocation(context: Context): void {
  lambdaLog?.begin(context);
}

/** What CloudWatch is told; the stack asks for it. */
export const metrics = process.env["POWERTOOLS_METRICS_NAMESPACE"] ? createMetrics(telemetry) : noMetrics;

const secretWarning = (error: unknown) =>
  telemetry.warn("a secret could not be read; a value that was read before stays in use", {
    reason: reasonOf(error),
  });

/** Who may come in. */
export const admission = lazily((): Admit => {
  const { client, aws } = config();
  return createAdmission(
    config(),
    client?.kind === "secret" ? secretIn(client.arn, loginIn, aws, secretWarning) : undefined,
  );
});

/**
 * The key that signs what clients hold on to between requests. The same in every process of a deployment; where
 * none is configured, it is this process's own, and what it signed ends with it.
 */
export const handleKey = lazily((): (() => Promise<string>) => {
  const { handleKey: kept, aws } = config();
  if (kept?.kind === "secret") return secretIn(kept.arn, (text) => text, aws, secretWarning).get;
  const key = kept?.key ?? randomBytes(32).toString("base64url");
  return async () => key;
});

/** One adapter each, so that the limits for a cluster's nodes hold for all functions of a process together. */
export const clientPrimary = lazily((): Cluster => clusterFrom("primary", config(), "client", secretWarning));
export const clientBackup = lazily((): Cluster => clusterFrom("backup", config(), "client", secretWarning));
export const replayPrimary = lazily((): Cluster => clusterFrom("primary", config(), "replay", secretWarning));
export const replayBackup = lazily((): Cluster => clusterFrom("backup", config(), "replay", secretWarning));

/** What this process remembers of PRIMARY's availability. */
export const primaryHealth = createHealth();

/** What this process could not carry over of PRIMARY's definitions. */
export const untranslated = createUntranslatedList(telemetry);
