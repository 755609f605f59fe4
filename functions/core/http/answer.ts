import type { APIGatewayProxyResult } from "aws-lambda";
import type { Headers } from "../cluster/port.ts";
import { withTextBody } from "./body-bytes.ts";

/** What a client gets. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Buffer;
}

/** Says which cluster gave a read's answer, when it was not PRIMARY. */
export const servedByHeader = "x-understudy-served-by";

/**
 * An error in Elasticsearch's own shape, so that every client library reads it as one.
 * `retryAfterSeconds` becomes the `Retry-After` header.
 */
export function errorAnswer(
  status: number,
  type: string,
  reason: string,
  options: { retryAfterSeconds?: number | undefined } = {},
): Answer {
  const cause = { type, reason };
  const body = Buffer.from(JSON.stringify({ error: { root_cause: [cause], ...cause }, status }));
  const headers: Headers = { "content-type": "application/json; charset=UTF-8" };
  if (options.retryAfterSeconds !== undefined) headers["retry-after"] = String(options.retryAfterSeconds);
  return { status, headers, body };
}

/** The answer as API Gateway's Lambda proxy integration wants it. No byte of it is ever reinterpreted. */
export function proxyResult(answer: Answer): APIGatewayProxyResult {
  const headers: Record<string, string> = {};
  const multiValueHeaders: Record<string, string[]> = {};
  for (const [name, value] of Object.entries(answer.headers)) {
    if (typeof value === "string") headers[name] = value;
    else multiValueHeaders[name] = value;
  }
  return withTextBody({ statusCode: answer.status, headers, multiValueHeaders }, answer.body);
}
