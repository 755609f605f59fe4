import { seal } from "../core/replication/envelope.ts";
import type { ReplicationRecord } from "../core/replication/record.ts";
import type { ReplayServices } from "./replay-batch.ts";

/** Queues a record without a body: work that replay finds for itself. */
export async function sendRecord(
  record: ReplicationRecord,
  services: Pick<ReplayServices, "envelope" | "payloads" | "queue" | "telemetry">,
  delaySeconds = 0,
): Promise<void> {
  const sealed = await seal(record, Buffer.alloc(0), services.envelope, services.payloads);
  await services.queue.send([{ ...sealed, delaySeconds }]);
  services.telemetry.count("recordsSent");
}
