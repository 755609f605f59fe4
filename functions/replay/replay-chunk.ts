import { isClusterFailure } from "../core/cluster/json-request.ts";
import { sendWork } from "../core/queue/send-work.ts";
import { linesOf } from "../core/replication/bulk-lines.ts";
import type { Disposition } from "../core/replication/disposition.ts";
import { PayloadLost, unseal } from "../core/replication/envelope.ts";
import {
  type ApplyRecord,
  type DocumentKey,
  lookPausesSeconds,
  type Origin,
  originOf,
  type ReconcileRecord,
  type ReplicationRecord,
} from "../core/replication/record.ts";
import { epochFloor, isNewer, VersionOverflow } from "../core/replication/version.ts";
import { reasonOf } from "../core/runtime/telemetry.ts";
import { TruthNotKept } from "../core/truth/present-operations.ts";
import { TruthUnsettled } from "../core/truth/settled-progress.ts";
import { applyOperations, type PendingOperation } from "./apply-operations.ts";
import { defineIndices } from "./define-indices.ts";
import { DefinitionRefused, defineNamed } from "./define-named.ts";
import { finishRecord } from "./finish-record.ts";
import type { ReceivedRecord } from "./message.ts";
import { type PreparedIncarnations, prepareIncarnations } from "./prepare-incarnations.ts";
import { type ReconciledPage, reconcilePage } from "./reconcile-index.ts";
import type { MessageEnd, ReplayServices } from "./replay-batch.ts";
import { retryTogether } from "./retry-together.ts";
import { secondChance } from "./second-chance.ts";
import { pendingOf, truthOf } from "./truth-of.ts";

/** What one record asks of BACKUP, or why that is not known now. */
type Resolved =
  | {
      readonly kind: "operations";
      readonly operations: readonly PendingOperation[];
      /** The rest of a long piece of work, sent when this part is done. */
      readonly next?: { readonly record: ReplicationRecord; readonly delaySeconds: number } | undefined;
    }
  | { readonly kind: "retry" | "park"; readonly reason: string };

/** Before keys that PRIMARY could not read are asked for again. */
const unreadablePauseSeconds = 30;

/**
 * Replays records that fit in memory together: their incarnations are made ready, their operations are
 * applied in one go, and each record gets its end.
 * @param receivedMs when the batch was received, on the monotonic clock.
 */
export async function replayChunk(
  records: readonly ReceivedRecord[],
  receivedMs: number,
  services: ReplayServices,
): Promise<readonly MessageEnd[]> {
  const incarnations = await prepareIncarnations(records, services);
  const resolved = await Promise.all(records.map((record) => resolve(record, incarnations, services)));
  const operations = resolved.flatMap((each) => (each.kind === "operations" ? each.operations : []));
  const first = await applyOperations(operations, receivedMs, services);
  const settled = await secondChance(operations, first, receivedMs, services);
  const dispositions = retryTogether(operations, settled);
  const ends: MessageEnd[] = [];
  let at = 0;
  for (const [i, each] of resolved.entries()) {
    const record = records[i];
    if (record === undefined) continue;
    const count = each.kind === "operations" ? each.operations.length : 0;
    const own: readonly Disposition[] =
      each.kind === "operations"
        ? dispositions.slice(at, at + count)
        : [{ kind: each.kind, reason: each.reason }];
    const end = await finishRecord(record, operations.slice(at, at + count), own, services);
    if (end.kind === "done" && each.kind === "operations" && each.next) {
      await sendWork([each.next.record], services, each.next.delaySeconds);
    }
    ends.push(end);
    at += count;
  }
  return ends;
}

