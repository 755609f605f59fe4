import * as v from "valibot";
import { type Cluster, ClusterError, type ClusterResponse } from "./port.ts";

/** A cluster answered with an error where an answer was needed. */
export class ClusterAnswerError extends Error {
  override readonly name = "ClusterAnswerError";
  readonly status: number;
  /** The error's type in Elasticsearch's words, e.g. `resource_already_exists_exception`. */
  readonly type: string;

  constructor(cluster: Pick<Cluster, "name">, request: string, status: number, type: string, reason: string) {
    super(`${cluster.name} answered ${status} ${type} to ${request}: ${reason}`);
    this.status = status;
    this.type = type;
  }
}

/** Whether it is a cluster's failure, with an answer or without one, and not a fault of the gateway's own. */
export function isClusterFailure(error: unknown): error is ClusterError | ClusterAnswerError {
  return error instanceof ClusterError || error instanceof ClusterAnswerError;
}

const errorSchema = v.object({
  error: v.object({
    type: v.optional(v.string(), "unknown"),
    reason: v.optional(v.nullable(v.string()), ""),
  }),
});

/** One JSON request; `body` is serialised unless it is a Buffer. */
export interface JsonRequest {
  readonly method: string;
  readonly path: string;
  readonly query?: string;
  readonly body?: unknown;
  readonly timeoutMs?: number;
}

/**
 * What a cluster says when something is not there: its own error, nothing, no templates (a wildcard that matches none),
 * or a document's or a deletion's answer.
 */
const notThereSchema = v.union([
  errorSchema,
  v.strictObject({}),
  v.strictObject({ index_templates: v.strictTuple([]) }),
  v.strictObject({ component_templates: v.strictTuple([]) }),
  v.object({ found: v.literal(false) }),
  v.object({ result: v.literal("not_found") }),
]);

/**
 * Sends a request of the gateway's own and gives the answer with status 2xx or 404.
 * @throws ClusterAnswerError for any other status, ClusterError when there is no answer, or a 404 that is not the
 * cluster's own: a proxy that knows no way to it says nothing of what the cluster has.
 */
export async function ask(
  cluster: Pick<Cluster, "name" | "send">,
  request: JsonRequest,
): Promise<ClusterResponse> {
  const { method, path, query, body, timeoutMs } = request;
  const answer = await cluster.send({
    method,
    path,
    ...(query !== undefined && { query }),
    ...(timeoutMs !== undefined && { timeoutMs }),
    headers: { "content-type": "application/json", accept: "application/json" },
    ...(body !== undefined && { body: Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body)) }),
  });
  if (answer.status >= 200 && answer.status < 300) return answer;
  if (answer.status === 404) {
    if (v.is(notThereSchema, parseOrUndefined(answer.body))) return answer;
    const found = answer.body.toString("utf8", 0, 100);
    throw new ClusterError(cluster.name, "lost", `a 404 that is not the cluster's own: ${found}`);
  }
  const { type, reason } = errorOf(answer);
  throw new ClusterAnswerError(cluster, `${method} ${path}`, answer.status, type, reason);
}

/** The error in an answer, in Elasticsearch's words. */
export function errorOf(answer: ClusterResponse): { readonly type: string; readonly reason: string } {
  const parsed = v.safeParse(errorSchema, parseOrUndefined(answer.body));
  if (!parsed.success) return { type: "unknown", reason: answer.body.toString("utf8", 0, 300) };
  return { type: parsed.output.error.type, reason: parsed.output.error.reason ?? "" };
}

/**
 * The answer's JSON, checked against a schema.
 * @throws ClusterError `lost` when the answer is not what the API promises.
 */
export function readJson<T>(
  cluster: Cluster,
  schema: v.GenericSchema<unknown, T>,
  answer: ClusterResponse,
): T {
  const parsed = v.safeParse(schema, parseOrUndefined(answer.body));
  if (parsed.success) return parsed.output;
  const where = v.getDotPath(parsed.issues[0]) ?? "the answer";
  throw new ClusterError(cluster.name, "lost", `unexpected answer: ${where}: ${parsed.issues[0].message}`);
}

function parseOrUndefined(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8"));
  } catch {
    return undefined;
  }
}
