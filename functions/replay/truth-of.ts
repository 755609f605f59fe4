import { bulkLines, linesOf } from "../core/replication/bulk-lines.ts";
import type { DocumentKey, ManifestEntry } from "../core/replication/record.ts";
import { TruthUnsettled } from "../core/truth/absence.ts";
import { presentOperations } from "../core/truth/present-operations.ts";
import type { PendingOperation } from "./apply-operations.ts";
import { ensureIncarnation } from "./ensure-incarnation.ts";
import type { ReplayServices } from "./replay-batch.ts";

/** PRIMARY's present documents for the keys, ready to apply. */
export async function truthOf(
  keys: readonly DocumentKey[],
  writtenAtMs: number,
  services: ReplayServices,
): Promise<readonly PendingOperation[]> {
  const present = await presentOperations(keys, services);
  const pending: PendingOperation[] = [];
  for (const { state, operations } of present) {
    const readiness = await ensureIncarnation(state.incarnation, state, services);
    if (readiness.kind === "dead" || readiness.kind === "unknown") {
      throw new TruthUnsettled(`[${state.incarnation.index}] is not ready on BACKUP`);
    }
    const made = bulkLines(state.incarnation.uuid, operations);
    const { incarnation, layout } = state;
    const shared = { incarnation, layout, writtenAtMs, late: true };
    pending.push(...pendingOf(made.manifest, linesOf(made) ?? [], shared));
  }
  services.telemetry.count("reconciledDocuments", pending.length);
  return pending;
}

/** Manifest entries with their lines, as operations of one incarnation. */
export function pendingOf(
  manifest: readonly ManifestEntry[],
  lines: readonly Buffer[],
  shared: Omit<PendingOperation, "entry" | "lines">,
): readonly PendingOperation[] {
  const { incarnation, layout, writtenAtMs, late } = shared;
  return manifest.map((entry, i) => {
    const own = lines[i] ?? Buffer.alloc(0);
    return { incarnation, layout, writtenAtMs, late, entry, lines: own };
  });
}
