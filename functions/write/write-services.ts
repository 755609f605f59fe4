import type { Cluster } from "../core/cluster/port.ts";
import type { PrimaryCatalog } from "../core/definition/primary-catalog.ts";
import type { Handles } from "../core/handle/handles.ts";
import type { Intents } from "../core/intent/intents.ts";
import type { SendServices } from "../core/queue/send-work.ts";
import type { Telemetry } from "../core/runtime/telemetry.ts";

/** What the write use-cases stand on. */
export interface WriteServices extends SendServices {
  readonly primary: Cluster;
  /** Its key may have to be read, and may change. */
  readonly handles: () => Promise<Handles>;
  readonly catalog: PrimaryCatalog;
  readonly intents: Intents;
  readonly intentMode: "before" | "parallel" | "off";
  readonly epoch: number;
  readonly telemetry: Telemetry;
  readonly newId: () => string;
  readonly bodyBytesMax: number;
  readonly writeTimeoutMs: number;
  readonly enforceBulkRequestsOnly: boolean;
}
