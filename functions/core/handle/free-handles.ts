import type { ClusterName } from "../cluster/port.ts";
import { withoutParameters } from "../http/parameters.ts";
import type { GatewayRequest } from "../http/request.ts";
import { withoutTrailingSlashes } from "../routing/path.ts";
import type { HandleUse } from "./handle-use.ts";
import type { Handles } from "./handles.ts";
import type { Opened } from "./open-handles.ts";

/** All contexts of a cluster: those of PRIMARY. BACKUP's may be somebody else's as well. */
const everyContext = "_all";

/** Each cluster gets those that it gave. What nobody gave is not there to be freed. */
export function freeHandles(
  request: GatewayRequest,
  use: HandleUse,
  texts: readonly string[],
  handles: Handles,
): Opened {
  if (texts.every((text) => text === everyContext))
    return { kind: "bound", parts: new Map([["primary", request]]) };
  const originals = new Map<ClusterName, string[]>();
  // Several may stand in one text. No handle has a comma inside.
  for (const text of texts.flatMap((list) => list.split(","))) {
    const handle = handles.open(text);
    if (handle === undefined) continue;
    originals.set(handle.cluster, [...(originals.get(handle.cluster) ?? []), handle.original]);
  }
  if (originals.size === 0) return { kind: "missing" };
  const parts = new Map<ClusterName, GatewayRequest>();
  for (const [cluster, ids] of originals) parts.set(cluster, freeing(request, use, ids));
  return { kind: "bound", parts };
}

/** The name by which the body of a request knows what it frees. */
export function freedMember({ brought }: HandleUse): string {
  return brought.at(-1)?.name ?? "";
}

/** The request that frees these: they stand in its body alone, which all versions read. */
function freeing(request: GatewayRequest, use: HandleUse, ids: readonly string[]): GatewayRequest {
  const member = freedMember(use);
  const inPath = use.brought.some(({ where }) => where === "path");
  const segments = withoutTrailingSlashes(request.path).split("/");
  const { "content-encoding": _encoding, ...headers } = request.headers;
  return {
    ...request,
    path: (inPath ? segments.slice(0, -1) : segments).join("/"),
    query: withoutParameters(request.query, [member]),
    headers: { ...headers, "content-type": jsonType(headers) },
    // Elasticsearch closes one point in time at a time.
    body: Buffer.from(JSON.stringify({ [member]: member === "id" ? ids[0] : ids })),
  };
}

/** The client's own type where it names one: Elasticsearch 8 wants it to be of the version that the client accepts. */
function jsonType(headers: GatewayRequest["headers"]): string {
  const named = String(headers["content-type"] ?? headers["accept"] ?? "");
  return /^application\/(json|vnd\.elasticsearch\+json)\b[^,]*$/.test(named) ? named : "application/json";
}
