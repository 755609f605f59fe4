import { BodyStream } from "./body-stream.ts";
import type { ObjectEngine, ObjectHead } from "./object-engine.ts";
import { checkSums, isChecksum } from "./s3-checksum.ts";
import { S3Fault, s3FaultResponse } from "./s3-fault.ts";
import { byteRange } from "./s3-range.ts";
import { deletedXml, listXml, parseDelete } from "./s3-xml.ts";
import {
  bodyBytes,
  type SdkRequest,
  type SdkRequestHandler,
  type SdkResponse,
  sdkRequestHandler,
} from "./sdk-wire.ts";

const keyBytesMax = 1024;
const listKeysMax = 1000;
const keptHeaders = /^(content-(type|encoding|disposition|language)|cache-control|x-amz-meta-.*)$/;
const refusedHeaders = ["x-amz-copy-source", "if-modified-since", "if-unmodified-since"];
const refusedQueries = ["uploadId", "uploads", "partNumber", "tagging", "acl", "versionId", "delimiter"];

/**
 * Answers an `S3Client` with `forcePathStyle` from the engine: PutObject (with `If-None-Match: *` or `If-Match`),
 * GetObject (with a range, `If-Match`, `If-None-Match`), HeadObject, DeleteObject, DeleteObjects, ListObjectsV2,
 * HeadBucket. What is not supported is refused with NotImplemented and never ignored. A checksum that a client sends
 * is checked.
 */
export function s3RequestHandler(engine: ObjectEngine): SdkRequestHandler {
  return sdkRequestHandler(async (request) => {
    try {
      return await answer(engine, request);
    } catch (error) {
      const response = s3FaultResponse(S3Fault.from(error));
      return request.method === "HEAD" ? { ...response, body: Buffer.alloc(0) } : response;
    }
  });
}

async function answer(engine: ObjectEngine, request: SdkRequest): Promise<SdkResponse> {
  refuseUnsupported(request);
  const key = keyOf(engine, request.path);
  if (key === "") return answerForBucket(engine, request);
  switch (request.method) {
    case "PUT":
      return put(engine, key, request);
    case "GET":
      return get(engine, key, request);
    case "HEAD":
      return head(existing(engine.head(key)), request);
    case "DELETE":
      await engine.delete([key]);
      return { statusCode: 204, headers: {}, body: Buffer.alloc(0) };
    default:
      throw new S3Fault("NotImplemented", `${request.method} of an object is not supported here.`);
  }
}

async function answerForBucket(engine: ObjectEngine, request: SdkRequest): Promise<SdkResponse> {
  const query = request.query ?? {};
  if (request.method === "HEAD") return { statusCode: 200, headers: {}, body: Buffer.alloc(0) };
  if (request.method === "GET" && query["list-type"] === "2") return xml(list(engine, request));
  if (request.method === "POST" && "delete" in query) {
    const body = await bodyBytes(request.body);
    const { keys, quiet } = parseDelete(body.toString());
    if (keys.length === 0 || keys.length > listKeysMax) {
      throw new S3Fault("MalformedXML", `DeleteObjects takes 1 to ${listKeysMax} keys.`);
    }
    await engine.delete(keys);
    return xml(deletedXml(quiet ? [] : keys));
  }
  throw new S3Fault("NotImplemented", `This ${request.method} of a bucket is not supported here.`);
}

async function put(engine: ObjectEngine, key: string, request: SdkRequest): Promise<SdkResponse> {
  const { headers } = request;
  const body = await bodyBytes(request.body);
  checkSums(body, headers);
  const ifNoneMatch = headers["if-none-match"];
  if (ifNoneMatch !== undefined && ifNoneMatch !== "*") {
    throw new S3Fault("NotImplemented", "If-None-Match takes only *.");
  }
  const ifMatch = headers["if-match"];
  if (ifMatch !== undefined) existing(engine.head(key));
  const kept = Object.fromEntries(
    Object.entries(headers).filter(([name]) => keptHeaders.test(name) || isChecksum(name)),
  );
  const head = await engine.put(key, body, kept, {
    onlyIfAbsent: ifNoneMatch === "*",
    ...(ifMatch !== undefined && { onlyIfEtag: ifMatch }),
  });
  if (head !== "preconditionFailed")
    return { statusCode: 200, headers: { etag: head.etag }, body: Buffer.alloc(0) };
  throw preconditionFailed();
}

