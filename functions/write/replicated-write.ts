import { forwardResponseHeaders } from "../core/cluster/headers.ts";
import { ClusterError, type ClusterRequest, type ClusterResponse } from "../core/cluster/port.ts";
import type { Answer } from "../core/http/answer.ts";
import type { Intent } from "../core/intent/intents.ts";
import type { DocumentKey, Origin } from "../core/replication/record.ts";
import { type AnsweredOperation, acceptedWrites } from "./accepted-writes.ts";
import { declareIntent, notDurable, reportEnqueueFailure } from "./declare-intent.ts";
import { enqueue } from "./enqueue.ts";
import { primaryFailure } from "./primary-failure.ts";
import { beginRequest, type IsCertain } from "./sightings.ts";
import type { WriteServices } from "./write-services.ts";

/** A document write on its way through PRIMARY to the queue, whatever its form. */
export interface ReplicatedWrite {
  readonly origin: Origin;
  /** What PRIMARY is asked. */
  readonly forward: ClusterRequest;
  /**
   * How PRIMARY's status is to be read. `document`: 404 may be the answer to a deletion that found nothing,
   * which is a write, and any server error one that a copy of the shard may keep. A `bulk` has a status for
   * each item; an error of the whole means that none was begun.
   */
  readonly form: "document" | "bulk";
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
  const work = { kind: "documents", keys: write.keys } as const;
  const declared = await declareIntent(work, write.origin, services);
  if (declared.kind === "refused") return declared.answer;
  const { intent, stands } = declared;
  const isCertain = beginRequest(services.catalog, write.origin.writtenAtMs);
  const [[asked], intentStands] = await Promise.all([
    Promise.allSettled([services.primary.send(write.forward)]),
    stands,
  ]);
  const following = { intent, intentStands, isCertain, services };
  if (asked.status === "rejected") return withoutAnswer(asked.reason, write, following);
  const answer = asked.value;
  if (mayHaveWritten(answer, write)) {
    await enqueueUnknown(write, following);
    return toClient(answer, answer.body);
  }
  if (answer.status >= 300 && !(answer.status === 404 && write.form === "document")) {
    services.telemetry.count("writesRefused");
    intent.withdraw();
    return toClient(answer, answer.body);
  }
  services.telemetry.count("writesAccepted");
  const durable = await enqueueAccepted(write, answer, following);
  return durable ? toClient(answer, write.restore(answer.body)) : notDurable();
}

/** What follows PRIMARY's answer, and what stands for it until then. */
interface Following {
  readonly intent: Intent;
  readonly intentStands: boolean;
  readonly isCertain: IsCertain;
  readonly services: WriteServices;
}

/** A server error: of a proxy, behind which something may have written, or of a write that failed half-way. */
function mayHaveWritten({ status }: ClusterResponse, { form }: ReplicatedWrite): boolean {
  return status === 502 || status === 504 || (form === "document" && status >= 500);
}

function toClient(answer: ClusterResponse, body: Buffer): Answer {
  return { status: answer.status, headers: forwardResponseHeaders(answer.headers), body };
}

async function withoutAnswer(error: unknown, write: ReplicatedWrite, following: Following): Promise<Answer> {
  if (!(error instanceof ClusterError)) throw error;
  following.services.telemetry.count("primaryErrors");
  if (error.outcomeUnknown) await enqueueUnknown(write, following);
  else following.intent.withdraw();
  return primaryFailure(error);
}

/**
 * The write may have happened: its documents are reconciled now, and once more by the sweep.
 * @returns whether anything that is durable tells of it.
 */
async function enqueueUnknown(
  write: ReplicatedWrite,
  { intentStands, services }: Following,
): Promise<boolean> {
  const documents = write.keys.length;
  services.telemetry.warn("a write's outcome is unknown; its documents are to be reconciled", { documents });
  try {
    await enqueue({ byIncarnation: [], unknown: write.keys }, write.origin, services);
    return true;
  } catch (error) {
    reportEnqueueFailure(error, { documents }, intentStands, services);
    return intentStands;
  }
}

/**
 * Queues what PRIMARY accepted.
 * @returns whether anything that is durable tells of it; otherwise the client has to know.
 */
async function enqueueAccepted(
  write: ReplicatedWrite,
  answer: ClusterResponse,
  following: Following,
): Promise<boolean> {
  const { intent, intentStands, isCertain, services } = following;
  try {
    const answered = write.read(answer);
    if (answered === undefined) return await enqueueUnknown(write, following);
    countOutcomes(answered, services);
    const writes = await acceptedWrites(answered, services, isCertain);
    await enqueue(writes, write.origin, services);
    // A server error of a single item may still become a write on PRIMARY: the sweep looks again.
    if (writes.unknown.length === 0) intent.withdraw();
    return true;
  } catch (error) {
    reportEnqueueFailure(error, { documents: write.keys.length }, intentStands, services);
    return intentStands;
  }
}

function countOutcomes(answered: readonly AnsweredOperation[], services: WriteServices): void {
  let accepted = 0;
  for (const { outcome } of answered)
    if (outcome.kind === "written" || outcome.kind === "unsequenced") accepted++;
  services.telemetry.count("operationsAccepted", accepted);
  services.telemetry.count("operationsRejected", answered.length - accepted);
}
