import type { ServerResponse } from "node:http";
import type { APIGatewayProxyResult } from "aws-lambda";
import { bodyBytes } from "../../functions/core/http/body-bytes.ts";

type HeaderValue = boolean | number | string;

/** The part of an answer that comes before its body, as a result or a stream's prelude states it. */
export interface ResponseHead {
  readonly statusCode: number;
  readonly headers?: Readonly<Record<string, HeaderValue>> | undefined;
  readonly multiValueHeaders?: Readonly<Record<string, readonly HeaderValue[]>> | undefined;
  /** Each becomes a `set-cookie` header of its own. */
  readonly cookies?: readonly string[] | undefined;
}

/** A handler's answer is not what Lambda's proxy integration accepts; AWS answers 502 to it. */
export class MalformedResponse extends Error {
  override readonly name = "MalformedResponse";
}

/** The connection belongs to this server, and the length is computed from the body that is really sent. */
const connectionHeaders = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/**
 * Puts status and headers on the response, without sending them, and returns the `content-length` that the
 * handler stated. A name in `multiValueHeaders` replaces the same name in `headers`, as on API Gateway.
 * Throws `MalformedResponse` when the status or a header cannot be sent.
 */
export function applyHead(response: ServerResponse, head: ResponseHead): string | undefined {
  const { statusCode } = head;
  if (!Number.isInteger(statusCode) || statusCode < 200 || statusCode > 599) {
    throw new MalformedResponse(`[${statusCode}] is not a final HTTP status`);
  }
  response.statusCode = statusCode;
  response.sendDate = false;
  let contentLength: string | undefined;
  try {
    for (const [name, value] of namedValues(head)) {
      if (name === "content-length") contentLength = String(value);
      else if (!connectionHeaders.has(name)) response.setHeader(name, value);
    }
  } catch (error) {
    for (const name of response.getHeaderNames()) response.removeHeader(name);
    throw new MalformedResponse("a header cannot be sent", { cause: error });
  }
  return contentLength;
}

function namedValues(head: ResponseHead): Map<string, string | string[]> {
  const named = new Map<string, string | string[]>();
  for (const [name, value] of Object.entries(head.headers ?? {}))
    named.set(name.toLowerCase(), String(value));
  for (const [name, values] of Object.entries(head.multiValueHeaders ?? {})) {
    named.set(name.toLowerCase(), values.length === 1 ? String(values[0]) : values.map(String));
  }
  if (head.cookies !== undefined && head.cookies.length > 0) named.set("set-cookie", [...head.cookies]);
  return named;
}

/**
 * Sends what a buffered handler returned. The length is computed; only for HEAD, which has no body to count, is
 * it the handler's own. Throws `MalformedResponse` before anything is sent.
 */
export function sendResult(response: ServerResponse, result: APIGatewayProxyResult): void {
  if (typeof result !== "object" || result === null)
    throw new MalformedResponse("the handler returned nothing");
  const stated = applyHead(response, result);
  const body = bodyOf(result);
  const method = response.req.method;
  const bodyless = method === "HEAD" || result.statusCode === 204 || result.statusCode === 304;
  if (!bodyless) response.setHeader("content-length", body.length);
  else if (method === "HEAD" && result.statusCode !== 204) setLength(response, stated, body.length);
  if (body.length > 0 && !response.hasHeader("content-type")) {
    response.setHeader("content-type", "application/json");
  }
  response.end(bodyless ? undefined : body);
}

/** What a handler returns is only said to have the type: its body may be anything. */
function bodyOf(result: APIGatewayProxyResult): Buffer {
  try {
    return bodyBytes(result);
  } catch (error) {
    throw new MalformedResponse("the body is not a string", { cause: error });
  }
}

function setLength(response: ServerResponse, stated: string | undefined, counted: number): void {
  if (stated !== undefined) response.setHeader("content-length", stated);
  else if (counted > 0) response.setHeader("content-length", counted);
}

/** An error body in the shape that Elasticsearch's clients parse. */
export function searchError(status: number, type: string, reason: string): string {
  return JSON.stringify({ error: { root_cause: [{ type, reason }], type, reason }, status });
}

/** Sends a JSON text of this server's own. Does nothing when an answer has begun or the client is gone. */
export function sendJson(response: ServerResponse, status: number, json: string): void {
  if (response.headersSent || response.destroyed) return;
  for (const name of response.getHeaderNames()) response.removeHeader(name);
  response.statusCode = status;
  response.sendDate = false;
  response.setHeader("content-type", "application/json");
  response.setHeader("content-length", Buffer.byteLength(json));
  response.end(json);
}
