import type { Cluster } from "../../functions/core/cluster/port.ts";

/** What a status says of a cluster; what it is, where it says so. */
export interface ClusterDescription {
  readonly product: string | undefined;
  readonly version: string | undefined;
  readonly state: "up" | "down";
}

/** Whether a cluster answers in time, and what it is. Never rejects. */
export async function describeCluster(cluster: Cluster, timeoutMs = 1000): Promise<ClusterDescription> {
  const ping = cluster.send({ method: "GET", path: "/", timeoutMs });
  // Elasticsearch's minimal distributions from 8 on answer 405 to `GET /`.
  const up = await ping.then(
    ({ status }) => status < 500,
    () => false,
  );
  const release = up ? await cluster.release().catch(() => undefined) : undefined;
  return { product: release?.product, version: release?.version, state: up ? "up" : "down" };
}
