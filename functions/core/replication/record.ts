import type { NamedDefinitionKind } from "../routing/endpoint.ts";
import type { Incarnation } from "./incarnation.ts";

/** The version of the envelope that this code writes. It reads this one and the one before. */
export const recordSchema = 2;

/**
 * A stretch of a buffer, `end` exclusive. Instead of a view: a bulk has thousands of them, alive while a cluster
 * answers, and a `Buffer` is several times as large and as slow to make.
 */
export interface ByteSlice {
  readonly buffer: Buffer;
  readonly start: number;
  readonly end: number;
}

/** All of a buffer. */
export function sliceOf(buffer: Buffer): ByteSlice {
  return { buffer, start: 0, end: buffer.length };
}

/** A slice as a view. */
export function bytesOf({ buffer, start, end }: ByteSlice): Buffer {
  return buffer.subarray(start, end);
}

/** One operation to make true on BACKUP: the document as PRIMARY stored it, or its absence. */
export interface ReplicaOperation {
  readonly id: string;
  readonly routing: string | undefined;
  /** Decimal digits, see `encodeVersion`. */
  readonly version: string;
  /** The stored document's bytes on one line; `undefined` deletes. */
  readonly document: ByteSlice | undefined;
}

/** What a record says of an operation without its bytes: enough to order, merge and reconcile. */
export interface ManifestEntry {
  readonly id: string;
  readonly routing: string | undefined;
  readonly version: string;
  readonly deletes: boolean;
  /** Length of this operation's bulk lines in the record's body. */
  readonly bytes: number;
}

/** A document's address on PRIMARY. `index` is the name the client used: perhaps an alias. */
export interface DocumentKey {
  readonly index: string;
  readonly id: string;
  readonly routing: string | undefined;
}

/** The request that a record comes from. */
export interface Origin {
  /** When it arrived, before PRIMARY saw it: milliseconds of the writer's clock. */
  readonly writtenAtMs: number;
  /** The gateway's id of it; work that replication or a person found for itself has none. */
  readonly requestId?: string | undefined;
}

/** The origin alone, of anything that has one; without a member for an id that is not there. */
export function originOf({ writtenAtMs, requestId }: Origin): Origin {
  return requestId === undefined ? { writtenAtMs } : { writtenAtMs, requestId };
}

/** Operations of one incarnation; the body is bulk lines for BACKUP in the manifest's order. */
export interface ApplyRecord extends Origin {
  readonly kind: "apply";
  readonly incarnation: Incarnation;
  readonly manifest: readonly ManifestEntry[];
}

/** Documents whose outcome nobody knows: PRIMARY's present truth is to be read and made true. */
export interface ReconcileRecord extends Origin {
  readonly kind: "reconcile";
  readonly reason: string;
  readonly keys: readonly DocumentKey[];
  /**
   * How many more times to look, a while apart. A request that PRIMARY had in its socket when the writer
   * gave up or died may be executed after the first look.
   */
  readonly looksLeft: number;
}

/** Pauses between the looks of a reconcile, in seconds, by `looksLeft`. */
export const lookPausesSeconds: Readonly<Record<number, number>> = { 2: 5, 1: 20 };
/** Looks that follow the first one for a write whose outcome is unknown. */
export const looksAfterUnknown = 2;

/** Where a whole-index reconcile goes on: pages of one shard of one side, by sequence number. */
export interface IndexCursor {
  readonly side: "primary" | "backup";
  readonly shard: number;
  /** Decimal digits; the next page starts above it. */
  readonly afterSeqNo: string;
}

/** A whole index: every document of PRIMARY, and every one that only BACKUP holds. */
export interface ReconcileIndexRecord extends Origin {
  readonly kind: "reconcile-index";
  readonly reason: string;
  readonly index: string;
  readonly cursor: IndexCursor | undefined;
  /** Not before PRIMARY runs no by-query write or reindex any more. */
  readonly awaitsTasks: boolean;
}

/** A reconcile of a whole index, from its first page. */
export function wholeIndexRecord(
  index: string,
  reason: string,
  writtenAtMs: number,
  awaitsTasks = false,
): ReconcileIndexRecord {
  return { kind: "reconcile-index", writtenAtMs, reason, index, cursor: undefined, awaitsTasks };
}

/** A change of definitions: make BACKUP's equal to PRIMARY's for all that `pattern` names. */
export interface DefineRecord extends Origin {
  readonly kind: "define";
  /** What the names are of; indices where it is not there. */
  readonly of?: NamedDefinitionKind | undefined;
  readonly reason: string;
  /** An Elasticsearch multi-target expression: names, aliases, wildcards, commas. */
  readonly pattern: string;
}

/** The queued unit. Safe to apply at any time, any number of times, in any order. */
export type ReplicationRecord = ApplyRecord | ReconcileRecord | ReconcileIndexRecord | DefineRecord;
