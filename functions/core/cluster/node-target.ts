import { Agent as HttpAgent, type OutgoingHttpHeaders, type RequestOptions } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { basicAuthorization } from "../secret/login.ts";
import { authorizing, type Signer } from "./credentials.ts";
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
  /** `sign` as far as the request has no `authorization` of its own. */
  requestOptions(
    request: ClusterRequest,
    sign: Signer | undefined,
  ): RequestOptions & { readonly connectTimeoutMs: number };
  /** Closes the sockets that no request is using. */
  closeIdleSockets(): void;
}

/**
 * Opens no socket by itself: the agent does with the first request, at most `maxConnectionPerNode` of them.
 * A path in the URL goes before every request's path; a request that nothing else signs gets the credentials in
 * the URL.
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
  const signInUrl = signerInUrl(url);
  let usedAt = 0;

  const closeIdleSockets = () => {
    for (const free of Object.values(agent.freeSockets)) {
      for (const socket of free ?? []) socket.destroy();
    }
  };
  return {
    agent,
    requestOptions({ method, path, query, headers, body }, sign = signInUrl) {
      // A frozen function's timers stand still while the other side closes: by the wall clock they are stale.
      if (Date.now() - usedAt > idleSocketMs) closeIdleSockets();
      usedAt = Date.now();
      const target = query ? `${prefix}${path}?${query}` : `${prefix}${path}`;
      const written = writeHeaders(headers, body);
      if (sign !== undefined && !hasAuthorization(headers)) {
        Object.assign(written, sign({ host: url.host, method, path: target, body }));
      }
      return { ...address, method, path: target, headers: written };
    },
    closeIdleSockets,
  };
}

/** Whether a request signs in by itself. */
export function hasAuthorization(headers: ClusterRequest["headers"]): boolean {
  return Object.keys(headers ?? {}).some((name) => name.toLowerCase() === "authorization");
}

function writeHeaders(given: ClusterRequest["headers"], body: ClusterRequest["body"]): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = {};
  for (const [name, value] of Object.entries(given ?? {})) {
    if (!ownHeaders.has(name.toLowerCase())) headers[name] = typeof value === "string" ? value : [...value];
  }
  if (body !== undefined) headers["content-length"] = body.length;
  return headers;
}

function signerInUrl(url: URL): Signer | undefined {
  const login = { username: decodeURIComponent(url.username), password: decodeURIComponent(url.password) };
  return login.username === "" ? undefined : authorizing(basicAuthorization(login));
}
