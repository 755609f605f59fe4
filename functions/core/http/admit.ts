import { timingSafeEqual } from "node:crypto";
import { basicAuthorization, type Login } from "../secret/login.ts";
import { type Answer, errorAnswer } from "./answer.ts";
import type { GatewayRequest } from "./request.ts";

/** Whether a request goes on, and in which form. */
export type Admission =
  | { readonly kind: "admitted"; readonly request: GatewayRequest }
  | { readonly kind: "refused"; readonly answer: Answer };

/** How callers are told apart. */
export interface Access {
  readonly authMode: "none" | "basic" | "passthrough";
  /** What clients send in the mode `basic`. */
  readonly client: Login | undefined;
}

/**
 * Lets in who may come in.
 * - `basic`: the gateway's own credentials, which end here: the clusters get the service's.
 * - `passthrough`: the client's credentials go to the clusters; without any there is nothing to pass.
 * - `none`: everybody; only for a gateway that listens on loopback.
 */
export function admit(request: GatewayRequest, access: Access): Admission {
  if (leavesItsFolder(request.path) || isUnescaped(request.path) || hasEmptySegment(request.path)) {
    const reason = `the path [${request.path.slice(0, 200)}] is not one that a cluster can have`;
    return { kind: "refused", answer: errorAnswer(400, "illegal_argument_exception", reason) };
  }
  const { authorization, ...headers } = request.headers;
  switch (access.authMode) {
    case "none":
      return { kind: "admitted", request };
    case "passthrough":
      return authorization === undefined
        ? unauthorized("credentials are missing")
        : { kind: "admitted", request };
    case "basic":
      return matches(authorization, access.client)
        ? { kind: "admitted", request: { ...request, headers } }
        : unauthorized("the gateway's credentials are missing or wrong");
  }
}

/** Refuses a caller whom nobody knows. */
export function unauthorized(reason: string): Admission {
  const answer = errorAnswer(401, "security_exception", reason);
  const headers = { ...answer.headers, "www-authenticate": 'Basic realm="understudy", charset="UTF-8"' };
  return { kind: "refused", answer: { ...answer, headers } };
}

function matches(authorization: string | string[] | undefined, client: Access["client"]): boolean {
  if (typeof authorization !== "string" || client === undefined) return false;
  const [given, wanted] = [Buffer.from(authorization), Buffer.from(basicAuthorization(client))];
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

/** Backslashes, dot segments and control characters, the latter two also encoded, and anything that is not a path. */
function leavesItsFolder(path: string): boolean {
  return !path.startsWith("/") || /(^|\/)(\.|%2e){1,2}(\/|$)|\\|\p{Cc}|%[01][0-9a-f]|%7f/iu.test(path);
}

/** Node sends no such path to a cluster. */
function isUnescaped(path: string): boolean {
  return /[^!-\u00ff]/.test(path);
}

/** Inside the path nobody can say what PRIMARY makes of one. Slashes at the end are harmless. */
function hasEmptySegment(path: string): boolean {
  return /\/\/[^/]/.test(path);
}
