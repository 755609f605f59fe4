import { forwardRequestHeaders, forwardResponseHeaders } from "../core/cluster/headers.ts";
import { ClusterError, type ClusterResponse } from "../core/cluster/port.ts";
import type { Answer } from "../core/http/answer.ts";
import type { GatewayRequest } from "../core/http/request.ts";
import { primaryFailure } from "./primary-failure.ts";
import type { WriteServices } from "./write-services.ts";

/** PRIMARY's answer to the request as it came, or what to tell the client when there is none. */
export type Passed =
  | { readonly kind: "answered"; readonly answer: Answer }
  | { readonly kind: "failed"; readonly answer: Answer; readonly outcomeUnknown: boolean };

/** Sends a request to PRIMARY untouched and gives its answer untouched. */
export async function passThrough(request: GatewayRequest, services: WriteServices): Promise<Passed> {
  let response: ClusterResponse;
  try {
    response = await services.primary.send({
      method: request.method,
      path: request.path,
      query: request.query,
      headers: forwardRequestHeaders(request.headers),
      ...(request.body.length > 0 && { body: request.body }),
      timeoutMs: services.writeTimeoutMs,
    });
  } catch (error) {
    if (!(error instanceof ClusterError)) throw error;
    services.telemetry.count("primaryErrors");
    return { kind: "failed", answer: primaryFailure(error), outcomeUnknown: error.outcomeUnknown };
  }
  const headers = forwardResponseHeaders(response.headers);
  return { kind: "answered", answer: { status: response.status, headers, body: response.body } };
}
