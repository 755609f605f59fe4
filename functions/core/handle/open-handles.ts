import { splice } from "../bulk/splice.ts";
import type { ClusterName } from "../cluster/port.ts";
import type { Answer } from "../http/answer.ts";
import { withoutParameters, withParameter } from "../http/parameters.ts";
import { type GatewayRequest, plainBody } from "../http/request.ts";
import { segment } from "../routing/path.ts";
import { freeHandles } from "./free-handles.ts";
import type { HandlePlace, HandleUse } from "./handle-use.ts";
import type { Handles } from "./handles.ts";
import { type FoundHandle, handlesInBody } from "./handles-in-body.ts";

/**
 * A request with its clients' handles opened.
 * - `free`: it carries none; any cluster may answer.
 * - `bound`: only these clusters can, each with its own part. Several only where handles are given back.
 * - `missing`: a handle that this gateway did not give out, or several of different clusters; or none that can be
 *   found, where one is needed and may be hidden.
 */
export type Opened =
  | { readonly kind: "free"; readonly request: GatewayRequest }
  | { readonly kind: "bound"; readonly parts: ReadonlyMap<ClusterName, GatewayRequest> }
  | { readonly kind: "missing" }
  | { readonly kind: "refused"; readonly answer: Answer };

/** A handle in its place. */
type Carried =
  | { readonly where: "path" | "query"; readonly name: string; readonly text: string }
  | ({ readonly where: "body" } & FoundHandle);

/** Any other body that cannot be read is the cluster's to refuse, or to understand: OpenSearch knows zstd. */
const tooLong = 413;

/**
 * Puts the clusters' own handles where the request has the gateway's. The rest of its bytes stay what they are.
 * `handlesOf` is asked for a request that carries any.
 */
export async function openHandles(
  request: GatewayRequest,
  use: HandleUse,
  handlesOf: () => Promise<Handles>,
  bodyBytesMax: number,
): Promise<Opened> {
  if (use.does === "free-all") return { kind: "bound", parts: new Map([["primary", request]]) };
  const inBody = use.brought.some(({ where }) => where === "body" || where === "lines");
  const plain = inBody ? await plainBody(request, bodyBytesMax) : undefined;
  if (plain?.kind === "refused" && plain.answer.status === tooLong) return plain;
  if (use.needsOne && (plain?.kind === "refused" || mayHideOne(request))) return { kind: "missing" };
  if (plain?.kind === "refused") return { kind: "free", request };
  const body = plain?.body ?? request.body;
  const carried = use.brought.flatMap((place) => carriedAt(place, request, body, use));
  if (carried.length === 0) return { kind: "free", request };
  const meant = meantOf(carried);
  const handles = await handlesOf();
  if (use.does === "free") return freeHandles(request, use, meant, handles);
  const found = meant.map((text) => handles.open(text));
  const [first] = found;
  if (first === undefined || found.some((handle) => handle?.cluster !== first.cluster))
    return { kind: "missing" };
  const { cluster } = first;
  const original = (text: string): string => {
    const handle = handles.open(text);
    return handle?.cluster === cluster ? handle.original : first.original;
  };
  return { kind: "bound", parts: new Map([[cluster, opened(request, body, carried, original)]]) };
}

/** In a body that is not JSON, or in the parameter that stands for a body, a handle is not found. */
function mayHideOne({ query, headers, body }: GatewayRequest): boolean {
  const contentType = String(headers["content-type"] ?? "application/json");
  const isJson = /^\s*application\/[\w.+-]*json\b/i.test(contentType);
  return (body.length > 0 && !isJson) || new URLSearchParams(query).has("source");
}

function carriedAt(
  place: HandlePlace,
  request: GatewayRequest,
  body: Buffer,
  use: HandleUse,
): readonly Carried[] {
  const { where, name } = place;
  switch (where) {
    case "path": {
      const text = use.variables.get(name);
      return text === undefined ? [] : [{ where, name, text }];
    }
    case "query":
      return new URLSearchParams(request.query).getAll(name).map((text) => ({ where, name, text }));
    default:
      return handlesInBody(body, place).map((found) => ({ where: "body", ...found }));
  }
}

/** A body's handles win over those in the path and the query, which both products do not look at then. */
function meantOf(carried: readonly Carried[]): readonly string[] {
  const inBody = carried.filter(({ where }) => where === "body");
  return (inBody.length > 0 ? inBody : carried).map(({ text }) => text);
}

function opened(
  request: GatewayRequest,
  body: Buffer,
  carried: readonly Carried[],
  original: (text: string) => string,
): GatewayRequest {
  let { path, query } = request;
  const edits = [];
  for (const handle of carried) {
    const text = original(handle.text);
    if (handle.where === "body") {
      edits.push({ start: handle.start, end: handle.end, bytes: Buffer.from(JSON.stringify(text)) });
    } else if (handle.where === "path") {
      path = withSegment(path, handle.text, segment(text));
    } else {
      query = withParameter(withoutParameters(query, [handle.name]), handle.name, text);
    }
  }
  if (edits.length === 0) return { ...request, path, query };
  const { "content-encoding": _encoding, ...headers } = request.headers;
  return { ...request, path, query, headers, body: splice(body, edits) };
}

function withSegment(path: string, text: string, replacement: string): string {
  return path
    .split("/")
    .map((part) => (decodeURIComponent(part) === text ? replacement : part))
    .join("/");
}
