import { forwardRequestHeaders } from "../core/cluster/headers.ts";
import type { Headers } from "../core/cluster/port.ts";
import type { GatewayRequest } from "../core/http/request.ts";

/**
 * The headers of a document write as PRIMARY gets them. The body was decoded, and the answer is to be
 * read: no content encoding, and JSON whatever the client accepts.
 */
export function forwardedHeaders(request: GatewayRequest): Headers {
  const headers = forwardRequestHeaders(request.headers);
  delete headers["content-encoding"];
  delete headers["accept-encoding"];
  if (!String(headers["accept"] ?? "").includes("json")) delete headers["accept"];
  return headers;
}
