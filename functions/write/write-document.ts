import { oneLine } from "../core/bulk/one-line.ts";
import { readDocumentAnswer } from "../core/bulk/read-answer.ts";
import { restoreDocumentAnswer } from "../core/bulk/restore-answer.ts";
import { askForSource } from "../core/bulk/rewrite-bulk.ts";
import { wantedByUpdate } from "../core/bulk/wanted-source.ts";
import type { Answer } from "../core/http/answer.ts";
import { withoutParameters, withParameter } from "../core/http/parameters.ts";
import { type GatewayRequest, plainBody } from "../core/http/request.ts";
import { sliceOf } from "../core/replication/record.ts";
import type { DocumentTarget } from "../core/routing/endpoint.ts";
import { segment, withoutTrailingSlashes } from "../core/routing/path.ts";
import { filterAnswer } from "./filter-answer.ts";
import { forwardedHeaders } from "./forwarded-headers.ts";
import { originOf } from "./origin-of.ts";
import { replicatedWrite } from "./replicated-write.ts";
import { resultingDocument } from "./write-bulk.ts";
import type { WriteServices } from "./write-services.ts";

/** A write of one document: `_doc`, `_create`, `_update`, delete; with and without an id. */
export async function writeDocument(
  request: GatewayRequest,
  target: DocumentTarget,
  services: WriteServices,
): Promise<Answer> {
  const plain = await plainBody(request, services.bodyBytesMax);
  if (plain.kind === "refused") return plain.answer;
  const parameters = new URLSearchParams(request.query);
  const addressed = addressedRequest(request, target, parameters, services);
  const body = target.action === "update" ? askForSource(plain.body) : plain.body;
  const wanted = wantedByUpdate(plain.body, parameters);
  const filter = parameters.get("filter_path");
  const pipeline = parameters.get("pipeline");
  const routing = parameters.get("routing") ?? parameters.get("parent") ?? undefined;
  const key = { index: target.index, id: addressed.id, routing };
  return replicatedWrite(
    {
      origin: originOf(request),
      form: "document",
      forward: {
        method: request.method,
        path: addressed.path,
        query: withoutParameters(addressed.query, ["filter_path", "format"]),
        headers: forwardedHeaders(request),
        ...(body.length > 0 && { body }),
        timeoutMs: services.writeTimeoutMs,
      },
      keys: key.id === "" ? [] : [key],
      read(answer) {
        const outcome = readDocumentAnswer(answer.body);
        const document =
          target.action === "update" ? resultingDocument(outcome, answer.body) : sliceOf(oneLine(plain.body));
        return [{ key, outcome, document, namesPipeline: pipeline !== null && pipeline !== "_none" }];
      },
      restore(answer) {
        const restored = target.action === "update" ? restoreDocumentAnswer(answer, wanted) : answer;
        return filterAnswer(restored, filter);
      },
    },
    services,
  );
}

/**
 * The request's address. A document without an id gets one here, as PRIMARY would give it: created, never
 * overwritten. Where a version is asked for as well, PRIMARY refuses the request by itself.
 */
function addressedRequest(
  request: GatewayRequest,
  target: DocumentTarget,
  parameters: URLSearchParams,
  services: WriteServices,
): { readonly path: string; readonly query: string; readonly id: string } {
  const { path, query } = request;
  if (target.id !== undefined) return { path, query, id: target.id };
  if (parameters.has("version") || parameters.has("version_type")) return { path, query, id: "" };
  const id = services.newId();
  const addressed = `${withoutTrailingSlashes(path)}/${segment(id)}`;
  const created = parameters.has("op_type") ? query : withParameter(query, "op_type", "create");
  return { path: addressed, query: created, id };
}
