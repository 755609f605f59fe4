import type { ClusterError } from "../core/cluster/port.ts";
import { type Answer, errorAnswer } from "../core/http/answer.ts";

/** The answer when PRIMARY gave none. Writes never fall back. */
export function primaryFailure(error: ClusterError): Answer {
  switch (error.code) {
    case "limited":
      return errorAnswer(
        429,
        "es_rejected_execution_exception",
        `the limit for PRIMARY's nodes is reached (PRIMARY_MAX_QPS_PER_NODE, PRIMARY_MAX_BYTES_PER_NODE, PRIMARY_MAX_CONNECTION_PER_NODE): ${error.message}`,
        { retryAfterSeconds: error.retryAfterSeconds ?? 1 },
      );
    case "refused":
      return errorAnswer(
        503,
        "primary_unavailable_exception",
        `PRIMARY is unavailable and nothing was written: ${error.message}`,
      );
    case "timeout":
      return errorAnswer(
        504,
        "primary_timeout_exception",
        `PRIMARY did not answer in time; the write may or may not have happened: ${error.message}`,
      );
    case "lost":
    case "aborted":
      return errorAnswer(
        502,
        "primary_connection_lost_exception",
        `the connection to PRIMARY was lost; the write may or may not have happened: ${error.message}`,
      );
  }
}
