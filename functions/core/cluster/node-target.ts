import { Agent as HttpAgent, type OutgoingHttpHeaders, type RequestOptions } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import type { ClusterRequest } from "./port.ts";
import type { ClusterSettings } from "./settings.ts";

/**
 * Idle sockets are closed after this time, so that it is not the other side that closes them while a request is on
 * its way. Load balancers and proxies wait for 60 s or longer; clusters themselves do not close.
 */
const idleSocketMs = 30_000;

/** What these say of the caller's connection is not true of ours. */
const ownHeaders = new Set(["connection", "content-length", "host", "transfer-encoding"]);

/** Where one node is, with its sockets, and how a request to it is written. */
export interface NodeTarget {
  readonly agent: HttpAgent;
  requestOptions(request: ClusterRequest): RequestOptions & { readonly connectTimeoutMs: number };
  /** Closes the sockets that no request is using. */
  closeIdleSockets(): void;
}

/**
 * Opens no socket by itself: the agent does with the first request, at most `maxConnectionPerNode` of them.
 * A path in the URL goes before every request's path; a request without `authorization` gets the settings'
 * credentials, else those in the URL.
 */
export function createTarget(url: URL, settings: ClusterSettings): NodeTarget {
  const sockets = { keepAlive: true, maxSockets: settings.maxConnectionPerNode, timeout: idleSocketMs };
  const secure = url.protocol === "https:";
  const agent = secure ? new HttpsAgent({ ...sockets, ...settings.tls }) : new HttpAgent(sockets);
  const address = {
    agent,
    protocol: url.protocol,
    hostname: url.hostname.replace(/^\[|\]$/g, ""),
    port: url.port,
    connectTimeoutMs: settings.connectTimeoutMs,
  };
  const prefix = url.pathname.replace(/\/$/, "");
  const authorization = basicAuthorization(url, settings);
  let usedAt = 0;

  const closeIdleSockets = () => {
    for (const free of Object.values(agent.freeSockets)) {
      for (const socket of free ?? []) socket.destroy();
    }
  };
  return {
    agent,
    requestOptions({ method, path, query, headers, body }) {
      // A frozen function's timers stand still while the other side closes: by the wall clock they are stale.
      if (Date.now() - usedAt > idleSocketMs) closeIdleSockets();
      usedAt = Date.now();
      return {
        ...address,
        method,
        path: query ? `${prefix}${path}?${query}` : `${prefix}${path}`,
        headers: writeHeaders(headers, body, authorization),
      };
    },
    closeIdleSockets,
  };
}

function writeHeaders(
  given: ClusterRequest["headers"],
  body: Buffer | undefined,
  authorization: string | undefined,
): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = {};
  let authorized = false;
  for (const [name, value] of Object.entries(given ?? {})) {
    const lowerCase = name.toLowerCase();
    if (ownHeaders.has(lowerCase)) continue;
    if (lowerCase === "authorization") authorized = true;
    headers[name] = typeof value === "string" ? value : [...value];
  }
  if (!authorized && authorization !== undefined) headers.authorization = authorization;
  if (body !== undefined) headers["content-length"] = body.length;
  return headers;
}

function basicAuthorization(url: URL, { auth }: ClusterSettings): string | undefined {
  const inUrl = { username: decodeURIComponent(url.username), password: decodeURIComponent(url.password) };
  const { username, password } = auth ?? inUrl;
  if (username === "") return undefined;
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}
