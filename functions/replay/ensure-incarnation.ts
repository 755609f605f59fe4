import type { Readiness } from "../core/definition/incarnations.ts";
import type { PrimaryState } from "../core/definition/primary-state.ts";
import type { Incarnation } from "../core/replication/incarnation.ts";
import { wholeIndexRecord } from "../core/replication/record.ts";
import type { ReplayServices } from "./replay-batch.ts";
import { sendRecord } from "./send-record.ts";

/** An index older than that when BACKUP's is made may hold documents whose records are long gone. */
const bornLateMs = 60_000;
/** After the writers' knowledge of the old UUID has expired, in seconds. */
const healDelaySeconds = 30;

/**
 * Makes BACKUP's index stand for the incarnation. Before one is made, for whatever record it is, a reconcile
 * of the index as a whole is queued: PRIMARY's may hold documents that never passed the gateway or whose
 * records were applied to an index that BACKUP has lost, and writers may send records under the old
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
  return services.incarnations.ensure(incarnation, state, async (replaced) => {
    const ageMs = services.now() - incarnation.createdMs;
    // A young one is level as a rule; a clone or a shrunken index is not.
    const onlyIfCountsDiffer = !replaced && !lost && ageMs <= bornLateMs;
    const reason = "BACKUP's index was made for this incarnation";
    const record = wholeIndexRecord(incarnation.index, reason, services.now(), { onlyIfCountsDiffer });
    await sendRecord(record, services, healDelaySeconds);
  });
}
