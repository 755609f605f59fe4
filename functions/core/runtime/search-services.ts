import type { SearchServices } from "../../search/search-with-failover.ts";
import { lazily } from "./lazily.ts";
import { clientBackup, clientPrimary, config, primaryHealth, telemetry } from "./process.ts";

/** What the search function runs on: no queue and no bucket, so that its bundle stays small. */
export const searchServices = lazily(
  (): SearchServices => ({
    primary: clientPrimary(),
    backup: clientBackup(),
    primaryHealth,
    telemetry,
    readTimeoutMs: config().readTimeoutMs,
  }),
);
