import { oneLine } from "../core/bulk/one-line.ts";
import type { Operation } from "../core/bulk/operation.ts";
import type { Outcome } from "../core/bulk/outcome.ts";
import { parseBulk } from "../core/bulk/parse-bulk.ts";
import { readBulkAnswer } from "../core/bulk/read-answer.ts";
import { restoreBulkAnswer } from "../core/bulk/restore-answer.ts";
import { rewriteBulk } from "../core/bulk/rewrite-bulk.ts";
import { wantedInQuery } from "../core/bulk/wanted-source.ts";
import { type Answer, errorAnswer } from "../core/http/answer.ts";
import { withoutParameters } from "../core/http/parameters.ts";
import { type GatewayRequest, plainBody } from "../core/http/request.ts";
import { type ByteSlice, type DocumentKey, sliceOf } from "../core/replication/record.ts";
import type { AnsweredOperation } from "./accepted-writes.ts";
import { filterAnswer } from "./filter-answer.ts";
import { forwardedHeaders } from "./forwarded-headers.ts";
import { originOf } from "./origin-of.ts";
import { replicatedWrite } from "./replicated-write.ts";
import type { WriteServices } from "./write-services.ts";

/** A `_bulk` request: `index` and `type` are the path's defaults for its actions. */
export async function writeBulk(
  request: GatewayRequest,
  target: { readonly index: string | undefined; readonly type: string | undefined },
  services: WriteServices,
): Promise<Answer> {
  const plain = await plainBody(request, services.bodyBytesMax);
  if (plain.kind === "refused") return plain.answer;
  const parameters = new URLSearchParams(request.query);
  const parsed = parseBulk(plain.body, { ...target, ...bulkDefaults(parameters) });
  if (parsed.kind === "bad") return errorAnswer(parsed.status, parsed.type, parsed.reason);
  const { body, operations } = rewriteBulk(plain.body, parsed.operations, services);
  const keys = operations.map(keyOf);
  const filter = parameters.get("filter_path");
  return replicatedWrite(
    {
      origin: originOf(request),
      form: "bulk",
      forward: {
        method: request.method,
        path: request.path,
        query: withoutParameters(request.query, ["filter_path", "format"]),
        headers: forwardedHeaders(request),
        body,
        timeoutMs: services.writeTimeoutMs,
      },
      // PRIMARY refuses an action without an index or an id by itself; there is nothing to follow up then.
      keys: keys.filter(({ index, id }) => index !== "" && id !== ""),
      read(answer) {
        const read = readBulkAnswer(answer.body, operations);
        if (read.kind !== "ok") return undefined;
        return operations.map((operation, i) => {
          const key = keys[i] ?? keyOf(operation);
          return answered(operation, key, read.outcomes[i], body, answer.body);
        });
      },
      restore(answer) {
        const restored = restoreBulkAnswer(answer, parsed.operations);
        return filterAnswer(restored, filter);
      },
    },
    services,
  );
}

function bulkDefaults(parameters: URLSearchParams) {
  return {
    routing: parameters.get("routing") ?? undefined,
    pipeline: parameters.get("pipeline") ?? undefined,
    source: wantedInQuery(parameters),
  };
}

function keyOf({ index = "", id = "", routing }: Operation): DocumentKey {
  return { index, id, routing };
}

function answered(
  operation: Operation,
  key: DocumentKey,
  outcome: Outcome | undefined,
  body: Buffer,
  answer: Buffer,
): AnsweredOperation {
  const { pipeline, document } = operation;
  return {
    key,
    outcome: outcome ?? { kind: "unreadable" },
    document:
      operation.action === "update"
        ? resultingDocument(outcome, answer)
        : document && { buffer: body, start: document.start, end: document.end },
    namesPipeline: pipeline !== undefined && pipeline !== "_none",
  };
}

/** What an update made of the document, from PRIMARY's answer. */
export function resultingDocument(outcome: Outcome | undefined, answer: Buffer): ByteSlice | undefined {
  if (outcome?.kind !== "written" || outcome.source === undefined) return undefined;
  return sliceOf(oneLine(answer.subarray(outcome.source.start, outcome.source.end)));
}
