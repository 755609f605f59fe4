import type { Environment } from "../../functions/core/runtime/config.ts";

/** The `authorization` that a gateway with AUTH_MODE basic wants; `undefined` where none is set. */
export function gatewayAuthorization(environment: Environment): string | undefined {
  const [username, password] = [environment["CLIENT_USERNAME"], environment["CLIENT_PASSWORD"]];
  if (!username || !password) return undefined;
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}
