import { readDefinitions } from "../core/definition/index-definition.ts";
import { type PrimaryState, readPrimaryState } from "../core/definition/primary-state.ts";
import type {
  DocumentKey,
  IndexCursor,
  ReconcileIndexRecord,
  ReplicationRecord,
} from "../core/replication/record.ts";
import { encodeVersion, isNewer } from "../core/replication/version.ts";
import { runsByQuery } from "../core/truth/by-query-tasks.ts";
import { readHorizons } from "../core/truth/horizons.ts";
import { type PageEntry, pageSize, readPage } from "../core/truth/index-page.ts";
import { unreadableError } from "../core/truth/present-operations.ts";
import { TruthUnsettled } from "../core/truth/settled-progress.ts";
import { readStoredDocuments } from "../core/truth/stored-documents.ts";
import { type PendingOperation, sideChangeSeconds } from "./apply-operations.ts";
import { ensureIncarnation } from "./ensure-incarnation.ts";
import { levelOpenness } from "./level-openness.ts";
import type { ReplayServices } from "./replay-batch.ts";
import { truthOf } from "./truth-of.ts";

/** One page's operations, and the record that goes on after it. */
export interface ReconciledPage {
  readonly operations: readonly PendingOperation[];
  readonly next: ReplicationRecord | undefined;
  readonly delaySeconds: number;
}

const done: ReconciledPage = { operations: [], next: undefined, delaySeconds: 0 };

/**
 * One page of a whole-index reconcile. First the horizons: what is at or below them is not taken at its word
 * any more when it comes late. Then PRIMARY's documents, shard by shard: those that BACKUP does not hold at
 * that version or above are read and written. Then BACKUP's: those that PRIMARY does not hold are deleted,
 * each under the guard of its shard; by then what was fresh at the time of the horizons, and nobody checks
 * against them, is on BACKUP. Only what differs is transferred. An index that is closed on PRIMARY cannot be
 * read: its reconcile is done, and whoever opens BACKUP's queues another.
 * @throws TruthUnsettled, ClusterError, ClusterAnswerError: the same page again later; TruthNotKept: never.
 */
export async function reconcilePage(
  record: ReconcileIndexRecord,
  services: ReplayServices,
): Promise<ReconciledPage> {
  const { index } = record;
  // Before the index is looked for: the task may be what makes it.
  if (record.awaitsTasks && record.cursor === undefined && (await runsByQuery(services.primary))) {
    throw new TruthUnsettled("PRIMARY still runs a by-query write or a reindex");
  }
  const state = (await readPrimaryState(services.primary, [index])).get(index);
  if (state === undefined) return done;
  // Whoever made BACKUP's index may have died before its aliases were level, and the others know it as ready.
  if (record.cursor === undefined) services.incarnations.forget(state.incarnation.uuid);
  // At its beginning this record is what an announcement would queue.
  const readiness =
    record.cursor === undefined
      ? await services.incarnations.ensure(state.incarnation, state)
      : await ensureIncarnation(state.incarnation, state, services, true);
  if (readiness.kind === "unknown" || readiness.kind === "dead") {
    throw new TruthUnsettled(`[${index}] is not ready on BACKUP`);
  }
  // BACKUP's index was made anew: the pages before this one are not on it.
  if (readiness.kind === "created" && record.cursor !== undefined) {
    return { ...done, next: { ...record, cursor: undefined } };
  }
  // BACKUP's is closed too, then: it has to be opened before PRIMARY's can be read anew.
  if ((await levelOpenness([index], services)).get(index) === "closed") return done;
  if (record.cursor === undefined) {
    const horizons = await readHorizons(state, services);
    if (horizons.length > 0) await services.tombstones.write(horizons);
  }
  const cursor: IndexCursor = record.cursor ?? { side: "primary", shard: 0, afterSeqNo: "-1" };
  const cluster = cursor.side === "primary" ? services.primary : services.backup;
  const page = await readPage(cluster, index, cursor.shard, cursor.afterSeqNo);
  // The suites look for these words.
  if (record.cursor === undefined)
    services.telemetry.info("an index is compared as a whole", { index, reason: record.reason });
  const keys = page.map(({ id, routing }) => ({ index, id, routing }));
  const different =
    cursor.side === "primary"
      ? await behindOnBackup(state, page, keys, services)
      : await missingOnPrimary(keys, services);
  const operations = different.length > 0 ? await wholeTruth(different, record, services) : [];
  const following = nextCursor(cursor, page, await shardsOf(cursor.side, state, services));
  const changesSide = following !== undefined && following.side !== cursor.side;
  return {
    operations,
    next: following && { ...record, cursor: following },
    delaySeconds: changesSide ? sideChangeSeconds : 0,
  };
}

/** A page is done only when each of its keys could be read. */
async function wholeTruth(
  keys: readonly DocumentKey[],
  record: ReconcileIndexRecord,
  services: ReplayServices,
): Promise<readonly PendingOperation[]> {
  const { operations, unreadable } = await truthOf(keys, record.writtenAtMs, services);
  if (unreadable !== undefined) throw unreadableError(unreadable);
  return operations;
}

async function behindOnBackup(
  state: PrimaryState,
  page: readonly PageEntry[],
  keys: readonly DocumentKey[],
  services: ReplayServices,
): Promise<readonly DocumentKey[]> {
  const held = await readStoredDocuments(services.backup, keys, { withSource: false });
  return keys.filter((_, i) => {
    const entry = page[i];
    const document = held[i];
    if (entry === undefined || document?.kind !== "found") return true;
    const { index } = state.incarnation;
    return isNewer(encodeVersion(index, services.epoch, entry.primaryTerm, entry.seqNo), document.version);
  });
}

async function missingOnPrimary(
  keys: readonly DocumentKey[],
  services: ReplayServices,
): Promise<readonly DocumentKey[]> {
  const held = await readStoredDocuments(services.primary, keys, { withSource: false });
  const unreadable = held.find((document) => document.kind === "unreadable");
  if (unreadable?.kind === "unreadable") throw new TruthUnsettled(unreadable.reason);
  return keys.filter((_, i) => held[i]?.kind === "missing");
}

/** BACKUP's index may have been made by hand with other shards. */
async function shardsOf(
  side: IndexCursor["side"],
  state: PrimaryState,
  services: ReplayServices,
): Promise<number> {
  if (side === "primary") return state.layout.shards;
  const { index } = state.incarnation;
  const settings = (await readDefinitions(services.backup, index)).get(index)?.settings;
  return Number(settings?.["index.number_of_shards"] ?? state.layout.shards);
}

function nextCursor(
  cursor: IndexCursor,
  page: readonly PageEntry[],
  shards: number,
): IndexCursor | undefined {
  const last = page.at(-1);
  if (last !== undefined && page.length === pageSize) return { ...cursor, afterSeqNo: last.seqNo };
  if (cursor.shard + 1 < shards) return { ...cursor, shard: cursor.shard + 1, afterSeqNo: "-1" };
  return cursor.side === "primary" ? { side: "backup", shard: 0, afterSeqNo: "-1" } : undefined;
}
