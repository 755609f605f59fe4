import { isClusterFailure } from "../core/cluster/json-request.ts";
import type { Readiness } from "../core/definition/incarnations.ts";
import { type PrimaryState, readPrimaryState } from "../core/definition/primary-state.ts";
import type { Incarnation } from "../core/replication/incarnation.ts";
import type { ReplicationRecord } from "../core/replication/record.ts";
import { reasonOf } from "../core/runtime/telemetry.ts";
import { ensureIncarnation } from "./ensure-incarnation.ts";
import type { ReceivedRecord } from "./message.ts";
import type { ReplayServices } from "./replay-batch.ts";

/** Readiness by incarnation UUID; `primaryGone`: PRIMARY could not be asked, or has no such index at all. */
export type PreparedIncarnations = ReadonlyMap<string, Readiness & { readonly primaryGone: boolean }>;

/**
 * Makes ready every incarnation that the batch's records write to, with one request to PRIMARY for all. For redriven
 * records the definition is copied again: what BACKUP refused of it is remembered as copied.
 */
export async function prepareIncarnations(
  records: readonly ReceivedRecord[],
  services: ReplayServices,
): Promise<PreparedIncarnations> {
  const wanted = new Map<string, Incarnation>();
  for (const { message, record } of records) {
    if (!Number.isNaN(message.parkedAtMs)) {
      for (const index of indicesOf(record)) services.incarnations.renew(index, message.sentMs);
    }
    if (record.kind !== "apply") continue;
    wanted.set(record.incarnation.uuid, record.incarnation);
  }
  const prepared = new Map<string, Readiness & { primaryGone: boolean }>();
  if (wanted.size === 0) return prepared;
  const states = await presentStates(
    [...wanted.values()].map(({ index }) => index),
    services,
  );
  for (const [uuid, incarnation] of wanted) {
    const state = states === "unavailable" ? states : (states.get(incarnation.index) ?? "gone");
    const readiness = await ready(incarnation, state, services);
    prepared.set(uuid, { ...readiness, primaryGone: state === "unavailable" || state === "gone" });
  }
  return prepared;
}

function indicesOf(record: ReplicationRecord): readonly string[] {
  switch (record.kind) {
    case "apply":
      return [record.incarnation.index];
    case "reconcile":
      return record.keys.map(({ index }) => index);
    case "reconcile-index":
      return [record.index];
    case "define":
      return [];
  }
}

async function presentStates(
  indices: readonly string[],
  services: ReplayServices,
): Promise<ReadonlyMap<string, PrimaryState> | "unavailable"> {
  try {
    return await readPrimaryState(services.primary, [...new Set(indices)]);
  } catch (error) {
    if (isClusterFailure(error)) return "unavailable";
    throw error;
  }
}

async function ready(
  incarnation: Incarnation,
  state: PrimaryState | "gone" | "unavailable",
  services: ReplayServices,
): Promise<Readiness> {
  try {
    return await ensureIncarnation(incarnation, state, services);
  } catch (error) {
    if (isClusterFailure(error)) {
      return { kind: "unknown", reason: reasonOf(error) };
    }
    throw error;
  }
}
