import { createHash } from "node:crypto";
import aws4 from "aws4";
import { BufferList } from "../cluster/buffer-list.ts";

/** AWS credentials as a Lambda function finds them in its environment. */
export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string | undefined;
}

/** What is signed: the request exactly as it will be sent. */
export interface UnsignedRequest {
  /** The `host` header that will be sent. */
  readonly host: string;
  readonly method: string;
  /** With the query, encoded as it will be sent. */
  readonly path: string;
  readonly body: Buffer | BufferList | string | undefined;
}

/**
 * The header fields that sign a request (AWS Signature Version 4). Only the host, the date and the body's hash are
 * signed: whatever else a client sends may be rewritten on the way. OpenSearch Serverless wants the hash as a header.
 */
export function awsSignature(
  { host, method, path, body }: UnsignedRequest,
  scope: { readonly service: string; readonly region: string },
  { accessKeyId, secretAccessKey, sessionToken }: AwsCredentials,
  nowMs: number,
): Readonly<Record<string, string>> {
  const signed = {
    host,
    "x-amz-date": new Date(nowMs).toISOString().replace(/[:-]|\.\d{3}/g, ""),
    "x-amz-content-sha256": sha256(body),
    ...(sessionToken !== undefined && { "x-amz-security-token": sessionToken }),
  };
  // Without a body, which the hash stands for, aws4 adds no header fields of its own.
  const request = { ...scope, host, method, path, headers: signed };
  const { headers = {} } = aws4.sign(request, { accessKeyId, secretAccessKey });
  const { host: _, ...fields } = signed;
  return { ...fields, authorization: String(headers["Authorization"]) };
}

function sha256(body: UnsignedRequest["body"]): string {
  const hash = createHash("sha256");
  for (const piece of body instanceof BufferList ? body.buffers : [body ?? ""]) hash.update(piece);
  return hash.digest("hex");
}
