import { isClusterFailure } from "../core/cluster/json-request.ts";
import type { Cluster } from "../core/cluster/port.ts";
import type { SendServices } from "../core/queue/send-work.ts";
import { bulkLines } from "../core/replication/bulk-lines.ts";
import type { Disposition } from "../core/replication/disposition.ts";
import type { Incarnation } from "../core/replication/incarnation.ts";
import { type ByteSlice, type ManifestEntry, sliceOf } from "../core/replication/record.ts";
import { type ShardLayout, shardOf } from "../core/replication/shard.ts";
import { isNewer } from "../core/replication/version.ts";
import { reasonOf } from "../core/runtime/telemetry.ts";
import { horizonKey, type Tombstones, tombstoneKey } from "../core/tombstone/tombstones.ts";
import { sendToBackup } from "./backup-bulk.ts";
import { checkBelowHorizon } from "./below-horizon.ts";

/** One operation on its way to BACKUP. */
export interface PendingOperation {
  readonly incarnation: Incarnation;
  readonly layout: ShardLayout;
  readonly entry: ManifestEntry;
  /** Its bulk lines, in its record's body. */
  readonly lines: ByteSlice;
  /** When its write began: tombstones older than that cannot concern it. */
  readonly writtenAtMs: number;
  /** BACKUP may have forgotten a newer deletion: look for its tombstone after writing. */
  readonly late: boolean;
  /** It was read from PRIMARY since the batch was received, and is not its writer's word. */
  readonly readNow?: boolean;
}

export interface ApplyServices extends SendServices {
  /** Asked about late operations below their shard's horizon, and only then. */
  readonly primary: Cluster;
  readonly backup: Cluster;
  readonly tombstones: Tombstones;
  /** The wall clock, in milliseconds. */
  readonly now: () => number;
  /** A clock that only goes forward, in milliseconds. */
  readonly monotonicMs: () => number;
}

/** Older than this when BACKUP has it, an operation counts as late: below any useful `index.gc_deletes`. */
export const freshMs = 800;

/**
 * Between a whole-index reconcile's horizons and its look at what BACKUP holds. By then BACKUP has what was
 * fresh at the time of the horizons and is never checked against them, so the reconcile meets it.
 */
export const sideChangeSeconds = 5;
/** What was read from PRIMARY that short ago is on BACKUP before a deletion since then could be past its reconcile. */
const readNowMs = (sideChangeSeconds - 1) * 1000;

/**
 * Makes the operations true on BACKUP, and says of each what became of it, in the given order.
 * Safe with any other consumer doing the same with any operations at the same time.
 * @param receivedMs when the operations' batch was received, on the monotonic clock: what was fresh then may
 *   not be by the time BACKUP has it.
 */
export async function applyOperations(
  operations: readonly PendingOperation[],
  receivedMs: number,
  services: ApplyServices,
): Promise<readonly Disposition[]> {
  const dispositions = new Array<Disposition>(operations.length).fill({ kind: "superseded" });
  const newest = newestOfEach(operations);
  const sendable = await writeTombstones(newest, services, dispositions);
  const answered = await sendToBackup(
    services.backup,
    sendable.map(({ operation }) => operation.lines),
  );
  sendable.forEach(({ at }, i) => {
    const disposition = answered[i];
    if (disposition !== undefined) dispositions[at] = disposition;
  });
  const tookMs = services.monotonicMs() - receivedMs;
  const slow = tookMs > freshMs;
  const nowMs = services.now();
  const written = sendable.filter(({ operation, at }) => {
    const kind = dispositions[at]?.kind;
    if (operation.entry.deletes || !(operation.late || slow || nowMs - operation.writtenAtMs > freshMs))
      return false;
    // After a conflict too: an earlier attempt may have died between its write and this look-up.
    return kind === "applied" || kind === "superseded";
  });
  const belowHorizon = await deleteWhatIsBuried(written, services, dispositions);
  const doubtful = belowHorizon.filter(({ operation }) => !operation.readNow || tookMs > readNowMs);
  const failure = await attempt(async () => {
    const reasons = await checkBelowHorizon(
      doubtful.map(({ operation }) => operation),
      services,
    );
    for (const [i, { at }] of doubtful.entries()) {
      const reason = reasons[i];
      if (reason !== undefined) dispositions[at] = { kind: "retry", reason };
    }
  });
  if (failure !== undefined) for (const { at } of doubtful) dispositions[at] = failure;
  return dispositions;
}

interface Placed {
  readonly operation: PendingOperation;
  /** Position among the given operations. */
  readonly at: number;
}

/** Which document it is about: equal for two operations on the same one. */
export function documentOf({ incarnation, entry: { id, routing = "" } }: PendingOperation): string {
  return `${incarnation.uuid}/${routing.length}/${routing}/${id}`;
}

