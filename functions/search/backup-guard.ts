import { type Cluster, ClusterError } from "../core/cluster/port.ts";

/** How long an observation holds, in milliseconds. */
const freshMs = 60_000;
const probeTimeoutMs = 1500;

/** Why BACKUP may not be asked; `undefined` where it may. */
export type BackupGuard = () => Promise<string | undefined>;

/** Where the gateway itself knows its callers. */
export const openGuard: BackupGuard = async () => undefined;

/**
 * For `passthrough`, where nobody but a cluster checks a caller's credentials: with PRIMARY away that is BACKUP. One
 * that answers a stranger checks nobody, and would show everything to everyone.
 * `now` is in milliseconds.
 */
export function createBackupGuard(backup: Cluster, now: () => number): BackupGuard {
  let checkedUntil = Number.NEGATIVE_INFINITY;
  let reason: string | undefined;
  return async () => {
    if (now() < checkedUntil) return reason;
    const asksForCredentials = await refusesStrangers(backup);
    if (asksForCredentials === undefined) return "it did not say whether it asks for credentials";
    checkedUntil = now() + freshMs;
    reason = asksForCredentials
      ? undefined
      : "it asks nobody for credentials, and with AUTH_MODE passthrough nobody else does";
    return reason;
  };
}

/** `undefined` where BACKUP does not tell. It is asked for what is guarded, a search, at the least cost. */
async function refusesStrangers(backup: Cluster): Promise<boolean | undefined> {
  try {
    // An empty value: without any the service's own would be sent.
    const headers = { authorization: "" };
    const { status } = await backup.send({
      method: "GET",
      path: "/_search",
      query: "size=0&terminate_after=1&filter_path=took",
      headers,
      timeoutMs: probeTimeoutMs,
    });
    if (status === 401 || status === 403) return true;
    return status === 429 || status >= 500 ? undefined : false;
  } catch (error) {
    if (error instanceof ClusterError) return undefined;
    throw error;
  }
}
