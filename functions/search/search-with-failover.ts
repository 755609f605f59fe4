import { forwardRequestHeaders, forwardResponseHeaders } from "../core/cluster/headers.ts";
import type { Health } from "../core/cluster/health.ts";
import { type Cluster, ClusterError, type Headers } from "../core/cluster/port.ts";
import { type Answer, errorAnswer, servedByHeader } from "../core/http/answer.ts";
import type { GatewayRequest } from "../core/http/request.ts";
import { classify } from "../core/routing/classify.ts";
import type { Telemetry } from "../core/runtime/telemetry.ts";
import { firstPart, type ReadAnswer } from "./first-part.ts";
import { whileAlive } from "./while-alive.ts";

export interface SearchServices {
  readonly primary: Cluster;
  readonly backup: Cluster;
  readonly primaryHealth: Health;
  readonly telemetry: Telemetry;
  readonly readTimeoutMs: number;
}

/** What asking one cluster came to. */
type Asked =
  | { readonly kind: "answered"; readonly answer: ReadAnswer }
  /** No answer, or one that says the cluster is not available. Asking BACKUP is right. */
  | { readonly kind: "unavailable"; readonly answer: ReadAnswer | undefined; readonly reason: string }
  /** Our own limit for the nodes: load is no reason to fall back. */
  | { readonly kind: "limited"; readonly answer: Answer };

const unavailableStatuses: ReadonlySet<number> = new Set([502, 503, 504]);

/**
 * PRIMARY's answer; while PRIMARY is unavailable BACKUP's, within the same request, marked with
 * `x-understudy-served-by`. An answer with any other status, 4xx above all, is an answer. After a failure
 * PRIMARY is passed by for a short while, so that the next requests do not wait again.
 */
export async function searchWithFailover(
  request: GatewayRequest,
  services: SearchServices,
): Promise<ReadAnswer> {
  services.telemetry.count("reads");
  const { kind } = classify(request.method, request.path);
  const fallsBack = kind === "read" || kind === "handle";
  const primary = await askPrimary(request, fallsBack, services);
  if (primary.kind !== "unavailable") return primary.answer;
  services.telemetry.count("primaryErrors");
  if (!fallsBack) return primary.answer ?? noAnswer(primary.reason);
  const backup = await askCluster(services.backup, request, services);
  if (backup.kind !== "answered") {
    services.telemetry.count("backupErrors");
    const reason = `neither cluster is available; PRIMARY: ${primary.reason}`;
    return (
      primary.answer ??
      noAnswer(backup.kind === "unavailable" ? `${reason}; BACKUP: ${backup.reason}` : reason)
    );
  }
  services.telemetry.count("fallbacks");
  const { status, headers, body } = backup.answer;
  return { status, headers: { ...headers, [servedByHeader]: "backup" }, body };
}

async function askPrimary(
  request: GatewayRequest,
  fallsBack: boolean,
  services: SearchServices,
): Promise<Asked> {
  const { primary, primaryHealth } = services;
  if (fallsBack && primaryHealth.isDown()) {
    return { kind: "unavailable", answer: undefined, reason: "it failed a moment ago" };
  }
  const asked = await askCluster(primary, request, services);
  // A 503 may be about one index only, and a limit of our own says nothing of PRIMARY.
  if (asked.kind === "unavailable" && asked.answer?.status !== 503) primaryHealth.failed();
  if (asked.kind === "answered") primaryHealth.succeeded();
  return asked;
}

async function askCluster(
  cluster: Cluster,
  request: GatewayRequest,
  services: SearchServices,
): Promise<Asked> {
  try {
    const answer = await whileAlive(cluster, async (signal) =>
      firstPart(
        await cluster.stream({
          method: request.method,
          path: request.path,
          query: request.query,
          headers: forwardRequestHeaders(request.headers),
          ...(request.body.length > 0 && { body: request.body }),
          timeoutMs: services.readTimeoutMs,
          signal,
        }),
      ),
    );
    const forwarded = { ...answer, headers: responseHeaders(request, answer.headers) };
    if (!unavailableStatuses.has(answer.status)) return { kind: "answered", answer: forwarded };
    return { kind: "unavailable", answer: forwarded, reason: `it answered ${answer.status}` };
  } catch (error) {
    if (!(error instanceof ClusterError)) throw error;
    if (error.code !== "limited") return { kind: "unavailable", answer: undefined, reason: error.message };
    const reason = `the limit for the nodes of ${cluster.name.toUpperCase()} is reached: ${error.message}`;
    const retry = { retryAfterSeconds: error.retryAfterSeconds ?? 1 };
    return { kind: "limited", answer: errorAnswer(429, "es_rejected_execution_exception", reason, retry) };
  }
}

/** A HEAD's answer keeps the length that the body would have: nobody can compute it from the bytes. */
function responseHeaders(request: GatewayRequest, headers: Headers): Headers {
  const length = headers["content-length"];
  const forwarded = forwardResponseHeaders(headers);
  return request.method === "HEAD" && length !== undefined
    ? { ...forwarded, "content-length": length }
    : forwarded;
}

function noAnswer(reason: string): ReadAnswer {
  return errorAnswer(503, "cluster_unavailable_exception", reason);
}
