import type { GatewayRequest } from "../core/http/request.ts";
import { type Asked, askCluster } from "./ask-cluster.ts";
import type { SearchServices } from "./search-services.ts";

/**
 * Asks PRIMARY. Where something else can be done, a PRIMARY that failed a moment ago is passed by, so that not
 * every request waits for it again.
 */
export async function askPrimary(
  request: GatewayRequest,
  mayPassBy: boolean,
  services: SearchServices,
): Promise<Asked> {
  const { primary, primaryHealth, primaryForm } = services;
  if (mayPassBy && primaryHealth.isDown()) {
    return { kind: "unavailable", answer: undefined, reason: "it failed a moment ago" };
  }
  const asked = await askCluster(primary, request, services);
  // A 503 may be about one index only, a limit of our own says nothing of PRIMARY, and what nobody else may answer may
  // wait on purpose (`_cluster/health?wait_for_status`): that is no reason to pass PRIMARY by with searches.
  const waited = asked.kind === "unavailable" && asked.code === "timeout" && !mayPassBy;
  if (asked.kind === "unavailable" && asked.answer?.status !== 503 && !waited) primaryHealth.failed();
  if (asked.kind === "unavailable") services.telemetry.count("primaryErrors");
  if (asked.kind === "answered") {
    primaryHealth.succeeded();
    primaryForm.learn(request, asked.answer);
  }
  return asked;
}
