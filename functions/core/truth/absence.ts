import type { Cluster } from "../cluster/port.ts";
import { type PrimaryState, readPrimaryState } from "../definition/primary-state.ts";
import type { DocumentKey } from "../replication/record.ts";
import { shardOf } from "../replication/shard.ts";
import type { ShardProgress } from "./checkpoint.ts";
import { awaitCopies, settledProgress, shardGuard, TruthUnsettled } from "./settled-progress.ts";
import { readStoredDocuments, type StoredDocument } from "./stored-documents.ts";

/**
 * What is certain of a document that PRIMARY answered missing.
 * - `absent`: no operation numbered up to `version` left it there: deleting at that version is sound.
 * - `never`: its shard has had no operation at all.
 * - `other`: it is no longer missing; `document` is its present state.
 */
export type Absence =
  | { readonly kind: "absent"; readonly version: string }
  | { readonly kind: "never" }
  | { readonly kind: "other"; readonly document: StoredDocument };

export interface AbsenceServices {
  readonly primary: Cluster;
  readonly epoch: number;
  readonly sleep: (ms: number) => Promise<void>;
}

/**
 * A missing document has no version to guard its deletion with, so the guard is its shard's: first the
 * shard's progress, once all operations given out by then have been applied everywhere; then the
 * document again; then the terms again, which must not have moved. Whatever was numbered up to the
 * guard is reflected in the second read; whatever comes later has a higher version than the deletion. What is
 * found there after all is on every copy.
 * @param keys all of one index, by its concrete name.
 * @throws TruthUnsettled, ClusterError, ClusterAnswerError.
 */
export async function proveAbsence(
  index: string,
  keys: readonly DocumentKey[],
  services: AbsenceServices,
): Promise<{ readonly state: PrimaryState | undefined; readonly absences: readonly Absence[] }> {
  const { primary } = services;
  for (let tries = 0; tries < 5; tries++) {
    const before = (await readPrimaryState(primary, [index])).get(index);
    if (before === undefined) return { state: undefined, absences: keys.map(() => ({ kind: "never" })) };
    const progress = await settledProgress(index, services);
    const documents = await readStoredDocuments(primary, keys, { withSource: true });
    await awaitCopies(index, documents, before.layout, services);
    const after = (await readPrimaryState(primary, [index])).get(index);
    if (after === undefined || !sameLife(before, after)) continue;
    const absences = keys.map((key, i) => absenceOf(key, documents[i], after, progress, services.epoch));
    return { state: after, absences };
  }
  throw new TruthUnsettled(`[${index}] changed its primaries or was recreated five times in a row`);
}

/** Whether it is the same incarnation, and no shard has had another primary. */
export function sameLife(before: PrimaryState, after: PrimaryState): boolean {
  if (before.incarnation.uuid !== after.incarnation.uuid) return false;
  return Object.entries(before.terms).every(([shard, term]) => after.terms[shard] === term);
}

function absenceOf(
  key: DocumentKey,
  document: StoredDocument | undefined,
  state: PrimaryState,
  progress: ReadonlyMap<number, ShardProgress>,
  epoch: number,
): Absence {
  if (document === undefined || document.kind === "no-index") return { kind: "never" };
  if (document.kind !== "missing") return { kind: "other", document };
  const version = shardGuard(state, shardOf(key.id, key.routing, state.layout), progress, epoch);
  return version === undefined ? { kind: "never" } : { kind: "absent", version };
}
