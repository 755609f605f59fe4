import { ClusterAnswerError } from "../core/cluster/json-request.ts";
import { ClusterError } from "../core/cluster/port.ts";
import type { Readiness } from "../core/definition/incarnations.ts";
import { type PrimaryState, readPrimaryState } from "../core/definition/primary-state.ts";
import type { Incarnation } from "../core/replication/incarnation.ts";
import { reasonOf } from "../core/runtime/telemetry.ts";
import type { ReceivedRecord } from "./message.ts";
import type { ReplayServices } from "./replay-batch.ts";
import { sendRecord } from "./send-record.ts";

/** Readiness by incarnation UUID; `primaryGone`: PRIMARY could not be asked, or has no such index at all. */
export type PreparedIncarnations = ReadonlyMap<string, Readiness & { readonly primaryGone: boolean }>;

/** An index older than that by its first record was not born under the gateway's eyes. */
const bornLateMs = 60_000;
/** After the writers' knowledge of the old UUID has expired, in seconds. */
const healDelaySeconds = 30;

/** Makes ready every incarnation that the batch's records write to, with one request to PRIMARY for all. */
export async function prepareIncarnations(
  records: readonly ReceivedRecord[],
  services: ReplayServices,
): Promise<PreparedIncarnations> {
  const wanted = new Map<string, { incarnation: Incarnation; writtenAtMs: number }>();
  for (const { record } of records) {
    if (record.kind !== "apply") continue;
    wanted.set(record.incarnation.uuid, { incarnation: record.incarnation, writtenAtMs: record.writtenAtMs });
  }
  const prepared = new Map<string, Readiness & { primaryGone: boolean }>();
  if (wanted.size === 0) return prepared;
  const states = await presentStates(
    [...wanted.values()].map(({ incarnation }) => incarnation.index),
    services,
  );
  for (const [uuid, { incarnation, writtenAtMs }] of wanted) {
    const state = states === "unavailable" ? states : (states.get(incarnation.index) ?? "gone");
    const readiness = await ready(incarnation, state, services);
    prepared.set(uuid, { ...readiness, primaryGone: state === "unavailable" || state === "gone" });
    const old =
      state !== "unavailable" && state !== "gone" && state.incarnation.createdMs < writtenAtMs - bornLateMs;
    if (readiness.kind === "created" && (readiness.replaced || old)) await healLater(incarnation, services);
  }
  return prepared;
}

async function presentStates(
  indices: readonly string[],
  services: ReplayServices,
): Promise<ReadonlyMap<string, PrimaryState> | "unavailable"> {
  try {
    return await readPrimaryState(services.primary, [...new Set(indices)]);
  } catch (error) {
    if (error instanceof ClusterError || error instanceof ClusterAnswerError) return "unavailable";
    throw error;
  }
}

async function ready(
  incarnation: Incarnation,
  state: PrimaryState | "gone" | "unavailable",
  services: ReplayServices,
): Promise<Readiness> {
  try {
    return await services.incarnations.ensure(incarnation, state);
  } catch (error) {
    if (error instanceof ClusterError || error instanceof ClusterAnswerError) {
      return { kind: "unknown", reason: reasonOf(error) };
    }
    throw error;
  }
}

/**
 * The index as a whole is reconciled once after BACKUP's was made: it may hold documents that never
 * passed the gateway, and writers may have sent records under the old incarnation for a few seconds more.
 */
async function healLater(incarnation: Incarnation, services: ReplayServices): Promise<void> {
  const reason = "BACKUP's index was made for this incarnation";
  const record = {
    kind: "reconcile-index",
    writtenAtMs: services.now(),
    reason,
    index: incarnation.index,
  } as const;
  await sendRecord({ ...record, cursor: undefined }, services, healDelaySeconds);
}
