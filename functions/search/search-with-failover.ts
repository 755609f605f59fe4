import { handleUse } from "../core/handle/handle-use.ts";
import type { GatewayRequest } from "../core/http/request.ts";
import { classify } from "../core/routing/classify.ts";
import { firstAvailable } from "./first-available.ts";
import type { ReadAnswer } from "./first-part.ts";
import { isSniffing, withOwnAddress } from "./own-address.ts";
import { readWithHandles } from "./read-with-handles.ts";
import type { SearchServices } from "./search-services.ts";

/**
 * PRIMARY's answer; while PRIMARY is unavailable BACKUP's, within the same request, marked with
 * `x-understudy-served-by`. An answer with any other status, 4xx above all, is an answer. What continues a
 * scroll, a point in time and the like goes to the cluster that began it. A client that sniffs finds the gateway.
 */
export async function searchWithFailover(
  request: GatewayRequest,
  services: SearchServices,
): Promise<ReadAnswer> {
  services.telemetry.count("reads");
  const use = handleUse(request.method, request.path);
  if (use !== undefined) return readWithHandles(request, use, services);
  const { kind } = classify(request.method, request.path);
  const ask = async (asked: GatewayRequest) =>
    (await firstAvailable(asked, kind === "read", services)).answer;
  return isSniffing(request) ? withOwnAddress(request, ask) : ask(request);
}
