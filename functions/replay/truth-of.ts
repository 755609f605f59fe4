import { bulkLines, linesOf } from "../core/replication/bulk-lines.ts";
import { type ByteSlice, type DocumentKey, type ManifestEntry, sliceOf } from "../core/replication/record.ts";
import { type PresentTruth, presentOperations } from "../core/truth/present-operations.ts";
import { TruthUnsettled } from "../core/truth/settled-progress.ts";
import type { PendingOperation } from "./apply-operations.ts";
import { ensureIncarnation } from "./ensure-incarnation.ts";
import type { ReplayServices } from "./replay-batch.ts";

/** PRIMARY's present documents, ready to apply, and the keys that it could not read. */
export interface Truth {
  readonly operations: readonly PendingOperation[];
  readonly unreadable: PresentTruth["unreadable"];
}

/**
 * What PRIMARY holds for the keys now.
 * @throws TruthUnsettled, ClusterError, ClusterAnswerError: try again later.
 */
export async function truthOf(
  keys: readonly DocumentKey[],
  writtenAtMs: number,
  services: ReplayServices,
): Promise<Truth> {
  const { present, unreadable } = await presentOperations(keys, services);
  const pending: PendingOperation[] = [];
  for (const { state, operations } of present) {
    if (operations.length === 0) continue;
    const readiness = await ensureIncarnation(state.incarnation, state, services);
    if (readiness.kind === "dead" || readiness.kind === "unknown") {
      throw new TruthUnsettled(`[${state.incarnation.index}] is not ready on BACKUP`);
    }
    const made = bulkLines(state.incarnation.uuid, operations);
    const { incarnation, layout } = state;
    const shared = { incarnation, layout, writtenAtMs, late: true, readNow: true };
    pending.push(...pendingOf(made.manifest, linesOf(made) ?? [], shared));
  }
  services.telemetry.count("reconciledDocuments", pending.length);
  return { operations: pending, unreadable };
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
