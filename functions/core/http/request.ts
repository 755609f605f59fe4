import { promisify } from "node:util";
import { gunzip, type InputType, inflate, type ZlibOptions } from "node:zlib";
import type { APIGatewayProxyEvent } from "aws-lambda";
import { zlibChunkBytes } from "../replication/zlib-chunk.ts";
import { type Answer, errorAnswer } from "./answer.ts";
import { bodyBytes } from "./body-bytes.ts";
import { queryFrom } from "./query.ts";

/** A client's request. */
export interface GatewayRequest {
  readonly method: string;
  /** Starts with `/`, percent-encoded exactly as the client sent it, without the query. */
  readonly path: string;
  /** Without the leading `?`. */
  readonly query: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly body: Buffer;
  /** When the gateway got it: milliseconds of this machine's clock. */
  readonly receivedMs: number;
  /** One id from the request to its records and their replay. */
  readonly requestId: string;
}

/** The request inside a REST API proxy event. */
export function requestFrom(event: APIGatewayProxyEvent, nowMs: number): GatewayRequest {
  const headers: Record<string, string | string[]> = {};
  for (const [name, values] of Object.entries(event.multiValueHeaders ?? {})) {
    const [only, ...more] = values ?? [];
    if (only !== undefined) headers[name.toLowerCase()] = more.length > 0 ? [only, ...more] : only;
  }
  return {
    method: event.httpMethod,
    path: event.path,
    query: queryFrom(event),
    headers,
    body: bodyBytes(event),
    receivedMs: nowMs,
    requestId: event.requestContext.requestId,
  };
}

type Decoder = (body: InputType, options: ZlibOptions) => Promise<Buffer>;
const decoders: ReadonlyMap<string, Decoder> = new Map([
  ["gzip", promisify<InputType, ZlibOptions, Buffer>(gunzip)],
  ["x-gzip", promisify<InputType, ZlibOptions, Buffer>(gunzip)],
  ["deflate", promisify<InputType, ZlibOptions, Buffer>(inflate)],
]);

/** The body as the client meant it, or the answer that refuses it. */
export type PlainBody =
  | { readonly kind: "plain"; readonly body: Buffer }
  | { readonly kind: "refused"; readonly answer: Answer };

/**
 * Undoes the request's content encoding, up to `bytesMax` of output: a small body may expand a
 * thousandfold.
 */
export async function plainBody(request: GatewayRequest, bytesMax: number): Promise<PlainBody> {
  const encoding = String(request.headers["content-encoding"] ?? "identity")
    .trim()
    .toLowerCase();
  if (encoding === "identity" || request.body.length === 0) return { kind: "plain", body: request.body };
  const decode = decoders.get(encoding);
  if (decode === undefined) {
    const reason = `Content-Encoding [${encoding}] is not supported; use gzip, deflate or none`;
    return { kind: "refused", answer: errorAnswer(415, "illegal_argument_exception", reason) };
  }
  try {
    const chunkSize = zlibChunkBytes(4 * request.body.length);
    return { kind: "plain", body: await decode(request.body, { maxOutputLength: bytesMax, chunkSize }) };
  } catch (error) {
    if (error instanceof RangeError) {
      const reason = `the request body is larger than ${bytesMax} bytes once decoded from ${encoding} (BODY_BYTES_MAX)`;
      return { kind: "refused", answer: errorAnswer(413, "content_too_long_exception", reason) };
    }
    const reason = `the request body is not valid ${encoding}`;
    return { kind: "refused", answer: errorAnswer(400, "parse_exception", reason) };
  }
}
