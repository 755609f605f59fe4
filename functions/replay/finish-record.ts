import type { Disposition } from "../core/replication/disposition.ts";
import type { PendingOperation } from "./apply-operations.ts";
import type { ReceivedRecord } from "./message.ts";
import type { RefusedOperation } from "./park.ts";
import type { MessageEnd, ReplayServices } from "./replay-batch.ts";

/**
 * A record's end, from its operations' dispositions: one that is to be retried keeps the whole record
 * waiting (what is done already is superseded then); refused ones are parked alone when the rest is done.
 */
export async function finishRecord(
  received: ReceivedRecord,
  operations: readonly PendingOperation[],
  dispositions: readonly Disposition[],
  services: ReplayServices,
): Promise<MessageEnd> {
  const retry = dispositions.find((disposition) => disposition.kind === "retry");
  const { kind, requestId } = received.record;
  const waitedTooLong = received.queuedMs > services.retryMsMax;
  if (retry?.kind === "retry" && !waitedTooLong) {
    services.telemetry.count("recordsRetried");
    return { kind: "retry", reason: retry.reason, ...(requestId !== undefined && { requestId }) };
  }
  count(operations, dispositions, services);
  const parked = await park(received, operations, dispositions, services);
  if (!parked) await removePayload(received, services);
  services.telemetry.debug("a record is done", { kind, requestId, operations: operations.length, parked });
  return { kind: "done" };
}

async function park(
  received: ReceivedRecord,
  operations: readonly PendingOperation[],
  dispositions: readonly Disposition[],
  services: ReplayServices,
): Promise<boolean> {
  if (dispositions.every(({ kind }) => kind !== "park" && kind !== "retry")) return false;
  const refused = dispositions.flatMap((disposition, i): readonly (RefusedOperation | string)[] => {
    if (disposition.kind !== "park" && disposition.kind !== "retry") return [];
    const operation = operations[i];
    return [operation ? { ...operation, reason: disposition.reason } : disposition.reason];
  });
  const [first] = refused;
  if (first === undefined) return false;
  const { record, message } = received;
  const reason = typeof first === "string" ? first : first.reason;
  services.telemetry.count("recordsParked");
  const { kind, requestId } = record;
  // BACKUP's words may quote the document: they go with the dead letter, not into a log.
  const [why] = reason.split(": ");
  services.telemetry.error("parked a record", { kind, requestId, why, operations: refused.length });
  const exact = refused.flatMap((each) => (typeof each === "string" ? [] : [each]));
  if (record.kind !== "apply" || exact.length !== refused.length) {
    // Its own payload goes with it.
    const index = record.kind === "apply" ? record.incarnation.index : "-";
    await services.parkingLot.parkMessage(message, { index, reason, requestId });
    return true;
  }
  await services.parkingLot.parkOperations(record, exact, message);
  await removePayload(received, services);
  return true;
}

function count(
  operations: readonly PendingOperation[],
  dispositions: readonly Disposition[],
  services: ReplayServices,
): void {
  let [applied, superseded, parked] = [0, 0, 0];
  for (const { kind } of dispositions) {
    if (kind === "applied") applied += 1;
    else if (kind === "superseded") superseded += 1;
    else if (kind === "park" || kind === "retry") parked += 1;
  }
  services.telemetry.count("operationsApplied", applied);
  services.telemetry.count("operationsSuperseded", superseded);
  services.telemetry.count("operationsParked", parked);
  if (parked > 0) return;
  const onlySuperseded = operations.length > 0 && applied === 0;
  services.telemetry.count(onlySuperseded ? "recordsSuperseded" : "recordsApplied");
}

/** Only now: a payload outlives its record, so that a crash here repeats a record that can be read. */
async function removePayload(received: ReceivedRecord, services: ReplayServices): Promise<void> {
  const { payload } = received.header.body;
  if (payload !== undefined) await services.payloads.remove(services.envelope.payloadPrefix + payload.id);
}