/** The newest operation on each document; the others are superseded here already. */
function newestOfEach(operations: readonly PendingOperation[]): readonly Placed[] {
  if (!mayRepeat(operations)) return operations.map((operation, at) => ({ operation, at }));
  const newest = new Map<string, Placed>();
  for (const [at, operation] of operations.entries()) {
    const { entry } = operation;
    const key = documentOf(operation);
    const before = newest.get(key);
    if (before === undefined || isNewer(entry.version, before.operation.entry.version)) {
      newest.set(key, { operation, at });
    }
  }
  return [...newest.values()];
}

/** Whether two operations may be on one document: no two are where no two ids are alike, as in most batches. */
function mayRepeat(operations: readonly PendingOperation[]): boolean {
  const ids = new Set<string>();
  for (const { entry } of operations) ids.add(entry.id);
  return ids.size < operations.length;
}

/** Where the operation's document has its tombstone, if it has one. */
export function tombstoneKeyOf(operation: PendingOperation, shard = shardIn(operation)): string {
  return tombstoneKey(operation.incarnation.uuid, shard, operation.entry.id);
}

function shardIn({ layout, entry }: PendingOperation): number {
  return shardOf(entry.id, entry.routing, layout);
}

/** Tombstones first; a deletion whose tombstone is not durable is not sent. */
async function writeTombstones(
  placed: readonly Placed[],
  services: ApplyServices,
  dispositions: Disposition[],
): Promise<readonly Placed[]> {
  const deletions = placed.filter(({ operation }) => operation.entry.deletes);
  if (deletions.length === 0) return placed;
  const failure = await attempt(() =>
    services.tombstones.write(
      deletions.map(({ operation }) => ({
        key: tombstoneKeyOf(operation),
        version: operation.entry.version,
      })),
    ),
  );
  if (failure === undefined) {
    services.telemetry.count("tombstonesWritten", deletions.length);
    return placed;
  }
  for (const { at } of deletions) dispositions[at] = failure;
  return placed.filter(({ operation }) => !operation.entry.deletes);
}

/**
 * Deletes again, at the tombstone's version, each document whose newer deletion BACKUP had forgotten. Gives
 * the others that are not above their shard's horizon.
 */
async function deleteWhatIsBuried(
  written: readonly Placed[],
  services: ApplyServices,
  dispositions: Disposition[],
): Promise<readonly Placed[]> {
  if (written.length === 0) return [];
  const belowHorizon: Placed[] = [];
  services.telemetry.count("tombstoneLookups", written.length);
  const sinceMs = Math.min(...written.map(({ operation }) => operation.writtenAtMs));
  const failure = await attempt(async () => {
    const shards = written.map(({ operation }) => shardIn(operation));
    const keys = written.map(({ operation }, i) => tombstoneKeyOf(operation, shards[i]));
    const horizonKeys = written.map(({ operation }, i) =>
      horizonKey(operation.incarnation.uuid, shards[i] ?? 0),
    );
    const found = await services.tombstones.find([...keys, ...new Set(horizonKeys)], sinceMs);
    const buried: { placed: Placed; version: string }[] = [];
    for (const [i, placed] of written.entries()) {
      const version = found.get(keys[i] ?? "");
      if (version !== undefined && isNewer(version, placed.operation.entry.version))
        buried.push({ placed, version });
      else if (!isNewer(placed.operation.entry.version, found.get(horizonKeys[i] ?? "") ?? "")) {
        belowHorizon.push(placed);
      }
    }
    if (buried.length === 0) return;
    const lines = buried.map(({ placed: { operation }, version }) => {
      const { id, routing } = operation.entry;
      const { body } = bulkLines(operation.incarnation.uuid, [{ id, routing, version, document: undefined }]);
      return sliceOf(body);
    });
    const answered = await sendToBackup(services.backup, lines);
    for (const [i, { placed }] of buried.entries()) {
      const disposition = answered[i];
      const done = disposition?.kind === "applied" || disposition?.kind === "superseded";
      dispositions[placed.at] = done || disposition === undefined ? { kind: "superseded" } : disposition;
    }
    services.telemetry.count("lateDeletes", buried.length);
  });
  if (failure === undefined) return belowHorizon;
  for (const { at } of written) dispositions[at] = failure;
  return [];
}

/** Runs a step on BACKUP; a cluster's failure becomes the disposition of all that depends on it. */
async function attempt(step: () => Promise<void>): Promise<Disposition | undefined> {
  try {
    await step();
    return undefined;
  } catch (error) {
    if (isClusterFailure(error)) {
      return { kind: "retry", reason: reasonOf(error) };
    }
    throw error;
  }
}
