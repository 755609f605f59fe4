import { readDefinitions } from "../core/definition/index-definition.ts";
import type { Answer } from "../core/http/answer.ts";
import { errorAnswer } from "../core/http/answer.ts";
import type { GatewayRequest } from "../core/http/request.ts";
import type { ReplicationRecord } from "../core/replication/record.ts";
import { reasonOf } from "../core/runtime/telemetry.ts";
import { enqueueWork } from "./enqueue.ts";
import { passThrough } from "./pass-through.ts";
import type { WriteServices } from "./write-services.ts";

/** After a by-query write: PRIMARY's shards make it searchable within their refresh interval, in seconds. */
const searchableSeconds = 2;

/** An index-level change: PRIMARY first, then BACKUP's definitions are made equal for all it may concern. */
export async function changeDefinition(
  request: GatewayRequest,
  pattern: string,
  services: WriteServices,
): Promise<Answer> {
  const passed = await passThrough(request, services);
  services.catalog.forgetAll();
  if (passed.kind === "failed" && !passed.outcomeUnknown) return passed.answer;
  if (passed.kind === "answered" && passed.answer.status >= 300) return passed.answer;
  const reason = `${request.method} ${request.path}`;
  const record: ReplicationRecord = { kind: "define", writtenAtMs: request.receivedMs, reason, pattern };
  return (await queueOrFail([record], 0, services)) ?? passed.answer;
}

/** A write without per-item answers: PRIMARY first, then the indices it may concern are reconciled. */
export async function writeByQuery(
  request: GatewayRequest,
  pattern: string,
  services: WriteServices,
): Promise<Answer> {
  if (services.enforceBulkRequestsOnly) {
    const reason = `[${request.path}] gives no per-document answers and is refused (ENFORCE_BULK_REQUESTS_ONLY)`;
    return errorAnswer(405, "illegal_argument_exception", reason);
  }
  const passed = await passThrough(request, services);
  if (passed.kind === "failed" && !passed.outcomeUnknown) return passed.answer;
  if (passed.kind === "answered" && passed.answer.status >= 300) return passed.answer;
  const reason = `${request.method} ${request.path}`;
  const writtenAtMs = request.receivedMs;
  try {
    const names = [...(await readDefinitions(services.primary, pattern)).keys()];
    const records = names.map(
      (index): ReplicationRecord => ({
        kind: "reconcile-index",
        writtenAtMs,
        reason,
        index,
        cursor: undefined,
      }),
    );
    return (await queueOrFail(records, searchableSeconds, services)) ?? passed.answer;
  } catch (error) {
    return notQueued(error, services);
  }
}

async function queueOrFail(
  records: readonly ReplicationRecord[],
  delaySeconds: number,
  services: WriteServices,
): Promise<Answer | undefined> {
  try {
    await enqueueWork(records, services, delaySeconds);
    return undefined;
  } catch (error) {
    return notQueued(error, services);
  }
}

function notQueued(error: unknown, services: WriteServices): Answer {
  services.telemetry.count("enqueueFailures");
  services.telemetry.error("a change on PRIMARY could not be queued for BACKUP", { reason: reasonOf(error) });
  const reason = "PRIMARY executed the request but it could not be queued for BACKUP; send it again";
  return errorAnswer(503, "enqueue_failed_exception", reason, { retryAfterSeconds: 1 });
}
