import type { ClusterName } from "../core/cluster/port.ts";
import { errorAnswer } from "../core/http/answer.ts";
import type { GatewayRequest } from "../core/http/request.ts";
import { askBackup } from "./ask-backup.ts";
import { askPrimary } from "./ask-primary.ts";
import type { ReadAnswer } from "./first-part.ts";
import type { SearchServices } from "./search-services.ts";
import { waitMs } from "./waits.ts";

/** An answer, and the cluster that gave it: `undefined` for the gateway's own. */
export interface Served {
  readonly answer: ReadAnswer;
  readonly by: ClusterName | undefined;
}

/** PRIMARY, else BACKUP where that may be; where not, PRIMARY has the time of both, or as long as it is asked to wait. */
export async function firstAvailable(
  request: GatewayRequest,
  fallsBack: boolean,
  services: SearchServices,
): Promise<Served> {
  const readTimeoutMs = fallsBack
    ? services.readTimeoutMs
    : Math.max(2 * services.readTimeoutMs, Math.min(waitMs(request.query), services.waitMaxMs));
  const primary = await askPrimary(request, fallsBack, { ...services, readTimeoutMs });
  if (primary.kind === "answered") return { answer: primary.answer, by: "primary" };
  if (primary.kind === "limited") return { answer: primary.answer, by: undefined };
  if (!fallsBack) return { answer: primary.answer ?? noAnswer(primary.reason), by: undefined };
  const backup = await askBackup(request, services);
  if (backup.kind === "answered") {
    services.telemetry.count("fallbacks");
    return { answer: backup.answer, by: "backup" };
  }
  const reason = `neither cluster is available; PRIMARY: ${primary.reason}`;
  const answer =
    primary.answer ??
    noAnswer(backup.kind === "unavailable" ? `${reason}; BACKUP: ${backup.reason}` : reason);
  return { answer, by: undefined };
}

function noAnswer(reason: string): ReadAnswer {
  return errorAnswer(503, "cluster_unavailable_exception", reason);
}
