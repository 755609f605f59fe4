import type { Cluster } from "../../functions/core/cluster/port.ts";
import { clusterFrom } from "../../functions/core/runtime/clusters.ts";
import { type Environment, readConfig } from "../../functions/core/runtime/config.ts";
import { functionEnvironment } from "../local/host-settings.ts";
import { CannotTell } from "./cannot-tell.ts";
import type { Endpoints } from "./reach-queue.ts";

/** Both clusters, and what orders the operations on them. */
export interface ReachedClusters {
  readonly primary: Cluster;
  readonly backup: Cluster;
  readonly epoch: number;
  close(): Promise<void>;
}

const reachTimeoutMs = 5000;

/**
 * The clusters that the environment names, else those of the running gateway or the stack; both have answered.
 * @throws CannotTell when nobody names them, ConfigError for wrong settings, ClusterError when one is away.
 */
export async function reachClusters(
  environment: Environment,
  known: Endpoints | undefined,
): Promise<ReachedClusters> {
  const clusters = openClusters(environment, known);
  const { primary, backup, close } = clusters;
  try {
    const ping = { method: "GET", path: "/", timeoutMs: reachTimeoutMs };
    await Promise.all([primary.send(ping), backup.send(ping)]);
    return clusters;
  } catch (error) {
    await close();
    throw error;
  }
}

/**
 * The same clusters, whether they answer or not.
 * @throws CannotTell when nobody names them, ConfigError for wrong settings.
 */
export function openClusters(environment: Environment, known: Endpoints | undefined): ReachedClusters {
  const endpoints = {
    PRIMARY_ENDPOINT: environment["PRIMARY_ENDPOINT"] || known?.primary,
    BACKUP_ENDPOINT: environment["BACKUP_ENDPOINT"] || known?.backup,
  };
  if (!endpoints.PRIMARY_ENDPOINT || !endpoints.BACKUP_ENDPOINT) {
    throw new CannotTell(
      "PRIMARY_ENDPOINT and BACKUP_ENDPOINT are not set, and no running gateway was found that knows them.\n" +
        "Set both, or name the gateway's data directory with --data-dir, or a stack with --stack.",
    );
  }
  // How clients are let in is the gateway's concern, not this command's.
  const config = readConfig(functionEnvironment({ ...environment, ...endpoints, AUTH_MODE: "none" }));
  const [primary, backup] = [
    clusterFrom("primary", config, "replay"),
    clusterFrom("backup", config, "replay"),
  ];
  const close = async () => {
    await Promise.all([primary.close(), backup.close()]);
  };
  return { primary, backup, epoch: config.operatorEpoch, close };
}
