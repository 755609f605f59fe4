import type { ObjectEngine } from "./embedded/object-engine.ts";
import { s3RequestHandler } from "./embedded/s3-request-handler.ts";
import type { LocalFunction } from "./rest-api-function.ts";
import { type EndpointAccess, engineEndpoint } from "./sqs-endpoint.ts";

/** Below it the embedded payload store answers as S3 does, to clients with `forcePathStyle`. */
export const s3Path = "/_understudy/s3";

/** The embedded payload store over HTTP, for the command line of the same machine. */
export function s3Endpoint(objects: ObjectEngine, access: EndpointAccess): LocalFunction {
  return engineEndpoint("s3", s3Path, s3RequestHandler(objects), access);
}
