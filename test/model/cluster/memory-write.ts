import { type Failure, failureText, isObject, type Json, type JsonObject, parseJson } from "./json.ts";
import type { MemoryCatalog } from "./memory-catalog.ts";
import type { MemoryIndex } from "./memory-index.ts";
import { closedIndex } from "./memory-reads.ts";
import type { Condition, Held, MemoryShard } from "./memory-shard.ts";

/** One document write as the request asks for it. */
export interface WriteRequest {
  readonly action: "index" | "create" | "update" | "delete";
  readonly index: string;
  readonly id: string;
  readonly routing: string | undefined;
  readonly pipeline: string | undefined;
  readonly condition: Condition;
  /** The document's, or the update's, text. */
  readonly body: string;
}

/** One write's answer, and what the shard's other copy still has to get. */
export interface Written {
  readonly status: number;
  /** The item's members, without the braces. */
  readonly members: string;
  readonly replication: { readonly shard: MemoryShard; readonly held: Held } | undefined;
}

/** Executes one write; its failure is an answer as well. */
export function executeWrite(request: WriteRequest, catalog: MemoryCatalog, nowMs: number): Written {
  const target = catalog.targetOf(request);
  if ("type" in target) return refused(request.index, request.id, target);
  const { index, routing } = target;
  const blocked = blockOf(index) ?? catalog.itemFault();
  if (blocked !== undefined) return refused(index.name, request.id, blocked);
  const shard = index.shardFor(request.id, routing);
  if (request.action === "update") return update(request, index, shard, routing, nowMs);
  if (request.action === "delete") {
    return written(
      request,
      index,
      shard,
      shard.write(request.id, routing, undefined, request.condition, nowMs),
    );
  }
  const source = catalog.throughPipeline(index, request.pipeline, request.body);
  if (typeof source !== "string") return refused(index.name, request.id, source);
  const misfit = takeSource(index, request.id, source);
  if (misfit !== undefined) return refused(index.name, request.id, misfit);
  const condition: Condition = request.action === "create" ? { kind: "absent" } : request.condition;
  return written(request, index, shard, shard.write(request.id, routing, source, condition, nowMs));
}

function takeSource(index: MemoryIndex, id: string, source: string): Failure | undefined {
  const document = parseJson(source);
  if (isObject(document)) return index.mapping.take(id, document);
  return { status: 400, type: "mapper_parsing_exception", reason: "failed to parse" };
}

function blockOf(index: MemoryIndex): Failure | undefined {
  if (index.closed) {
    return closedIndex;
  }
  if (index.settings.get("index.blocks.write") === "true") {
    const reason = `index [${index.name}] blocked by: [FORBIDDEN/8/index write (api)];`;
    return { status: 403, type: "cluster_block_exception", reason };
  }
  if (index.settings.get("index.blocks.read_only_allow_delete") === "true") {
    const reason = `index [${index.name}] blocked by: [TOO_MANY_REQUESTS/12/disk usage exceeded flood-stage watermark, index has read-only-allow-delete block];`;
    return { status: 429, type: "cluster_block_exception", reason };
  }
  return undefined;
}

function update(
  request: WriteRequest,
  index: MemoryIndex,
  shard: MemoryShard,
  routing: string | undefined,
  nowMs: number,
): Written {
  const asked = parseJson(request.body);
  const body: JsonObject = isObject(asked) ? asked : {};
  const change = isObject(body["doc"]) ? body["doc"] : {};
  const present = shard.get(request.id);
  const upsert = body["doc_as_upsert"] === true ? change : body["upsert"];
  if (present?.source === undefined && !isObject(upsert)) {
    const reason = `[${request.id}]: document missing`;
    return refused(index.name, request.id, { status: 404, type: "document_missing_exception", reason });
  }
  const before = present?.source === undefined ? undefined : parseJson(present.source);
  const source = isObject(before) ? JSON.stringify(merge(before, change)) : JSON.stringify(upsert);
  if (present?.source !== undefined && isObject(before) && JSON.stringify(before) === source) {
    const got = getText(present, present.source);
    const members = `${address(index.name, present)},"result":"noop","_shards":{"total":0,"successful":0,"failed":0},"_seq_no":${present.seqNo},"_primary_term":${present.term},"get":${got}`;
    return { status: 200, members, replication: undefined };
  }
  const misfit = takeSource(index, request.id, source);
  if (misfit !== undefined) return refused(index.name, request.id, misfit);
  // The document keeps its routing, and the answer does not show it (`calculateRouting` of the products).
  const kept = present?.routing ?? routing;
  const result = shard.write(request.id, kept, source, request.condition, nowMs);
  return written(request, index, shard, result, source);
}

function merge(base: JsonObject, change: JsonObject): JsonObject {
  const merged: Record<string, Json> = { ...base };
  for (const [name, value] of Object.entries(change)) {
    const present = merged[name];
    merged[name] = isObject(present) && isObject(value) ? merge(present, value) : value;
  }
  return merged;
}

function getText({ seqNo, term }: Held, source: string): string {
  return `{"_seq_no":${seqNo},"_primary_term":${term},"found":true,"_source":${source}}`;
}

function address(index: string, { id, version }: Held): string {
  return `"_index":${JSON.stringify(index)},"_type":"_doc","_id":${JSON.stringify(id)},"_version":${version}`;
}

function written(
  request: WriteRequest,
  index: MemoryIndex,
  shard: MemoryShard,
  result: ReturnType<MemoryShard["write"]>,
  updated?: string,
): Written {
  if (result.kind === "conflict") {
    const failure = { status: 409, type: "version_conflict_engine_exception", reason: result.reason };
    return refused(index.name, request.id, failure);
  }
  const { held } = result;
  const got = updated === undefined ? "" : `,"get":${getText(held, updated)}`;
  const members = `${address(index.name, held)},"result":"${result.result}","_shards":{"total":2,"successful":1,"failed":0},"_seq_no":${held.seqNo},"_primary_term":${held.term}${got}`;
  const status = result.result === "created" ? 201 : result.result === "not_found" ? 404 : 200;
  return { status, members, replication: { shard, held } };
}

export function refused(index: string, id: string, failure: Failure): Written {
  const members = `"_index":${JSON.stringify(index)},"_type":"_doc","_id":${JSON.stringify(id)},"error":${failureText(failure)}`;
  return { status: failure.status, members, replication: undefined };
}
