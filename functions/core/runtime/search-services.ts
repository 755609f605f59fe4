import { createBackupGuard, openGuard } from "../../search/backup-guard.ts";
import { createPrimaryForm } from "../../search/primary-form.ts";
import type { SearchServices } from "../../search/search-services.ts";
import { clientHandles } from "./client-handles.ts";
import { lazily } from "./lazily.ts";
import {
  clientBackup,
  clientPrimary,
  config,
  primaryHealth,
  responseStreaming,
  telemetry,
} from "./process.ts";

/** What the search function runs on: no queue and no bucket, so that its bundle stays small. */
export const searchServices = lazily(
  (): SearchServices => ({
    primary: clientPrimary(),
    backup: clientBackup(),
    primaryHealth,
    primaryForm: createPrimaryForm(),
    backupGuard:
      config().authMode === "passthrough" ? createBackupGuard(clientBackup(), Date.now) : openGuard,
    handles: clientHandles,
    telemetry,
    readTimeoutMs: config().readTimeoutMs,
    // API Gateway waits 29 s where it does not stream.
    waitMaxMs: responseStreaming ? Number.POSITIVE_INFINITY : 0,
    bodyBytesMax: config().bodyBytesMax,
  }),
);
