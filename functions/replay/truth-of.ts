import { readIndexStates } from "../core/definition/index-states.ts";
import type { PrimaryState } from "../core/definition/primary-state.ts";
import { bulkLines, linesOf } from "../core/replication/bulk-lines.ts";
import { type ByteSlice, type DocumentKey, type ManifestEntry, sliceOf } from "../core/replication/record.ts";
import {
  type PresentTruth,
  presentOperations,
  type Unreadable,
  unreadableError,
} from "../core/truth/present-operations.ts";
import { TruthUnsettled } from "../core/truth/settled-progress.ts";
import type { PendingOperation } from "./apply-operations.ts";
import { ensureIncarnation } from "./ensure-incarnation.ts";
import { levelOpenness } from "./level-openness.ts";
import type { ReplayServices } from "./replay-batch.ts";

/** PRIMARY's present documents, ready to apply, and the keys that it could not read. */
export interface Truth {
  readonly operations: readonly PendingOperation[];
  readonly unreadable: Unreadable | undefined;
}

/**
 * What PRIMARY holds for the keys now.
 * @throws TruthUnsettled (also when it can read none of them: nothing is gained by setting all apart),
 * ClusterError, ClusterAnswerError: try again later; TruthNotKept: that will not help.
 */
export async function truthOf(
  keys: readonly DocumentKey[],
  writtenAtMs: number,
  services: ReplayServices,
): Promise<Truth> {
  const truth = await presentOperations(keys, services);
  const pending: PendingOperation[] = [];
  for (const { state, operations } of truth.present) {
    if (operations.length === 0) continue;
    await assertReady(state, services);
    const made = bulkLines(state.incarnation.uuid, operations);
    const { incarnation, layout } = state;
    const shared = { incarnation, layout, writtenAtMs, late: true, readNow: true };
    pending.push(...pendingOf(made.manifest, linesOf(made) ?? [], shared));
  }
  const unreadable = await withoutClosed(truth, services);
  if (unreadable !== undefined && pending.length === 0) throw unreadableError(unreadable);
  services.telemetry.count("reconciledDocuments", pending.length);
  return { operations: pending, unreadable };
}

async function assertReady(state: PrimaryState, services: ReplayServices): Promise<void> {
  const readiness = await ensureIncarnation(state.incarnation, state, services);
  if (readiness.kind === "dead" || readiness.kind === "unknown") {
    throw new TruthUnsettled(`[${state.incarnation.index}] is not ready on BACKUP`);
  }
}

/**
 * The unreadable keys but those whose index is closed on PRIMARY, perhaps for good. BACKUP's is closed as well here,
 * and whoever opens it has the whole index reconciled.
 */
async function withoutClosed(
  { present, unreadable }: PresentTruth,
  services: ReplayServices,
): Promise<Unreadable | undefined> {
  if (unreadable === undefined) return undefined;
  const names = [...new Set(unreadable.keys.map(({ index }) => index))];
  const states = await readIndexStates(services.primary, names);
  const closed = new Set(names.filter((name) => states.get(name) === "closed"));
  if (closed.size === 0) return unreadable;
  for (const { state } of present)
    if (closed.has(state.incarnation.index)) await assertReady(state, services);
  // One that was opened meanwhile, before BACKUP's was closed, is to be read after all.
  const levelled = await levelOpenness([...closed], services);
  const keys = unreadable.keys.filter(({ index }) => levelled.get(index) !== "closed");
  return keys.length === 0 ? undefined : { ...unreadable, keys };
}

const noLines = sliceOf(Buffer.alloc(0));

/** Manifest entries with their lines, as operations of one incarnation. */
export function pendingOf(
  manifest: readonly ManifestEntry[],
  lines: readonly ByteSlice[],
  shared: Omit<PendingOperation, "entry" | "lines">,
): readonly PendingOperation[] {
  // Member by member: a spread for each operation is slow.
  const { incarnation, layout, writtenAtMs, late, readNow = false } = shared;
  return manifest.map((entry, i) => {
    const own = lines[i] ?? noLines;
    return { incarnation, layout, writtenAtMs, late, readNow, entry, lines: own };
  });
}
