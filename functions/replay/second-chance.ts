import { isClusterFailure } from "../core/cluster/json-request.ts";
import { readPrimaryState } from "../core/definition/primary-state.ts";
import type { Disposition } from "../core/replication/disposition.ts";
import { incarnationAlias } from "../core/replication/incarnation.ts";
import { isNewer } from "../core/replication/version.ts";
import { reasonOf } from "../core/runtime/telemetry.ts";
import { readStoredDocuments } from "../core/truth/stored-documents.ts";
import { applyOperations, type PendingOperation, tombstoneKeyOf } from "./apply-operations.ts";
import { ensureIncarnation } from "./ensure-incarnation.ts";
import { openOnBackup } from "./level-openness.ts";
import type { ReplayServices } from "./replay-batch.ts";

/**
 * Operations that BACKUP refused because its index or its mapping was not what PRIMARY's is, or because it is
 * closed: the definition is copied again, the index opened, and they are sent once more. What is refused again for its mapping is parked,
 * unless BACKUP holds a newer version or its tombstone: parsing comes before the version check, so a superseded document
 * that does not fit answers 400, not 409 (docs/cluster-semantics.md, section 2).
 */
export async function secondChance(
  operations: readonly PendingOperation[],
  first: readonly Disposition[],
  receivedMs: number,
  services: ReplayServices,
): Promise<readonly Disposition[]> {
  if (!first.some(({ kind }) => mayFit.has(kind))) return first;
  const again = operations
    .map((operation, at) => ({ operation, at }))
    .filter(({ at }) => mayFit.has(first[at]?.kind));
  const misfits = again.map(({ operation }) => operation);
  const dispositions = [...first];
  try {
    await openIndices(
      again.filter(({ at }) => first[at]?.kind === "closed").map(({ operation }) => operation),
      services,
    );
    await copyDefinitions(misfits, services);
    const second = await applyOperations(misfits, receivedMs, services);
    const settled = await settle(misfits, second, services);
    for (const [i, { at }] of again.entries()) {
      const disposition = settled[i];
      if (disposition !== undefined) dispositions[at] = disposition;
    }
  } catch (error) {
    if (!isClusterFailure(error)) throw error;
    for (const { at } of again) dispositions[at] = { kind: "retry", reason: reasonOf(error) };
  }
  return dispositions;
}

const mayFit: ReadonlySet<Disposition["kind"] | undefined> = new Set(["missing", "closed", "remap"]);

/**
 * What PRIMARY wrote before it closed an index has to be there as well. The reconcile that is queued for each one that
 * is opened closes it again where PRIMARY's is closed.
 */
async function openIndices(operations: readonly PendingOperation[], services: ReplayServices): Promise<void> {
  const names = new Set(operations.map(({ incarnation }) => incarnation.index));
  for (const index of names) await openOnBackup(index, services);
}

async function copyDefinitions(
  operations: readonly PendingOperation[],
  services: ReplayServices,
): Promise<void> {
  const incarnations = new Map(operations.map(({ incarnation }) => [incarnation.uuid, incarnation]));
  const states = await readPrimaryState(services.primary, [
    ...new Set([...incarnations.values()].map(({ index }) => index)),
  ]);
  for (const incarnation of incarnations.values()) {
    services.incarnations.forget(incarnation.uuid);
    await ensureIncarnation(incarnation, states.get(incarnation.index) ?? "gone", services, true);
  }
}

/** What the second answers mean: there is no third try. */
async function settle(
  operations: readonly PendingOperation[],
  second: readonly Disposition[],
  services: ReplayServices,
): Promise<readonly Disposition[]> {
  const misfits = operations.filter((_, i) => second[i]?.kind === "remap");
  const held = await readStoredDocuments(
    services.backup,
    misfits.map(({ incarnation, entry }) => ({
      index: incarnationAlias(incarnation.uuid),
      id: entry.id,
      routing: entry.routing,
    })),
    { withSource: false },
  );
  const sinceMs = Math.min(...misfits.map(({ writtenAtMs }) => writtenAtMs), services.now());
  const buried =
    misfits.length > 0 ? await services.tombstones.find(misfits.map(tombstoneKeyOf), sinceMs) : new Map();
  const superseded = new Set(
    misfits.filter((operation, i) => {
      const document = held[i];
      const newest = document?.kind === "found" ? document.version : buried.get(tombstoneKeyOf(operation));
      return newest !== undefined && !isNewer(operation.entry.version, newest);
    }),
  );
  return operations.map((operation, i): Disposition => {
    const disposition = second[i] ?? { kind: "retry", reason: "no answer" };
    if (disposition.kind === "missing" || disposition.kind === "closed")
      return { kind: "retry", reason: disposition.reason };
    if (disposition.kind !== "remap") return disposition;
    return superseded.has(operation) ? { kind: "superseded" } : { kind: "park", reason: disposition.reason };
  });
}
