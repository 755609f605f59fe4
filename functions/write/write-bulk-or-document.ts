import { isClusterFailure } from "../core/cluster/json-request.ts";
import { hasTypedPaths } from "../core/cluster/release.ts";
import { type Answer, errorAnswer } from "../core/http/answer.ts";
import type { GatewayRequest } from "../core/http/request.ts";
import { reasonOf } from "../core/runtime/telemetry.ts";
import { writeBulk } from "./write-bulk.ts";
import { writeDocument } from "./write-document.ts";
import type { WriteServices } from "./write-services.ts";

/**
 * `/{index}/_doc/_bulk`: a bulk of the type `_doc` up to Elasticsearch 7 and OpenSearch 1, a document with the id
 * `_bulk` after (tried on 7.10.2, 7.17.28 and 8.19.0, OpenSearch 1.3.20 and 2.19.1). PRIMARY's release says which.
 */
export async function writeBulkOrDocument(
  request: GatewayRequest,
  index: string,
  services: WriteServices,
): Promise<Answer> {
  try {
    if (!hasTypedPaths(await services.primary.release())) {
      return writeDocument(request, { action: "index", index, id: "_bulk" }, services);
    }
  } catch (error) {
    if (!isClusterFailure(error)) throw error;
    return errorAnswer(503, "primary_unavailable_exception", `nothing was written: ${reasonOf(error)}`);
  }
  return writeBulk(request, { index, type: "_doc" }, services);
}
