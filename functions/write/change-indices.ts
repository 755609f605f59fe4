import { ClusterAnswerError } from "../core/cluster/json-request.ts";
import { ClusterError } from "../core/cluster/port.ts";
import type { Answer } from "../core/http/answer.ts";
import { errorAnswer } from "../core/http/answer.ts";
import type { GatewayRequest } from "../core/http/request.ts";
import { followUpRecords } from "../core/intent/follow-up.ts";
import type { IntentWork } from "../core/intent/intents.ts";
import { namesAnyIndex, withAliasedIndices } from "../core/intent/named-indices.ts";
import { sendWork } from "../core/queue/send-work.ts";
import type { NamedDefinitionKind } from "../core/routing/endpoint.ts";
import { declareIntent, notDurable, reportEnqueueFailure } from "./declare-intent.ts";
import { originOf } from "./origin-of.ts";
import { type Passed, passThrough } from "./pass-through.ts";
import { primaryFailure } from "./primary-failure.ts";
import type { WriteServices } from "./write-services.ts";

/**
 * After a by-query write PRIMARY's shards make it searchable within their refresh interval, and a task begins to change
 * indices within moments, in seconds.
 */
const executedSeconds = 2;

/**
 * A change of definitions: PRIMARY first, then BACKUP's are made equal for all it may concern.
 * @param of what the names in `pattern` are of: indices where it is not there.
 */
export async function changeDefinition(
  request: GatewayRequest,
  pattern: string,
  services: WriteServices,
  of?: NamedDefinitionKind,
): Promise<Answer> {
  return changeIndices(request, { kind: "define", pattern, ...(of && { of }) }, services);
}

/**
 * A write without per-item answers: PRIMARY first, then the indices it may concern are reconciled, once
 * PRIMARY runs no such write any more. That holds for one that outlives its answer as well.
 */
export async function writeByQuery(
  request: GatewayRequest,
  pattern: string,
  services: WriteServices,
): Promise<Answer> {
  if (services.enforceBulkRequestsOnly) {
    const reason = `[${request.path}] gives no per-document answers and is refused (ENFORCE_BULK_REQUESTS_ONLY)`;
    return errorAnswer(405, "illegal_argument_exception", reason);
  }
  // Asked first: an alias may lead to another index by the time that this one's documents have been written.
  const asked = await withAliasedIndices(services.primary, pattern).catch((error: unknown) => {
    if (error instanceof ClusterError) return error;
    if (!(error instanceof ClusterAnswerError)) throw error;
    services.telemetry.warn("PRIMARY does not say where an alias leads", { reason: error.message });
    return pattern;
  });
  if (asked instanceof ClusterError) {
    services.telemetry.count("primaryErrors");
    // The client's request has not been sent.
    const { cluster, code, message } = asked;
    return primaryFailure(code === "limited" ? asked : new ClusterError(cluster, "refused", message));
  }
  return changeIndices(request, { kind: "reconcile", pattern: asked }, services);
}

/**
 * The intent, PRIMARY, the queue, the client. An unknown outcome is followed up like a success, and its
 * intent stays: PRIMARY may execute the request after the follow-up has looked.
 */
async function changeIndices(
  request: GatewayRequest,
  work: IntentWork,
  services: WriteServices,
): Promise<Answer> {
  const declared = await declareIntent(work, originOf(request), services);
  if (declared.kind === "refused") return declared.answer;
  const [passed, intentStands] = await Promise.all([passThrough(request, services), declared.stands]);
  services.catalog.forgetAll();
  const effect = effectOf(passed, work);
  if (effect === "none") {
    declared.intent.withdraw();
    return passed.answer;
  }
  const reason = `${request.method} ${request.path}`;
  try {
    const cause = { ...originOf(request), reason };
    const records = await followUpRecords(work, cause, services.primary);
    const later = work.kind === "reconcile" || outlivesAnswer(request);
    await sendWork(records, services, later ? executedSeconds : 0);
  } catch (error) {
    reportEnqueueFailure(error, { request: reason }, intentStands, services);
    return intentStands || effect === "unknown" ? passed.answer : notDurable();
  }
  if (effect === "done" && !mayBeSeenLater(request, work)) declared.intent.withdraw();
  return passed.answer;
}

/** Whether PRIMARY goes on after its answer, as a task. OpenSearch does so with `_clone`, `_shrink`, `_split` and `_open`. */
function outlivesAnswer({ query }: GatewayRequest): boolean {
  return new URLSearchParams(query).get("wait_for_completion") === "false";
}

/**
 * What a task changes after the answer cannot be seen just now: definitions, and indices that nothing named and that
 * it may make. The intent stays, and the sweep looks again.
 */
function mayBeSeenLater(request: GatewayRequest, work: IntentWork): boolean {
  if (!outlivesAnswer(request)) return false;
  return work.kind === "define" || (work.kind === "reconcile" && namesAnyIndex(work.pattern));
}

/** What a request did on PRIMARY, as far as its answer tells. */
type Effect = "none" | "done" | "unknown";

function effectOf(passed: Passed, work: IntentWork): Effect {
  if (passed.kind === "failed") return passed.outcomeUnknown ? "unknown" : "none";
  const { status, body } = passed.answer;
  if (status < 300) return "done";
  // A node or a proxy that failed half-way.
  if (status >= 500) return "unknown";
  // A by-query write that stopped at a conflict or a failure answers 4xx with what it did until then.
  return work.kind === "reconcile" && !isError(body) ? "done" : "none";
}

function isError(body: Buffer): boolean {
  return /^\s*\{\s*"error"/.test(body.toString("utf8", 0, 100));
}
