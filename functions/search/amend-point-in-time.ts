import * as v from "valibot";
import { jsonAs } from "../core/http/json-as.ts";
import type { GatewayRequest } from "../core/http/request.ts";
import type { Amended } from "./amend-for-backup.ts";
import type { ReadAnswer } from "./first-part.ts";

const opened = v.object({ id: v.optional(v.string()), pit_id: v.optional(v.string()) });
const closed = v.object({ pits: v.optional(v.array(v.object({ successful: v.boolean() }))) });
const closing = v.object({
  id: v.optional(v.string()),
  pit_id: v.optional(v.union([v.string(), v.array(v.string())])),
});

const elasticsearchPath = /\/_pit\/?$/;
const openSearchPath = /\/_search\/point_in_time\/?$/;

/** Points in time in the other product's words: `_pit` is Elasticsearch's, `_search/point_in_time` OpenSearch's. */
export function amendPointInTime(request: GatewayRequest): Amended | undefined {
  const toOpenSearch = elasticsearchPath.test(request.path);
  if (!toOpenSearch && !openSearchPath.test(request.path)) return undefined;
  const path = toOpenSearch
    ? request.path.replace(elasticsearchPath, "/_search/point_in_time")
    : request.path.replace(openSearchPath, "/_pit");
  if (request.method === "POST") {
    return { request: { ...request, path }, answer: toOpenSearch ? openedById : openedByPitId };
  }
  const ids = idsIn(request.body);
  // Elasticsearch closes one at a time.
  if (request.method !== "DELETE" || ids.length === 0 || (!toOpenSearch && ids.length > 1)) return undefined;
  const body = Buffer.from(JSON.stringify(toOpenSearch ? { pit_id: ids } : { id: ids[0] }));
  const inBoth = { ...request, path, body };
  return toOpenSearch
    ? { request: inBoth, answer: closedByNumber }
    : { request: inBoth, answer: (answer) => closedByPits(answer, ids) };
}

function idsIn(body: Buffer): readonly string[] {
  const { id, pit_id: pitId } = jsonAs(closing, body) ?? {};
  return [id ?? [], pitId ?? []].flat();
}

function openedById(answer: ReadAnswer): ReadAnswer {
  return renamed(answer, ({ pit_id: id }) => ({ id }));
}

function openedByPitId(answer: ReadAnswer): ReadAnswer {
  return renamed(answer, ({ id }) => ({ pit_id: id, creation_time: Date.now() }));
}

function renamed(answer: ReadAnswer, rename: (said: v.InferOutput<typeof opened>) => unknown): ReadAnswer {
  const said = Buffer.isBuffer(answer.body) ? jsonAs(opened, answer.body) : undefined;
  if (answer.status >= 300 || said === undefined) return answer;
  return { ...answer, body: Buffer.from(JSON.stringify(rename(said))) };
}

function closedByNumber(answer: ReadAnswer): ReadAnswer {
  const said = Buffer.isBuffer(answer.body) ? jsonAs(closed, answer.body) : undefined;
  if (answer.status >= 300 || said?.pits === undefined) return answer;
  const freed = said.pits.filter(({ successful }) => successful).length;
  const body = Buffer.from(JSON.stringify({ succeeded: freed > 0, num_freed: freed }));
  return { ...answer, status: freed > 0 ? 200 : 404, body };
}

/** A point in time that is closed already is closed (observed on OpenSearch 2.19 and 3.8). */
function closedByPits(answer: ReadAnswer, ids: readonly string[]): ReadAnswer {
  if (answer.status >= 300 && answer.status !== 404) return answer;
  const pits = ids.map((id) => ({ successful: true, pit_id: id }));
  return { ...answer, status: 200, body: Buffer.from(JSON.stringify({ pits })) };
}
