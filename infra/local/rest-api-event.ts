import type { IncomingMessage } from "node:http";
import type { APIGatewayProxyEvent } from "aws-lambda";
import { withBase64Body } from "../../functions/core/http/body-bytes.ts";

/** A request target that may go on, or why it may not. `path` is exactly as it was encoded, without the query. */
export type Target =
  | { readonly kind: "accepted"; readonly path: string; readonly parameters: ReadonlyMap<string, string[]> }
  | { readonly kind: "refused"; readonly reason: string };

/**
 * Cuts a request target into its path and its decoded query parameters, and refuses what no search client sends
 * on purpose: another form than `/path?query`, a `..` segment in any encoding, control characters, backslashes,
 * a fragment, broken percent-encoding (API Gateway answers 400 to that as well: adamchainz/apig-wsgi#102).
 */
export function parseTarget(target: string): Target {
  if (!target.startsWith("/")) {
    return refused("the request target must start with [/]: absolute and other forms are not accepted");
  }
  if (target.includes("#")) return refused("the request target must not contain a fragment");
  const mark = target.indexOf("?");
  const path = mark < 0 ? target : target.slice(0, mark);
  const reason = pathFault(path);
  if (reason !== undefined) return refused(reason);
  const parameters = parseQuery(mark < 0 ? "" : target.slice(mark + 1));
  if (parameters === undefined) return refused("the query has broken percent-encoding");
  return { kind: "accepted", path, parameters };
}

function refused(reason: string): Target {
  return { kind: "refused", reason };
}

function pathFault(path: string): string | undefined {
  if (path.includes("\\")) return "the path must not contain a backslash";
  const decoded = path.includes("%") ? decode(path) : path;
  if (decoded === undefined) return "the path has broken percent-encoding";
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  if (/[\u0000-\u001f\u007f]/.test(decoded)) return "the path must not contain control characters";
  if (/(?:^|[/\\])\.\.(?:$|[/\\])/.test(decoded)) return "the path must not contain a [..] segment";
  return undefined;
}

/**
 * The query's parameters as a REST API decodes them: `+` is a space (seen in an event log: aws/aws-cdk#19827),
 * `%2B` a plus (micronaut-projects/micronaut-aws#1412), `a` and `a=` the empty string, the values of one name in
 * their order. `undefined` when the percent-encoding is broken.
 */
export function parseQuery(query: string): ReadonlyMap<string, string[]> | undefined {
  const parameters = new Map<string, string[]>();
  for (const piece of query.split("&")) {
    if (piece === "") continue;
    const mark = piece.indexOf("=");
    const name = decode((mark < 0 ? piece : piece.slice(0, mark)).replaceAll("+", " "));
    const value = mark < 0 ? "" : decode(piece.slice(mark + 1).replaceAll("+", " "));
    if (name === undefined || value === undefined) return undefined;
    append(parameters, name, value);
  }
  return parameters;
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function append(map: Map<string, string[]>, name: string, value: string): void {
  const values = map.get(name);
  if (values === undefined) map.set(name, [value]);
  else values.push(value);
}

export interface EventOptions {
  readonly request: IncomingMessage;
  readonly path: string;
  readonly parameters: ReadonlyMap<string, string[]>;
  /** `undefined` when the request has none. */
  readonly body: Buffer | undefined;
  readonly requestId: string;
  readonly nowMs: number;
}

/** The event of a REST API's Lambda proxy integration with one `/{proxy+}` resource and every media type binary. */
export function createRestEvent(options: EventOptions): APIGatewayProxyEvent {
  const { request, path, parameters, body, requestId, nowMs } = options;
  const httpMethod = request.method ?? "GET";
  const resource = path === "/" ? "/" : "/{proxy+}";
  const sourceIp = (request.socket.remoteAddress ?? "").replace(/^::ffff:/, "");
  const headers = requestHeaders(request, sourceIp);
  const event = {
    resource,
    path,
    httpMethod,
    headers: lastValues(headers),
    multiValueHeaders: Object.fromEntries(headers),
    queryStringParameters: parameters.size === 0 ? null : lastValues(parameters),
    multiValueQueryStringParameters: parameters.size === 0 ? null : Object.fromEntries(parameters),
    pathParameters: path === "/" ? null : { proxy: path.slice(1) },
    stageVariables: null,
    requestContext: {
      accountId: "000000000000",
      apiId: "local",
      authorizer: undefined,
      protocol: `HTTP/${request.httpVersion}`,
      httpMethod,
      identity: { ...noIdentity, sourceIp, userAgent: request.headers["user-agent"] ?? null },
      path,
      stage: "local",
      requestId,
      requestTimeEpoch: nowMs,
      resourceId: resource,
      resourcePath: resource,
    },
  };
  return body === undefined ? { ...event, body: null, isBase64Encoded: false } : withBase64Body(event, body);
}

const noIdentity = {
  accessKey: null,
  accountId: null,
  apiKey: null,
  apiKeyId: null,
  caller: null,
  clientCert: null,
  cognitoAuthenticationProvider: null,
  cognitoAuthenticationType: null,
  cognitoIdentityId: null,
  cognitoIdentityPoolId: null,
  principalOrgId: null,
  user: null,
  userArn: null,
};

/** What concerns the connection and not the message; API Gateway keeps it to itself too. */
const connectionHeaders = new Set([
  "connection",
  "content-length",
  "expect",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** All values of each header under the spelling that came first, and the `X-Forwarded-*` that API Gateway adds. */
function requestHeaders(request: IncomingMessage, sourceIp: string): ReadonlyMap<string, string[]> {
  const spelling = new Map<string, string>();
  const headers = new Map<string, string[]>();
  for (let at = 0; at + 1 < request.rawHeaders.length; at += 2) {
    const name = request.rawHeaders[at] ?? "";
    const lower = name.toLowerCase();
    if (connectionHeaders.has(lower)) continue;
    const first = spelling.get(lower) ?? name;
    spelling.set(lower, first);
    append(headers, first, request.rawHeaders[at + 1] ?? "");
  }
  const forwardedFor = spelling.get("x-forwarded-for") ?? "X-Forwarded-For";
  headers.set(forwardedFor, [[...(headers.get(forwardedFor) ?? []), sourceIp].join(", ")]);
  // A proxy in front knows better: it may have ended TLS.
  if (!spelling.has("x-forwarded-proto")) headers.set("X-Forwarded-Proto", ["http"]);
  headers.set(spelling.get("x-forwarded-port") ?? "X-Forwarded-Port", [
    String(request.socket.localPort ?? ""),
  ]);
  return headers;
}

/** `Object.fromEntries` defines, it never assigns: `__proto__` is a name like any other. */
function lastValues(entries: ReadonlyMap<string, string[]>): Record<string, string> {
  return Object.fromEntries([...entries].map(([name, values]) => [name, values.at(-1) ?? ""]));
}
