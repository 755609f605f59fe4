import type { ClusterRequest, ClusterResponse } from "../../../functions/core/cluster/port.ts";
import {
  answerFiltered,
  answerText,
  type Failure,
  failureAnswer,
  isObject,
  type Json,
  parametersOf,
  parseJson,
} from "./json.ts";
import type { MemoryCatalog } from "./memory-catalog.ts";
import type { Condition } from "./memory-shard.ts";
import { executeWrite, type WriteRequest, type Written } from "./memory-write.ts";

/** An answer, and the writes that are not on every copy yet. */
export interface Executed {
  readonly answer: ClusterResponse;
  readonly written: readonly Written[];
}

interface BulkContext {
  readonly catalog: MemoryCatalog;
  readonly nowMs: number;
}

/** `_bulk`: one bad line spoils the whole request, anything else is an item's own matter. */
export function executeBulk(
  request: ClusterRequest,
  index: string | undefined,
  { catalog, nowMs }: BulkContext,
): Executed {
  const parameters = parametersOf(request);
  const parsed = parseLines(request.body?.toString("utf8") ?? "", index, parameters);
  if (!Array.isArray(parsed)) return { answer: failureAnswer(parsed), written: [] };
  const written: Written[] = [];
  const items: string[] = [];
  let errors = false;
  for (const write of parsed) {
    const done = executeWrite(write, catalog, nowMs);
    written.push(done);
    errors ||= done.members.includes(',"error":{') && done.replication === undefined && done.status >= 300;
    items.push(`{"${write.action}":{${done.members},"status":${done.status}}}`);
  }
  const text = `{"took":1,"errors":${errors},"items":[${items.join(",")}]}`;
  return { answer: answerFiltered(text, parameters.get("filter_path")), written };
}

const actions: ReadonlySet<string> = new Set(["index", "create", "update", "delete"]);

function parseLines(
  text: string,
  path: string | undefined,
  parameters: ReturnType<typeof parametersOf>,
): WriteRequest[] | Failure {
  if (!text.endsWith("\n")) {
    return invalid("The bulk request must be terminated by a newline [\\n]");
  }
  const lines = text.split("\n");
  const writes: WriteRequest[] = [];
  for (let at = 0; at < lines.length - 1; at++) {
    const line = lines[at] ?? "";
    if (line.trim() === "") continue;
    const action = parseJson(line);
    const [named, parameter] = isObject(action) ? (Object.entries(action)[0] ?? []) : [];
    if (named === undefined || !actions.has(named) || !isObject(parameter)) {
      return invalid(`Malformed action/metadata line [${at + 1}]`);
    }
    const deletes = named === "delete";
    const condition = conditionOf(parameter);
    if ("type" in condition) return condition;
    const kind = named === "index" || named === "create" || named === "update" ? named : "delete";
    if (
      condition.kind !== "none" &&
      condition.kind !== "sequence" &&
      (kind === "create" || kind === "update")
    ) {
      return validation(`${kind} operations only support internal versioning. use version type [internal]`);
    }
    const target = parameter["_index"] ?? path;
    if (target === undefined) return validation("index is missing");
    const id = parameter["_id"];
    if (id === undefined && condition.kind !== "none")
      return validation("an id must be provided if version type or value are set");
    if (id === undefined) return invalid("the model expects ids; the gateway gives them");
    const routing = parameter["routing"] ?? parameters.get("routing") ?? undefined;
    const pipeline = parameter["pipeline"] ?? parameters.get("pipeline") ?? undefined;
    writes.push({
      action: kind,
      index: String(target),
      id: String(id),
      routing: routing === undefined ? undefined : String(routing),
      pipeline: pipeline === undefined ? undefined : String(pipeline),
      condition,
      body: deletes ? "" : (lines[++at] ?? ""),
    });
  }
  return writes;
}

function invalid(reason: string): Failure {
  return { status: 400, type: "illegal_argument_exception", reason };
}

function validation(problem: string): Failure {
  return {
    status: 400,
    type: "action_request_validation_exception",
    reason: `Validation Failed: 1: ${problem};`,
  };
}

function conditionOf(parameter: { readonly [name: string]: Json }): Condition | Failure {
  const { version, version_type, if_seq_no, if_primary_term } = parameter;
  if (if_seq_no !== undefined) {
    if (version !== undefined) return validation("compare and write operations can not use versioning");
    return { kind: "sequence", seqNo: Number(if_seq_no), term: Number(if_primary_term) };
  }
  if (version_type === undefined || version_type === "internal") return { kind: "none" };
  if (version === undefined || Number(version) < 0) {
    return validation(
      `illegal version value [${version ?? -3}] for version type [${String(version_type).toUpperCase()}]`,
    );
  }
  return {
    kind: version_type === "external_gte" ? "external_gte" : "external",
    version: BigInt(String(version)),
  };
}

/** `_doc`, `_create`, `_update` and delete of one document. */
export function executeDocument(
  request: ClusterRequest,
  write: Pick<WriteRequest, "action" | "index" | "id">,
  { catalog, nowMs }: BulkContext,
): Executed {
  const parameters = parametersOf(request);
  const condition = conditionOf(Object.fromEntries(parameters.entries()));
  if ("type" in condition) return { answer: failureAnswer(condition), written: [] };
  const created = write.action === "index" && parameters.get("op_type") === "create";
  const done = executeWrite(
    {
      ...write,
      action: created ? "create" : write.action,
      routing: parameters.get("routing") ?? undefined,
      pipeline: parameters.get("pipeline") ?? undefined,
      condition,
      body: request.body?.toString("utf8") ?? "",
    },
    catalog,
    nowMs,
  );
  const failed = /"error":(\{"type":.*\})$/s.exec(done.members);
  if (done.replication === undefined && failed !== null && done.status >= 300) {
    const cause: Failure = { ...JSON.parse(failed[1] ?? "{}"), status: done.status };
    return { answer: failureAnswer(cause), written: [] };
  }
  return { answer: answerText(done.status, `{${done.members}}`), written: [done] };
}
