import type { Answer } from "../core/http/answer.ts";
import type { GatewayRequest } from "../core/http/request.ts";
import { classify } from "../core/routing/classify.ts";
import { withFields } from "../core/runtime/telemetry.ts";
import { unsupportedFormat } from "./body-format.ts";
import { byQueryPattern } from "./by-query-pattern.ts";
import { changeDefinition, writeByQuery } from "./change-indices.ts";
import { concernedIndices } from "./concerned-indices.ts";
import { passThrough } from "./pass-through.ts";
import { readPrimary } from "./read-primary.ts";
import { unsupportedPrimary } from "./unsupported-primary.ts";
import { writeBulk } from "./write-bulk.ts";
import { writeBulkOrDocument } from "./write-bulk-or-document.ts";
import { writeDocument } from "./write-document.ts";
import type { WriteServices } from "./write-services.ts";

/**
 * Any request that may change something: PRIMARY executes it, and what that changed reaches BACKUP. Each line
 * of the log on the way carries the request's id.
 */
export async function writeThrough(request: GatewayRequest, shared: WriteServices): Promise<Answer> {
  const { requestId } = request;
  const services = { ...shared, telemetry: withFields(shared.telemetry, { requestId }) };
  const endpoint = classify(request.method, request.path);
  if (endpoint.kind !== "read") {
    const refusal = await unsupportedPrimary(services.primary);
    if (refusal !== undefined) return refusal;
  }
  switch (endpoint.kind) {
    case "bulk":
      return unsupportedFormat(request) ?? writeBulk(request, endpoint, services);
    case "document":
      return unsupportedFormat(request) ?? writeDocument(request, endpoint.target, services);
    case "bulk-or-document":
      return unsupportedFormat(request) ?? writeBulkOrDocument(request, endpoint.index, services);
    case "definition":
      return changeDefinition(request, concernedIndices(request) ?? endpoint.pattern, services);
    case "by-query": {
      const pattern = await byQueryPattern(request, endpoint.pattern, services.bodyBytesMax);
      return writeByQuery(request, pattern, services);
    }
    case "named-definition":
      return changeDefinition(request, endpoint.pattern, services, endpoint.of);
    case "read":
    case "handle":
      return readPrimary(request, services);
    case "pass":
      return (await passThrough(request, services)).answer;
  }
}
