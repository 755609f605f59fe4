import { readFileSync } from "node:fs";
import { createCluster } from "../cluster/opensearch-cluster.ts";
import type { Cluster, ClusterName } from "../cluster/port.ts";
import type { ClusterConfig, Config } from "./config.ts";

/** Who is waiting for the cluster: a client, for a bounded time; or replay, which only slows down. */
export type Patience = "client" | "replay";

const connectTimeoutMs = 2000;

/** The adapter for one cluster, from the configuration. */
export function clusterFrom(name: ClusterName, config: Config, patience: Patience): Cluster {
  const { endpoints, auth, maxQpsPerNode, maxBytesPerNode, maxConnectionPerNode, discovery } = config[name];
  return createCluster({
    name,
    endpoints,
    ...(auth !== undefined && { auth }),
    maxQpsPerNode,
    maxBytesPerNode,
    maxConnectionPerNode,
    discovery,
    requestTimeoutMs: patience === "client" ? config.readTimeoutMs : config.writeTimeoutMs,
    connectTimeoutMs,
    limitWaitMs: patience === "client" ? config.limitWaitMs : Number.POSITIVE_INFINITY,
    tls: tlsFrom(config[name]),
  });
}

function tlsFrom({ caFile, verifyTls }: ClusterConfig) {
  return {
    rejectUnauthorized: verifyTls,
    ...(caFile !== undefined && { ca: readFileSync(caFile, "utf8") }),
  };
}
