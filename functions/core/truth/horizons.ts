import type { PrimaryState } from "../definition/primary-state.ts";
import { encodeVersion } from "../replication/version.ts";
import { horizonKey } from "../tombstone/tombstones.ts";
import type { AbsenceServices } from "./absence.ts";
import { settledProgress, TruthUnsettled } from "./settled-progress.ts";

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
  return Object.entries(state.terms).flatMap(([shard, term]) => {
    const checkpoint = progress.get(Number(shard))?.globalCheckpoint;
    if (checkpoint === undefined) {
      throw new TruthUnsettled(`shard ${shard} of [${index}] does not say how far it is`);
    }
    if (checkpoint < 0) return [];
    const version = encodeVersion(index, services.epoch, String(term), String(checkpoint));
    return [{ key: horizonKey(uuid, Number(shard)), version }];
  });
}
