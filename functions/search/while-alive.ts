import { type Cluster, ClusterError } from "../core/cluster/port.ts";

/** A cluster that has not answered for that long is asked whether it is there at all, in milliseconds. */
const suspectAfterMs = 2000;
/** `GET /` costs a living cluster a millisecond. */
const proofTimeoutMs = 1500;

/**
 * Runs a request that may rightly take long. A slow search on a living cluster is waited for; a cluster
 * that is frozen or cut off (connections open, nothing answers) is given up after a few seconds, not after
 * the whole read timeout.
 * @throws ClusterError `timeout` when the cluster gives no sign of life; what `run` throws otherwise.
 */
export async function whileAlive<T>(cluster: Cluster, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const giveUp = new AbortController();
  let silent: unknown;
  const timer = setTimeout(async () => {
    silent = await signOfLife(cluster);
    if (silent !== undefined) giveUp.abort();
  }, suspectAfterMs);
  try {
    return await run(giveUp.signal);
  } catch (error) {
    if (silent === undefined) throw error;
    throw new ClusterError(cluster.name, "timeout", "it gives no sign of life", { cause: silent });
  } finally {
    clearTimeout(timer);
  }
}

/** Why the cluster seems dead; `undefined` when it answered anything at all. */
async function signOfLife(cluster: Cluster): Promise<unknown> {
  try {
    await cluster.send({ method: "GET", path: "/", timeoutMs: proofTimeoutMs });
    return undefined;
  } catch (error) {
    return error instanceof ClusterError && error.code === "limited" ? undefined : error;
  }
}
