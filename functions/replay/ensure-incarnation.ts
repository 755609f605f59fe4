import type { Readiness } from "../core/definition/incarnations.ts";
import type { PrimaryState } from "../core/definition/primary-state.ts";
import type { Incarnation } from "../core/replication/incarnation.ts";
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
 * @throws ClusterError or ClusterAnswerError when a cluster fails half-way; trying again is safe.
 */
export function ensureIncarnation(
  incarnation: Incarnation,
  state: PrimaryState | "gone" | "unavailable",
  services: ReplayServices,
): Promise<Readiness> {
  return services.incarnations.ensure(incarnation, state, async (replaced) => {
    const ageMs = services.now() - incarnation.createdMs;
    if (replaced || ageMs > bornLateMs) await healLater(incarnation, services);
  });
}

async function healLater(incarnation: Incarnation, services: ReplayServices): Promise<void> {
  const reason = "BACKUP's index was made for this incarnation";
  const record = {
    kind: "reconcile-index",
    writtenAtMs: services.now(),
    reason,
    index: incarnation.index,
  } as const;
  await sendRecord({ ...record, cursor: undefined }, services, healDelaySeconds);
}
