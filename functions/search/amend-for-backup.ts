import { withoutParameters } from "../core/http/parameters.ts";
import type { GatewayRequest } from "../core/http/request.ts";
import { segmentsOf } from "../core/routing/path.ts";
import { amendPointInTime } from "./amend-point-in-time.ts";
import { withoutTypesInBody } from "./amend-types.ts";
import type { ReadAnswer } from "./first-part.ts";

/** The same read in other words, and how its answer becomes the one that the client's words have. */
export interface Amended {
  readonly request: GatewayRequest;
  readonly answer?: (answer: ReadAnswer) => ReadAnswer;
}

/** Hints, and what only says how to answer: without them the result is the same. */
const dispensable: ReadonlySet<string> = new Set([
  "batched_reduce_size",
  "cancel_after_time_interval",
  "ccs_minimize_roundtrips",
  "force_synthetic_source",
  "max_concurrent_shard_requests",
  "min_compatible_shard_node",
  "phase_took",
  "pre_filter_shard_size",
  "rest_total_hits_as_int",
]);

/**
 * What to ask BACKUP after it refused a read in the words of PRIMARY's product and version; `undefined` where its
 * refusal is about something else, and so an answer. Where BACKUP takes the words as they are, nothing is amended.
 * @param original what the client asked, before other amendments.
 */
export function amendForBackup(
  request: GatewayRequest,
  answer: ReadAnswer,
  original: GatewayRequest,
): Amended | undefined {
  const { status, body } = answer;
  if ((status !== 400 && status !== 405 && status !== 406) || !Buffer.isBuffer(body)) return undefined;
  const said = body.toString("utf8", 0, 2000);
  if (status === 406 || said.includes("media_type_header_exception")) return withPlainTypes(request);
  const pointInTime = request.path === original.path ? amendPointInTime(request) : undefined;
  if (pointInTime !== undefined) return pointInTime;
  if (said.includes("unrecognized parameter")) return withoutUnknown(request, said);
  if (said.includes("no handler found for uri")) return withoutType(request);
  if (!/\[_?types?\]/.test(said)) return undefined;
  const typeless = withoutTypesInBody(request);
  return typeless && { request: typeless };
}

const vendorType = /application\/vnd\.elasticsearch\+(json|x-ndjson)\s*;\s*compatible-with\s*=\s*\d+/gi;

/** `application/vnd.elasticsearch+json; compatible-with=8` is not known to OpenSearch, nor to other versions. */
function withPlainTypes(request: GatewayRequest): Amended | undefined {
  const headers = { ...request.headers };
  for (const name of ["accept", "content-type"]) {
    const value = headers[name];
    if (value !== undefined) headers[name] = String(value).replace(vendorType, "application/$1");
  }
  const changed = ["accept", "content-type"].some((name) => headers[name] !== request.headers[name]);
  return changed ? { request: { ...request, headers } } : undefined;
}

/** The error names them all: `contains unrecognized parameters: [a], [b] -> did you mean …`. */
function withoutUnknown(request: GatewayRequest, said: string): Amended | undefined {
  const [, list = ""] =
    /unrecognized parameters?: ((?:\[[^\]]*\](?: -> did you mean[^?]*\?)?,? ?)+)/.exec(said) ?? [];
  const named = [...list.replace(/-> did you mean[^?]*\?/g, "").matchAll(/\[([^\]]*)\]/g)].map(
    ([, name = ""]) => name,
  );
  const isDispensable = (name: string) => dispensable.has(name) || isTypelessAlready(name, request.query);
  if (named.length === 0 || !named.every(isDispensable)) return undefined;
  return { request: { ...request, query: withoutParameters(request.query, named) } };
}

/** `include_type_name=false` asks for what a release without types answers anyway. */
function isTypelessAlready(name: string, query: string): boolean {
  return name === "include_type_name" && new URLSearchParams(query).get(name) === "false";
}

/** `/{index}/{type}/_search` and `/{index}/{type}/{id}`, where there are no types any more. */
function withoutType(request: GatewayRequest): Amended | undefined {
  const [index = "", type = "_", third = ""] = segmentsOf(request.path) ?? [];
  if (index.startsWith("_") || type.startsWith("_") || third === "") return undefined;
  const segments = request.path.split("/");
  segments.splice(2, 1, ...(third.startsWith("_") ? [] : ["_doc"]));
  return { request: { ...request, path: segments.join("/") } };
}
