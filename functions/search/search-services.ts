import type { Health } from "../core/cluster/health.ts";
import type { Cluster } from "../core/cluster/port.ts";
import type { Handles } from "../core/handle/handles.ts";
import type { Telemetry } from "../core/runtime/telemetry.ts";
import type { BackupGuard } from "./backup-guard.ts";
import type { PrimaryForm } from "./primary-form.ts";

/** What the read use-cases stand on. */
export interface SearchServices {
  readonly primary: Cluster;
  readonly backup: Cluster;
  readonly primaryHealth: Health;
  readonly primaryForm: PrimaryForm;
  readonly backupGuard: BackupGuard;
  /** Its key may have to be read, and may change. */
  readonly handles: () => Promise<Handles>;
  readonly telemetry: Telemetry;
  readonly readTimeoutMs: number;
  /** How long a request may ask PRIMARY to wait for something: what the host ends earlier gets no answer at all. */
  readonly waitMaxMs: number;
  readonly bodyBytesMax: number;
}
