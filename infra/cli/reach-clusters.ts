import type { Cluster } from "../../functions/core/cluster/port.ts";
import { clusterFrom } from "../../functions/core/runtime/clusters.ts";
import { type Environment, readConfig } from "../../functions/core/runtime/config.ts";
import { functionEnvironment } from "../local/host-settings.ts";
import { CannotTell } from "./cannot-tell.ts";
import type { GatewayStatus } from "./gateway-status.ts";

/** Both clusters, and what orders the operations on them. */
export interface ReachedClusters {
  readonly primary: Cluster;
  readonly backup: Cluster;
  readonly epoch: number;
  close(): Promise<void>;
}

/**
 * The clusters that the environment names, else those of the running gateway.
 * @throws CannotTell when neither names them, ConfigError for wrong settings.
 */
export function reachClusters(environment: Environment, status: GatewayStatus | undefined): ReachedClusters {
  const endpoints = {
    PRIMARY_ENDPOINT: environment["PRIMARY_ENDPOINT"] || status?.clusters.primary.endpoint,
    BACKUP_ENDPOINT: environment["BACKUP_ENDPOINT"] || status?.clusters.backup.endpoint,
  };
  if (!endpoints.PRIMARY_ENDPOINT || !endpoints.BACKUP_ENDPOINT) {
    throw new CannotTell(
      "PRIMARY_ENDPOINT and BACKUP_ENDPOINT are not set, and no running gateway was found that knows them.\n" +
        "Set both, or name the gateway's data directory with --data-dir.",
    );
  }
  // How clients are let in is the gateway's concern, not this command's.
  const config = readConfig(functionEnvironment({ ...environment, ...endpoints, AUTH_MODE: "none" }));
  const [primary, backup] = [
    clusterFrom("primary", config, "replay"),
    clusterFrom("backup", config, "replay"),
  ];
  return {
    primary,
    backup,
    epoch: config.operatorEpoch,
    async close() {
      await Promise.all([primary.close(), backup.close()]);
    },
  };
}
