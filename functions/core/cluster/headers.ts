import type { Headers } from "./port.ts";

/** Header fields as a server or an API Gateway event gives them: any case, single or repeated. */
export type ReceivedHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

/** X-Opaque-Id shows up in the cluster's task list and slow log: a longer one is cut. */
const opaqueIdCharactersMax = 128;

/** RFC 9110 section 7.6.1, and what this hop computes itself. */
const neverForwarded = new Set([
  "connection",
  "content-length",
  "es-security-runas-user",
  "expect",
  "host",
  "keep-alive",
  "opendistro_security_impersonate_as",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);
const neverForwardedPrefixes = ["proxy-", "x-forwarded-", "x-amz-", "x-amzn-"];

/** A `Connection` header cannot take these away: who a request is from and how to read its body. */
const alwaysEndToEnd = new Set(["authorization", "content-encoding", "content-type"]);

/**
 * The headers of a client's request as they may go to a cluster: without those of this hop
 * (RFC 9110 section 7.6.1), those that AWS adds, and the name of a user to impersonate.
 * Names come out in lower case, repeated fields as arrays, `authorization` at most once.
 */
export function forwardRequestHeaders(headers: ReceivedHeaders): Headers {
  const forwarded = endToEnd(headers);
  const authorization = forwarded.get("authorization");
  if (authorization !== undefined) forwarded.set("authorization", authorization.slice(0, 1));
  const opaqueId = forwarded.get("x-opaque-id");
  if (opaqueId !== undefined) {
    forwarded.set(
      "x-opaque-id",
      opaqueId.map((value) => value.slice(0, opaqueIdCharactersMax)),
    );
  }
  return toHeaders(forwarded);
}

/** The headers of a cluster's answer as they may go to the client; the same fields stay behind. */
export function forwardResponseHeaders(headers: ReceivedHeaders): Headers {
  return toHeaders(endToEnd(headers));
}

function endToEnd(headers: ReceivedHeaders): Map<string, string[]> {
  const forwarded = new Map<string, string[]>();
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined) continue;
    const values = typeof value === "string" ? [value] : value;
    const key = name.toLowerCase();
    forwarded.set(key, [...(forwarded.get(key) ?? []), ...values]);
  }
  const named = (forwarded.get("connection") ?? [])
    .flatMap((value) => value.split(","))
    .map((name) => name.trim().toLowerCase())
    .filter((name) => !alwaysEndToEnd.has(name));
  for (const name of named) forwarded.delete(name);
  for (const name of forwarded.keys()) {
    if (neverForwarded.has(name) || neverForwardedPrefixes.some((prefix) => name.startsWith(prefix))) {
      forwarded.delete(name);
    }
  }
  return forwarded;
}

function toHeaders(fields: ReadonlyMap<string, string[]>): Headers {
  const headers = new Map<string, string | string[]>();
  for (const [name, values] of fields) {
    const [only] = values;
    if (only === undefined) continue;
    headers.set(name, values.length === 1 ? only : values);
  }
  return Object.fromEntries(headers);
}
