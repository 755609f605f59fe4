import type { Answer } from "../http/answer.ts";
import { freedMember } from "./free-handles.ts";
import type { HandleUse } from "./handle-use.ts";

/** Of no context in any cluster: they count from 1. */
const contextId = 0;

/**
 * What a cluster answers for a handle that it no longer knows, so that clients begin again as they do when a
 * context has expired (its form: observed on Elasticsearch 7.10 to 9.2 and OpenSearch 2.19, 3.8).
 */
export function missingHandle(use: HandleUse): Answer {
  if (use.does === "free" || use.does === "free-all") return freedNothing(freedMember(use));
  const cause = {
    type: "search_context_missing_exception",
    reason: `No search context found for id [${contextId}]`,
  };
  const error = {
    root_cause: [cause],
    type: "search_phase_execution_exception",
    reason: "all shards failed",
    phase: "query",
    grouped: true,
    failed_shards: [{ shard: -1, index: null, reason: cause }],
    caused_by: cause,
  };
  return answer(404, { error, status: 404 });
}

function freedNothing(member: string): Answer {
  if (member === "scroll_id") return answer(404, { succeeded: true, num_freed: 0 });
  return member === "id" ? answer(404, { succeeded: false, num_freed: 0 }) : answer(200, { pits: [] });
}

/** One answer of those of several clusters that each gave back their own handles. */
export function freedTogether(answers: readonly Answer[]): Answer {
  let freed = 0;
  let succeeded = true;
  const pits: unknown[] = [];
  for (const { body } of answers) {
    const said: unknown = JSON.parse(body.toString("utf8"));
    if (typeof said !== "object" || said === null) continue;
    if ("num_freed" in said && typeof said.num_freed === "number") freed += said.num_freed;
    if ("succeeded" in said) succeeded &&= said.succeeded === true;
    if ("pits" in said && Array.isArray(said.pits)) pits.push(...said.pits);
  }
  return pits.length > 0
    ? answer(200, { pits })
    : answer(freed > 0 ? 200 : 404, { succeeded, num_freed: freed });
}

function answer(status: number, json: unknown): Answer {
  const headers = { "content-type": "application/json; charset=UTF-8" };
  return { status, headers, body: Buffer.from(JSON.stringify(json)) };
}
