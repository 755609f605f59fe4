import type { Readiness } from "../core/definition/incarnations.ts";
import type { PrimaryState } from "../core/definition/primary-state.ts";
import { sendWork } from "../core/queue/send-work.ts";
import type { Incarnation } from "../core/replication/incarnation.ts";
import { wholeIndexRecord } from "../core/replication/record.ts";
import type { ReplayServices } from "./replay-batch.ts";

/** An index older than that when BACKUP's is made may hold documents whose records are long gone. */
const bornLateMs = 60_000;
/** After the writers' knowledge of the old UUID has expired, in seconds. */
const healDelaySeconds = 10;

/** No template of BACKUP's is to add to the index that is made now. Where there can be no shield, it is made so. */
async function raiseShield({ shield, telemetry }: ReplayServices): Promise<void> {
  const missing = await shield.raise();
  if (missing !== undefined)
    telemetry.warn("BACKUP's own templates may change its indices", { reason: missing });
}

/**
 * Makes BACKUP's index stand for the incarnation. Before one is made, for whatever record it is, a reconcile
 * of the index as a whole is queued, unless PRIMARY's was born under the gateway's eyes and every document
 * has a record of its own: an older one may hold documents that never passed the gateway, a clone or a
 * shrunken one begins with its source's, and after a replacement writers may send records under the old
 * incarnation for a few seconds more.
 * @param lost BACKUP's index was there and is gone: what it held has to come again, however young it is.
 * @throws ClusterError or ClusterAnswerError when a cluster fails half-way; trying again is safe.
 */
export function ensureIncarnation(
  incarnation: Incarnation,
  state: PrimaryState | "gone" | "unavailable",
  services: ReplayServices,
  lost = false,
): Promise<Readiness> {
  return services.incarnations.ensure(incarnation, state, async ({ replaced, resized, adopted }) => {
    await raiseShield(services);
    const old = services.now() - incarnation.createdMs > bornLateMs;
    if (!replaced && !resized && !adopted && !lost && !old) return;
    const reason = "BACKUP's index was made for this incarnation";
    await sendWork([wholeIndexRecord(incarnation.index, reason, services.now())], services, healDelaySeconds);
  });
}
