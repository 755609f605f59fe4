import { createHealth } from "../cluster/health.ts";
import type { Cluster } from "../cluster/port.ts";
import { clusterFrom } from "./clusters.ts";
import { readConfig } from "./config.ts";
import { lazily } from "./lazily.ts";
import { createTelemetry } from "./telemetry.ts";

/** What the functions of one process share. Built at first use; the only reader of the environment. */
export const config = lazily(() => readConfig(process.env));

/** Known when the search function is loaded, before its configuration is validated: it decides its form. */
export const responseStreaming = process.env["RESPONSE_STREAMING"] !== "false";

/** Counters and log of this process. */
export const telemetry = createTelemetry((line) => process.stdout.write(`${line}\n`), Date.now);

/** One adapter each, so that the limits for a cluster's nodes hold for all functions of a process together. */
export const clientPrimary = lazily((): Cluster => clusterFrom("primary", config(), "client"));
export const clientBackup = lazily((): Cluster => clusterFrom("backup", config(), "client"));
export const replayPrimary = lazily((): Cluster => clusterFrom("primary", config(), "replay"));
export const replayBackup = lazily((): Cluster => clusterFrom("backup", config(), "replay"));

/** What this process remembers of PRIMARY's availability. */
export const primaryHealth = createHealth();
