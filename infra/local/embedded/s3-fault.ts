import { escapeXml } from "./s3-xml.ts";
import type { SdkResponse } from "./sdk-wire.ts";

/** Error codes of the S3 API (its reference, "Error responses") with their HTTP status. */
const statuses = {
  BadDigest: 400,
  InternalError: 500,
  InvalidArgument: 400,
  InvalidRange: 416,
  KeyTooLongError: 400,
  MalformedXML: 400,
  NoSuchBucket: 404,
  NoSuchKey: 404,
  NotImplemented: 501,
  PreconditionFailed: 412,
} as const;

export type S3FaultCode = keyof typeof statuses;

/** A request that S3 would refuse, or that is not supported here. */
export class S3Fault extends Error {
  override readonly name = "S3Fault";
  readonly code: S3FaultCode;

  constructor(code: S3FaultCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }

  static from(error: unknown): S3Fault {
    if (error instanceof S3Fault) return error;
    return new S3Fault("InternalError", String(error), { cause: error });
  }
}

/** The fault as S3 answers it, in XML. */
export function s3FaultResponse(fault: S3Fault): SdkResponse {
  const xml = `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${fault.code}</Code><Message>${escapeXml(fault.message)}</Message></Error>`;
  return {
    statusCode: statuses[fault.code],
    headers: { "content-type": "application/xml" },
    body: Buffer.from(xml),
  };
}
