import { type Answer, errorAnswer } from "../core/http/answer.ts";
import type { GatewayRequest } from "../core/http/request.ts";

/**
 * The answer to a document write whose body is YAML, CBOR or Smile; `undefined` for any other. PRIMARY would
 * read it, the gateway cannot, and BACKUP would never hear of it.
 */
export function unsupportedFormat({ headers, body }: GatewayRequest): Answer | undefined {
  const contentType = String(headers["content-type"] ?? "");
  if (body.length === 0 || !/\b(yaml|cbor|smile)\b/i.test(contentType)) return undefined;
  const reason = `Content-Type header [${contentType.slice(0, 200)}] is not supported`;
  return errorAnswer(406, "media_type_header_exception", reason);
}
