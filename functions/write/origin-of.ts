import type { GatewayRequest } from "../core/http/request.ts";
import type { Origin } from "../core/replication/record.ts";

/** What intents and records say of the request that they come from. */
export function originOf({ receivedMs, requestId }: GatewayRequest): Origin {
  return { writtenAtMs: receivedMs, requestId };
}
