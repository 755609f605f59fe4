import type { PrimaryState } from "../definition/primary-state.ts";
import { horizonKey } from "../tombstone/tombstones.ts";
import type { AbsenceServices } from "./absence.ts";
import { settledProgress, shardGuard } from "./settled-progress.ts";

/**
 * For each shard of an index a version that no operation which PRIMARY has numbered by now is above: its
 * *horizon*. A whole-index reconcile writes it among the tombstones before it looks at any document. What it
 * finds deleted may have left no tombstone (a by-query deletion, or one that passed the gateway by), so from
 * then on a late record that is not above its shard's horizon is not taken at its word.
 * @throws TruthUnsettled, ClusterError, ClusterAnswerError: try again later.
 */
export async function readHorizons(
  state: PrimaryState,
  services: AbsenceServices,
): Promise<readonly { readonly key: string; readonly version: string }[]> {
  const { index, uuid } = state.incarnation;
  const progress = await settledProgress(index, services);
  return Object.keys(state.terms).flatMap((name) => {
    const shard = Number(name);
    const version = shardGuard(state, shard, progress, services.epoch);
    return version === undefined ? [] : [{ key: horizonKey(uuid, shard), version }];
  });
}
