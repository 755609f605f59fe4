import type { Readable } from "node:stream";
import { promisify } from "node:util";
import { createGzip, gzip } from "node:zlib";
import { withoutParameters } from "../http/parameters.ts";
import type { GatewayRequest } from "../http/request.ts";
import type { Sealable } from "./seal-handles.ts";

/** Bodies shorter than that are no shorter compressed. */
const worthwhileBytes = 1024;
const level = 1;
const gzipped = promisify<Buffer, { level: number }, Buffer>(gzip);

/** The request for an answer whose handles can be found: JSON (or text, whose cursor is a header), not compressed. */
export function readable(request: GatewayRequest): GatewayRequest {
  const { "accept-encoding": _encoding, accept, ...others } = request.headers;
  const headers = accept === undefined || isBinaryFormat(String(accept)) ? others : { ...others, accept };
  const format = new URLSearchParams(request.query).get("format");
  const query =
    format !== null && isBinaryFormat(format) ? withoutParameters(request.query, ["format"]) : request.query;
  return { ...request, headers, query };
}

function isBinaryFormat(name: string): boolean {
  return /cbor|smile|yaml/i.test(name) && !/json/i.test(name);
}

/** The answer in gzip where the client asked for it: the cluster was not. */
export function compressed<T extends Sealable>(
  answer: T,
  request: GatewayRequest,
): Promise<T & Sealable> | (T & Sealable) {
  const accepted = String(request.headers["accept-encoding"] ?? "");
  if (!/\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))/i.test(accepted)) return answer;
  if (answer.headers["content-encoding"] !== undefined) return answer;
  const headers = { ...answer.headers, "content-encoding": "gzip" };
  const { body } = answer;
  if (!Buffer.isBuffer(body)) return { ...answer, headers, body: through(body) };
  if (body.length < worthwhileBytes) return answer;
  return gzipped(body, { level }).then((smaller) => ({ ...answer, headers, body: smaller }));
}

function through(body: Readable): Readable {
  const zip = createGzip({ level });
  body.once("error", (error) => zip.destroy(error));
  zip.once("close", () => body.destroy());
  return body.pipe(zip);
}
