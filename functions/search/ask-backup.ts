import { compressed } from "../core/handle/readable-answer.ts";
import { servedByHeader } from "../core/http/answer.ts";
import type { GatewayRequest } from "../core/http/request.ts";
import { type Amended, amendForBackup } from "./amend-for-backup.ts";
import { type Asked, askCluster } from "./ask-cluster.ts";
import { forBackup, inPrimarysForm } from "./in-primarys-form.ts";
import type { SearchServices } from "./search-services.ts";

/** Content types, parameters, path: each may need one more try. */
const amendmentsMax = 4;

/**
 * Asks BACKUP in place of PRIMARY, for a client that speaks to PRIMARY's product and version: what BACKUP refuses
 * because it is another is asked in its words, and its answer takes PRIMARY's form where a client would stumble. For that
 * it must not be compressed, so the gateway compresses it where the client asked for that.
 */
export async function askBackup(request: GatewayRequest, services: SearchServices): Promise<Asked> {
  const { backup, primaryForm } = services;
  const closed = await services.backupGuard();
  if (closed !== undefined) return { kind: "unavailable", answer: undefined, reason: closed };
  const { "accept-encoding": _encoding, ...headers } = request.headers;
  let asking: GatewayRequest = forBackup({ ...request, headers }, primaryForm);
  let asked = await askCluster(backup, asking, services);
  const amendments: Amended[] = [];
  while (asked.kind === "answered" && amendments.length < amendmentsMax) {
    const amended = amendForBackup(asking, asked.answer, request);
    if (amended === undefined) break;
    amendments.unshift(amended);
    asking = amended.request;
    asked = await askCluster(backup, asking, services);
  }
  if (asked.kind !== "answered") {
    services.telemetry.count("backupErrors");
    return asked;
  }
  let { answer } = asked;
  for (const { answer: restore } of amendments) answer = restore?.(answer) ?? answer;
  const formed = inPrimarysForm(request, answer, primaryForm);
  const marked = { ...formed, headers: { ...formed.headers, [servedByHeader]: "backup" } };
  return { kind: "answered", answer: await compressed(marked, request) };
}
