import { ClusterAnswerError } from "../core/cluster/json-request.ts";
import { ClusterError } from "../core/cluster/port.ts";
import { readPrimaryState } from "../core/definition/primary-state.ts";
import type { Disposition } from "../core/replication/disposition.ts";
import { incarnationAlias } from "../core/replication/incarnation.ts";
import { isNewer } from "../core/replication/version.ts";
import { reasonOf } from "../core/runtime/telemetry.ts";
import { readStoredDocuments } from "../core/truth/stored-documents.ts";
import { applyOperations, type PendingOperation, tombstoneKeyOf } from "./apply-operations.ts";
import { ensureIncarnation } from "./ensure-incarnation.ts";
import type { ReplayServices } from "./replay-batch.ts";

/**
 * Operations that BACKUP refused because its index or its mapping was not what PRIMARY's is: the
 * definition is copied again and they are sent once more. What is refused again for its mapping is parked,
 * unless BACKUP holds a newer version or its tombstone: parsing comes before the version check, so a superseded document
 * that does not fit answers 400, not 409 (cluster-semantics, section 2).
 */
export async function secondChance(
  operations: readonly PendingOperation[],
  first: readonly Disposition[],
  receivedMs: number,
  services: ReplayServices,
): Promise<readonly Disposition[]> {
  if (!first.some(({ kind }) => kind === "missing" || kind === "remap")) return first;
  const again = operations
    .map((operation, at) => ({ operation, at }))
    .filter(({ at }) => first[at]?.kind === "missing" || first[at]?.kind === "remap");
  const dispositions = [...first];
  try {
    await copyDefinitions(
      again.map(({ operation }) => operation),
      services,
    );
    const second = await applyOperations(
      again.map(({ operation }) => operation),
      receivedMs,
      services,
    );
    const settled = await settle(
      again.map(({ operation }) => operation),
      second,
      services,
    );
    for (const [i, { at }] of again.entries()) {
      const disposition = settled[i];
      if (disposition !== undefined) dispositions[at] = disposition;
    }
  } catch (error) {
    if (!(error instanceof ClusterError || error instanceof ClusterAnswerError)) throw error;
    for (const { at } of again) dispositions[at] = { kind: "retry", reason: reasonOf(error) };
  }
  return dispositions;
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
    if (disposition.kind === "missing") return { kind: "retry", reason: disposition.reason };
    if (disposition.kind !== "remap") return disposition;
    return superseded.has(operation) ? { kind: "superseded" } : { kind: "park", reason: disposition.reason };
  });
}
