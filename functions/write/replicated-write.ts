import { forwardResponseHeaders } from "../core/cluster/headers.ts";
import { ClusterError, type ClusterRequest, type ClusterResponse } from "../core/cluster/port.ts";
import { type Answer, errorAnswer } from "../core/http/answer.ts";
import type { Intent } from "../core/intent/intents.ts";
import type { DocumentKey } from "../core/replication/record.ts";
import { reasonOf } from "../core/runtime/telemetry.ts";
import { type AnsweredOperation, acceptedWrites } from "./accepted-writes.ts";
import { enqueue } from "./enqueue.ts";
import { primaryFailure } from "./primary-failure.ts";
import type { WriteServices } from "./write-services.ts";

/** A document write on its way through PRIMARY to the queue, whatever its form. */
export interface ReplicatedWrite {
  readonly receivedMs: number;
  /** What PRIMARY is asked. */
  readonly forward: ClusterRequest;
  /** 404 may be the answer to a deletion that found nothing, which is a write. */
  readonly mayAnswer404: boolean;
  /** Every document that may be written. */
  readonly keys: readonly DocumentKey[];
  /** The operations in PRIMARY's answer; `undefined` when the answer does not pair with the request. */
  read(answer: ClusterResponse): readonly AnsweredOperation[] | undefined;
  /** The client's form of PRIMARY's answer. */
  restore(body: Buffer): Buffer;
}

/**
 * PRIMARY first; then what it accepted is queued; then the client is answered.
 *
 * - PRIMARY's answer goes to the client as it is; an error of PRIMARY's queues nothing.
 * - The intent is durable before PRIMARY is asked, so a crash at any point in between is found by the sweep.
 * - An unknown outcome is queued to be reconciled at once, and its intent stays for the sweep: the write
 *   may still be running on PRIMARY.
 */
export async function replicatedWrite(write: ReplicatedWrite, services: WriteServices): Promise<Answer> {
  const intent = services.intents.declare(write.keys, write.receivedMs);
  try {
    if (services.intentMode === "before") await intent.durable;
  } catch (error) {
    return intentFailure(error, services);
  }
  const [asked] = await Promise.allSettled([services.primary.send(write.forward), intent.durable]);
  if (asked.status === "rejected") return withoutAnswer(asked.reason, write, intent, services);
  const answer = asked.value;
  if (answer.status === 502 || answer.status === 504) {
    // A proxy's words: what stands behind it may have written.
    await enqueueUnknown(write, services);
    return toClient(answer, answer.body);
  }
  if (answer.status >= 300 && !(answer.status === 404 && write.mayAnswer404)) {
    services.telemetry.count("writesRefused");
    intent.withdraw();
    return toClient(answer, answer.body);
  }
  services.telemetry.count("writesAccepted");
  const failure = await enqueueAccepted(write, answer, intent, services);
  return failure ?? toClient(answer, write.restore(answer.body));
}

function toClient(answer: ClusterResponse, body: Buffer): Answer {
  return { status: answer.status, headers: forwardResponseHeaders(answer.headers), body };
}

function intentFailure(error: unknown, services: WriteServices): Answer {
  services.telemetry.error("an intent could not be stored; the write was not forwarded", {
    reason: reasonOf(error),
  });
  const reason = "the gateway cannot make the write's intent durable; nothing was written, try again";
  return errorAnswer(503, "intent_unavailable_exception", reason, { retryAfterSeconds: 1 });
}

async function withoutAnswer(
  error: unknown,
  write: ReplicatedWrite,
  intent: Intent,
  services: WriteServices,
): Promise<Answer> {
  if (!(error instanceof ClusterError)) throw error;
  services.telemetry.count("primaryErrors");
  if (error.outcomeUnknown) await enqueueUnknown(write, services);
  else intent.withdraw();
  return primaryFailure(error);
}

/** The write may have happened: its documents are reconciled now, and once more by the sweep. */
async function enqueueUnknown(write: ReplicatedWrite, services: WriteServices): Promise<void> {
  services.telemetry.warn("a write's outcome is unknown; its documents will be reconciled", {
    documents: write.keys.length,
  });
  try {
    await enqueue({ byIncarnation: [], unknown: write.keys }, write.receivedMs, services);
  } catch (error) {
    reportEnqueueFailure(error, write, services);
  }
}

/** Queues what PRIMARY accepted. An answer comes back only where the client has to know of a failure. */
async function enqueueAccepted(
  write: ReplicatedWrite,
  answer: ClusterResponse,
  intent: Intent,
  services: WriteServices,
): Promise<Answer | undefined> {
  try {
    const answered = write.read(answer);
    if (answered === undefined) {
      await enqueueUnknown(write, services);
      return undefined;
    }
    countOutcomes(answered, services);
    const writes = await acceptedWrites(answered, services);
    await enqueue(writes, write.receivedMs, services);
    // A server error of a single item may still become a write on PRIMARY: the sweep looks again.
    if (writes.unknown.length === 0) intent.withdraw();
    return undefined;
  } catch (error) {
    reportEnqueueFailure(error, write, services);
    if (services.intentMode !== "off") return undefined;
    const reason =
      "PRIMARY executed the request but it could not be queued for BACKUP, and INTENTS is off; send it again";
    return errorAnswer(503, "enqueue_failed_exception", reason, { retryAfterSeconds: 1 });
  }
}

function reportEnqueueFailure(error: unknown, write: ReplicatedWrite, services: WriteServices): void {
  services.telemetry.count("enqueueFailures");
  const recovery =
    services.intentMode === "off" ? "none: INTENTS is off" : "the intent stays; the sweep reconciles it";
  services.telemetry.error("what PRIMARY accepted could not be queued", {
    reason: reasonOf(error),
    documents: write.keys.length,
    recovery,
  });
}

function countOutcomes(answered: readonly AnsweredOperation[], services: WriteServices): void {
  let accepted = 0;
  for (const { outcome } of answered)
    if (outcome.kind === "written" || outcome.kind === "unsequenced") accepted++;
  services.telemetry.count("operationsAccepted", accepted);
  services.telemetry.count("operationsRejected", answered.length - accepted);
}