/** A record as operations; a cluster's failure on the way is a reason to try the record again. */
async function resolve(
  received: ReceivedRecord,
  incarnations: PreparedIncarnations,
  services: ReplayServices,
): Promise<Resolved> {
  const { record } = received;
  try {
    switch (record.kind) {
      case "apply":
        return await resolveApply(received, record, incarnations, services);
      case "reconcile":
        return await resolveReconcile(record, services);
      case "reconcile-index":
        return resolvePage(await reconcilePage(record, services));
      case "define":
        await (record.of === undefined
          ? defineIndices(record, services)
          : defineNamed(record.of, record.pattern, services));
        return { kind: "operations", operations: [] };
    }
  } catch (error) {
    const expected = isClusterFailure(error) || error instanceof TruthUnsettled;
    const final =
      error instanceof VersionOverflow || error instanceof DefinitionRefused || error instanceof TruthNotKept;
    if (final) return { kind: "park", reason: error.message };
    if (!expected) throw error;
    return { kind: "retry", reason: reasonOf(error) };
  }
}

function resolvePage({ operations, next, delaySeconds }: ReconciledPage): Resolved {
  return { kind: "operations", operations, next: next && { record: next, delaySeconds } };
}

async function resolveReconcile(record: ReconcileRecord, services: ReplayServices): Promise<Resolved> {
  const { operations, unreadable } = await truthOf(record.keys, record.writtenAtMs, services);
  const { looksLeft } = record;
  const delaySeconds = lookPausesSeconds[looksLeft] ?? 0;
  if (looksLeft > 0) {
    return {
      kind: "operations",
      operations,
      next: { record: { ...record, looksLeft: looksLeft - 1 }, delaySeconds },
    };
  }
  return { kind: "operations", operations, next: unreadable && lookAgain(unreadable, record) };
}

/** PRIMARY's truth for keys that came without usable documents. */
async function resolveKeys(
  keys: readonly DocumentKey[],
  origin: Origin,
  services: ReplayServices,
): Promise<Resolved> {
  const { operations, unreadable } = await truthOf(keys, origin.writtenAtMs, services);
  return { kind: "operations", operations, next: unreadable && lookAgain(unreadable, origin) };
}

/** What could not be read waits in a record of its own: its neighbours are done. */
function lookAgain(
  { keys, reason }: { readonly keys: readonly DocumentKey[]; readonly reason: string },
  origin: Origin,
) {
  const record: ReconcileRecord = { kind: "reconcile", ...originOf(origin), reason, keys, looksLeft: 0 };
  return { record, delaySeconds: unreadablePauseSeconds };
}

async function resolveApply(
  received: ReceivedRecord,
  record: ApplyRecord,
  incarnations: PreparedIncarnations,
  services: ReplayServices,
): Promise<Resolved> {
  const { requestId } = record;
  const { index } = record.incarnation;
  const keys = () => record.manifest.map(({ id, routing }) => ({ index, id, routing }));
  // The roles may have been switched since it was written: what counts is what today's PRIMARY holds.
  const firstOfEpoch = epochFloor(services.epoch);
  if (record.manifest.some(({ version }) => isNewer(firstOfEpoch, version))) {
    services.telemetry.warn("a record of an older operator epoch is read anew from PRIMARY", {
      index,
      requestId,
    });
    return resolveKeys(keys(), record, services);
  }
  const readiness = incarnations.get(record.incarnation.uuid);
  if (readiness === undefined || readiness.kind === "unknown") {
    return { kind: "retry", reason: readiness?.reason ?? "the incarnation was not prepared" };
  }
  if (readiness.kind === "dead") {
    // Perhaps dead when it was written, perhaps written to the successor under a stale name: PRIMARY knows.
    if (readiness.primaryGone) return { kind: "operations", operations: [] };
    return resolveKeys(keys(), record, services);
  }
  try {
    const body = await unseal(
      received.header,
      received.inline,
      services.envelope.payloadPrefix,
      services.payloads,
    );
    const lines = linesOf({ manifest: record.manifest, body });
    if (lines === undefined) throw new PayloadLost("the body is not the one that the manifest describes");
    const { incarnation, writtenAtMs } = record;
    const shared = { incarnation, layout: readiness.layout, writtenAtMs, late: received.late };
    return { kind: "operations", operations: pendingOf(record.manifest, lines, shared) };
  } catch (error) {
    if (!(error instanceof PayloadLost)) throw error;
    services.telemetry.warn("a payload is lost; its documents are read from PRIMARY", {
      reason: error.message,
      requestId,
    });
    return resolveKeys(keys(), record, services);
  }
}
