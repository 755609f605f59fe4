import { ClusterError } from "../../functions/core/cluster/port.ts";
import type { Incarnations } from "../../functions/core/definition/incarnations.ts";
import { createUntranslatedList } from "../../functions/core/definition/untranslated.ts";
import type { ReceivedMessage } from "../../functions/core/queue/port.ts";
import { bulkLines } from "../../functions/core/replication/bulk-lines.ts";
import { seal } from "../../functions/core/replication/envelope.ts";
import {
  type ReplicaOperation,
  type ReplicationRecord,
  sliceOf,
} from "../../functions/core/replication/record.ts";
import { isNewer } from "../../functions/core/replication/version.ts";
import type { Tombstones } from "../../functions/core/tombstone/tombstones.ts";
import { createParkingLot } from "../../functions/replay/park.ts";
import type { ReplayServices } from "../../functions/replay/replay-batch.ts";
import { fakeBackup } from "./fake-backup.ts";
import { fakeObjectStore } from "./fake-object-store.ts";
import { fakePrimary } from "./fake-primary.ts";
import { fakeQueue } from "./fake-queue.ts";
import { fakeTelemetry } from "./fake-telemetry.ts";
import { noShield } from "./no-shield.ts";

export const nowMs = 1_700_000_000_000;

export interface FakeTombstones extends Tombstones {
  readonly versions: Map<string, string>;
  readonly calls: ("write" | "find")[];
  failOn(call: "write" | "find" | undefined): void;
}

/** Tombstones in memory. */
export function fakeTombstones(): FakeTombstones {
  const versions = new Map<string, string>();
  const calls: ("write" | "find")[] = [];
  let failing: "write" | "find" | undefined;
  function called(call: "write" | "find"): void {
    calls.push(call);
    if (call === failing) throw new ClusterError("backup", "lost", `no tombstone ${call}`);
  }
  return {
    versions,
    calls,
    failOn(call) {
      failing = call;
    },
    async write(deletions) {
      called("write");
      for (const { key, version } of deletions) {
        const before = versions.get(key);
        if (before === undefined || isNewer(version, before)) versions.set(key, version);
      }
    },
    async find(keys) {
      called("find");
      return new Map([...versions].filter(([key]) => keys.includes(key)));
    },
  };
}

export interface FakeIncarnations extends Incarnations {
  readonly calls: string[];
  says(ensure: Incarnations["ensure"]): void;
}

/** Incarnations that are ready while PRIMARY has them or cannot be asked. */
export function fakeIncarnations(): FakeIncarnations {
  const calls: string[] = [];
  let ensuring: Incarnations["ensure"] = async (incarnation, state) => {
    const layout = { shards: 1, routingShards: 1, partitionSize: 1 };
    if (state === "unavailable") return { kind: "ready", layout };
    if (state === "gone" || state.incarnation.uuid !== incarnation.uuid) return { kind: "dead" };
    return { kind: "ready", layout };
  };
  return {
    calls,
    says(ensure) {
      ensuring = ensure;
    },
    ensure(incarnation, state, announce) {
      calls.push(`ensure ${incarnation.uuid}`);
      return ensuring(incarnation, state, announce);
    },
    forget(uuid) {
      calls.push(`forget ${uuid}`);
    },
    renew(index, beforeMs) {
      calls.push(`renew ${index} ${beforeMs}`);
    },
  };
}

/** What replay stands on. PRIMARY has the index `books` as incarnation `u1`, with one shard. */
export function fakeReplayServices(more: Partial<ReplayServices> = {}) {
  const primary = fakePrimary({
    books: { uuid: "u1", createdMs: nowMs, terms: [1], progress: [{ max: 50, checkpoint: 50 }] },
  });
  const backup = fakeBackup();
  const tombstones = fakeTombstones();
  const incarnations = fakeIncarnations();
  const queue = fakeQueue();
  const deadLetters = fakeQueue();
  const store = fakeObjectStore();
  const telemetry = fakeTelemetry();
  const envelope = { encoding: "plain", inlineBytesMax: 400_000, payloadPrefix: "payloads/" } as const;
  const services: ReplayServices = {
    primary: primary.cluster,
    backup: backup.cluster,
    tombstones,
    incarnations,
    untranslated: createUntranslatedList(telemetry),
    shield: noShield,
    queue,
    parkingLot: createParkingLot(deadLetters, store, envelope, () => nowMs),
    payloads: store,
    envelope,
    telemetry,
    epoch: 0,
    now: () => nowMs,
    monotonicMs: () => 0,
    sleep: () => Promise.resolve(),
    retryMsMax: 3_600_000,
    ...more,
  };
  return { services, primary, backup, tombstones, incarnations, queue, deadLetters, store, telemetry };
}

/** An operation of `books`; without a document it deletes. */
export function replica(id: string, version: number | string, document?: string): ReplicaOperation {
  const bytes = document === undefined ? undefined : sliceOf(Buffer.from(document));
  return { id, routing: undefined, version: String(version), document: bytes };
}

/** A message as SQS delivers it for the first time, just now; `late` delivers it for the second time. */
export function message(body: string, late = false, sentMs = nowMs): ReceivedMessage {
  return {
    id: "m",
    receiptHandle: "handle",
    body,
    receives: late ? 2 : 1,
    sentMs,
    firstReceivedMs: nowMs,
    parkedAtMs: Number.NaN,
  };
}

/** A message with any record. */
export async function recordMessage(
  record: ReplicationRecord,
  services: ReplayServices,
  late = false,
): Promise<ReceivedMessage> {
  return message((await seal(record, Buffer.alloc(0), services.envelope, services.payloads)).body, late);
}

/** A message with operations of `books`. */
export async function applyMessage(
  operations: readonly ReplicaOperation[],
  services: ReplayServices,
  more: { readonly late?: boolean; readonly uuid?: string; readonly writtenAtMs?: number } = {},
): Promise<ReceivedMessage> {
  const { uuid = "u1", late = false, writtenAtMs = nowMs } = more;
  const { manifest, body } = bulkLines(uuid, operations);
  const incarnation = { index: "books", uuid, createdMs: nowMs };
  const record = { kind: "apply", writtenAtMs, incarnation, manifest } as const;
  return message((await seal(record, body, services.envelope, services.payloads)).body, late);
}
