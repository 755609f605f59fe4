import { readFileSync } from "node:fs";
import {
  authorizing,
  type Credentials,
  loginCredentials,
  secretCredentials,
  sigv4Credentials,
} from "../cluster/credentials.ts";
import { createCluster } from "../cluster/opensearch-cluster.ts";
import type { Cluster, ClusterName } from "../cluster/port.ts";
import { clusterAuthorization } from "../secret/login.ts";
import { type ClusterConfig, type Config, ConfigError } from "./config.ts";
import { secretIn } from "./secrets.ts";
import type { AwsAccess, ClusterAuth } from "./sign-in-settings.ts";
import { reasonOf } from "./telemetry.ts";

/** Who is waiting for the cluster: a client, for a bounded time; or replay, which only slows down. */
export type Patience = "client" | "replay";

const connectTimeoutMs = 2000;

/**
 * The adapter for one cluster, from the configuration. `warn` hears of a secret that could not be read again.
 * @throws ConfigError where the file of its certificate authorities cannot be read.
 */
export function clusterFrom(
  name: ClusterName,
  config: Config,
  patience: Patience,
  warn: (error: unknown) => void = () => {},
): Cluster {
  const { endpoints, auth, maxQpsPerNode, maxBytesPerNode, maxConnectionPerNode, discovery } = config[name];
  return createCluster({
    name,
    endpoints,
    ...(auth !== undefined && { credentials: credentialsFrom(auth, config.aws, warn) }),
    maxQpsPerNode,
    maxBytesPerNode,
    maxConnectionPerNode,
    discovery,
    requestTimeoutMs: patience === "client" ? config.readTimeoutMs : config.writeTimeoutMs,
    connectTimeoutMs,
    limitWaitMs: patience === "client" ? config.limitWaitMs : Number.POSITIVE_INFINITY,
    tls: tlsFrom(name, config[name]),
  });
}

function credentialsFrom(auth: ClusterAuth, aws: AwsAccess, warn: (error: unknown) => void): Credentials {
  switch (auth.kind) {
    case "login":
      return loginCredentials(auth.login);
    case "secret":
      return secretCredentials(
        secretIn(auth.arn, (text) => authorizing(clusterAuthorization(text)), aws, warn),
      );
    case "sigv4":
      return sigv4Credentials(auth, aws.credentials, Date.now);
  }
}

function tlsFrom(name: ClusterName, { caFile, verifyTls }: ClusterConfig) {
  return { rejectUnauthorized: verifyTls, ...(caFile !== undefined && { ca: readCa(name, caFile) }) };
}

function readCa(name: ClusterName, caFile: string): string {
  try {
    return readFileSync(caFile, "utf8");
  } catch (error) {
    throw new ConfigError([`${name.toUpperCase()}_CA_FILE [${caFile}] cannot be read: ${reasonOf(error)}`]);
  }
}
