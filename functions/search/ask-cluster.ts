import { forwardRequestHeaders, forwardResponseHeaders } from "../core/cluster/headers.ts";
import { type Cluster, ClusterError, type ClusterErrorCode, type Headers } from "../core/cluster/port.ts";
import { errorAnswer } from "../core/http/answer.ts";
import type { GatewayRequest } from "../core/http/request.ts";
import { isAboutTheQuery } from "./about-the-query.ts";
import { firstPart, type ReadAnswer } from "./first-part.ts";
import type { SearchServices } from "./search-services.ts";
import { whileAlive } from "./while-alive.ts";

/** What asking one cluster came to. */
export type Asked =
  | { readonly kind: "answered"; readonly answer: ReadAnswer }
  /** No answer, or one that says the cluster is not available. Asking another is right. */
  | {
      readonly kind: "unavailable";
      readonly answer: ReadAnswer | undefined;
      /** Why there is no answer, where there is none. */
      readonly code?: ClusterErrorCode;
      readonly reason: string;
    }
  /** Our own limit for the nodes: load is no reason to fall back. */
  | { readonly kind: "limited"; readonly answer: ReadAnswer };

const unavailableStatuses: ReadonlySet<number> = new Set([502, 503, 504]);

/** Sends a read to one cluster as it came; the answer's body is the cluster's bytes. */
export async function askCluster(
  cluster: Cluster,
  request: GatewayRequest,
  { readTimeoutMs }: Pick<SearchServices, "readTimeoutMs">,
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
          timeoutMs: readTimeoutMs,
          signal,
        }),
      ),
    );
    const forwarded = { ...answer, headers: responseHeaders(request, answer.headers) };
    if (!unavailableStatuses.has(answer.status) || isAboutTheQuery(answer))
      return { kind: "answered", answer: forwarded };
    return { kind: "unavailable", answer: forwarded, reason: `it answered ${answer.status}` };
  } catch (error) {
    if (!(error instanceof ClusterError)) throw error;
    const { code, message } = error;
    if (code !== "limited") return { kind: "unavailable", answer: undefined, code, reason: message };
    const reason = `the limit for the nodes of ${cluster.name.toUpperCase()} is reached: ${message}`;
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