async function get(engine: ObjectEngine, key: string, request: SdkRequest): Promise<SdkResponse> {
  const { head: found, body } = existing(await engine.get(key));
  const whole = head(found, request);
  const range = request.headers["range"];
  if (whole.statusCode !== 200) return whole;
  if (range === undefined) return { ...whole, body: new BodyStream(body) };
  const { from, to } = byteRange(range, found.bytes);
  const headers = {
    // A checksum is the whole object's.
    ...Object.fromEntries(Object.entries(whole.headers).filter(([name]) => !isChecksum(name))),
    "content-length": String(to - from),
    "content-range": `bytes ${from}-${to - 1}/${found.bytes}`,
  };
  return { statusCode: 206, headers, body: new BodyStream(body.subarray(from, to)) };
}

/** What an object's answer begins with, after its conditions. */
function head(found: ObjectHead, { method, headers }: SdkRequest): SdkResponse {
  const [ifMatch, ifNoneMatch] = [headers["if-match"], headers["if-none-match"]];
  if (ifMatch !== undefined && ifMatch !== found.etag && ifMatch !== "*") throw preconditionFailed();
  const body = Buffer.alloc(0);
  if (ifNoneMatch !== undefined && (ifNoneMatch === found.etag || ifNoneMatch === "*"))
    return { statusCode: 304, headers: { etag: found.etag }, body };
  if (method === "HEAD" && headers["range"] !== undefined)
    throw new S3Fault("NotImplemented", "The head of a range is not supported here.");
  const withSums = headers["x-amz-checksum-mode"] === "ENABLED";
  const kept = Object.entries(found.headers).filter(([name]) => withSums || !isChecksum(name));
  const own = {
    "accept-ranges": "bytes",
    "content-length": String(found.bytes),
    etag: found.etag,
    "last-modified": new Date(found.lastModifiedMs).toUTCString(),
  };
  return { statusCode: 200, headers: { ...Object.fromEntries(kept), ...own }, body };
}

function preconditionFailed(): S3Fault {
  return new S3Fault("PreconditionFailed", "At least one of the pre-conditions you specified did not hold");
}

function list(engine: ObjectEngine, request: SdkRequest): string {
  const prefix = queryText(request, "prefix") ?? "";
  const startAfter = queryText(request, "start-after");
  const token = queryText(request, "continuation-token");
  const asked = Number(queryText(request, "max-keys") ?? listKeysMax);
  if (!Number.isInteger(asked) || asked < 0)
    throw new S3Fault("InvalidArgument", "max-keys is not an integer.");
  const maxKeys = Math.min(asked, listKeysMax);
  const after = token === undefined ? startAfter : Buffer.from(token, "base64url").toString();
  const found = engine.list({ prefix, limit: maxKeys + 1, ...(after !== undefined && { after }) });
  const objects = found.slice(0, maxKeys);
  const last = found.length > maxKeys ? objects.at(-1)?.key : undefined;
  return listXml({
    bucket: engine.bucket,
    prefix,
    maxKeys,
    objects,
    startAfter,
    continuationToken: token,
    nextContinuationToken: last === undefined ? undefined : Buffer.from(last).toString("base64url"),
  });
}

/** Empty for the bucket itself. A key is everything after the bucket, `..` and `//` included. */
function keyOf(engine: ObjectEngine, path: string): string {
  const slash = path.indexOf("/", 1);
  const bucket = decodeURIComponent(slash === -1 ? path.slice(1) : path.slice(1, slash));
  if (bucket !== engine.bucket) throw new S3Fault("NoSuchBucket", "The specified bucket does not exist");
  const key = slash === -1 ? "" : decodeURIComponent(path.slice(slash + 1));
  if (Buffer.byteLength(key) > keyBytesMax) throw new S3Fault("KeyTooLongError", "Your key is too long");
  return key;
}

function existing<T>(found: T | undefined): T {
  if (found === undefined) throw new S3Fault("NoSuchKey", "The specified key does not exist.");
  return found;
}

function refuseUnsupported({ headers, query = {} }: SdkRequest): void {
  const header = refusedHeaders.find((name) => headers[name] !== undefined);
  const parameter = refusedQueries.find((name) => name in query);
  const refused = header ?? parameter;
  if (refused !== undefined) throw new S3Fault("NotImplemented", `${refused} is not supported here.`);
  if (headers["content-encoding"]?.includes("aws-chunked")) {
    throw new S3Fault("NotImplemented", "aws-chunked bodies are not supported here.");
  }
}

function queryText({ query = {} }: SdkRequest, name: string): string | undefined {
  const value = query[name];
  return typeof value === "string" ? value : undefined;
}

function xml(document: string): SdkResponse {
  return { statusCode: 200, headers: { "content-type": "application/xml" }, body: Buffer.from(document) };
}
