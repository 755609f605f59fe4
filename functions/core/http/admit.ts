import { timingSafeEqual } from "node:crypto";
import type { Config } from "../runtime/config.ts";
import { type Answer, errorAnswer } from "./answer.ts";
import type { GatewayRequest } from "./request.ts";

/** Whether a request goes on, and in which form. */
export type Admission =
  | { readonly kind: "admitted"; readonly request: GatewayRequest }
  | { readonly kind: "refused"; readonly answer: Answer };

/**
 * Lets in who may come in.
 * - `basic`: the gateway's own credentials, which end here: the clusters get the service's.
 * - `passthrough`: the client's credentials go to the clusters; without any there is nothing to pass.
 * - `none`: everybody; only for a gateway that listens on loopback.
 */
export function admit(request: GatewayRequest, config: Pick<Config, "authMode" | "client">): Admission {
  if (leavesItsFolder(request.path) || hasEmptySegment(request.path)) {
    const reason = `the path [${request.path.slice(0, 200)}] is not one that a cluster can have`;
    return { kind: "refused", answer: errorAnswer(400, "illegal_argument_exception", reason) };
  }
  const { authorization, ...headers } = request.headers;
  switch (config.authMode) {
    case "none":
      return { kind: "admitted", request };
    case "passthrough":
      return authorization === undefined
        ? unauthorized("credentials are missing")
        : { kind: "admitted", request };
    case "basic":
      return matches(authorization, config.client)
        ? { kind: "admitted", request: { ...request, headers } }
        : unauthorized("the gateway's credentials are missing or wrong");
  }
}

function unauthorized(reason: string): Admission {
  const answer = errorAnswer(401, "security_exception", reason);
  const headers = { ...answer.headers, "www-authenticate": 'Basic realm="understudy", charset="UTF-8"' };
  return { kind: "refused", answer: { ...answer, headers } };
}

function matches(authorization: string | string[] | undefined, client: Config["client"]): boolean {
  if (typeof authorization !== "string" || client === undefined) return false;
  const expected = `Basic ${Buffer.from(`${client.username}:${client.password}`).toString("base64")}`;
  const [given, wanted] = [Buffer.from(authorization), Buffer.from(expected)];
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

/** Dot segments, backslashes and control characters, plain or encoded, and anything that is not a path. */
function leavesItsFolder(path: string): boolean {
  return !path.startsWith("/") || /(^|\/)(\.|%2e){1,2}(\/|$)|\\|\p{Cc}|%[01][0-9a-f]|%7f/iu.test(path);
}

/** Inside the path nobody can say what PRIMARY makes of one. Slashes at the end are harmless. */
function hasEmptySegment(path: string): boolean {
  return /\/\/[^/]/.test(path);
}
