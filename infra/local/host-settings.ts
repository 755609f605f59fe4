import { isIP } from "node:net";
import { resolve } from "node:path";
import { ConfigError, type Environment } from "../../functions/core/runtime/config.ts";
import type { QueueDefinition } from "./embedded/open-queues.ts";

/** What only the local host reads; everything else the functions read for themselves. */
export interface HostSettings {
  readonly host: string;
  readonly port: number;
  readonly dataDir: string;
  /** Neither cluster is named: two real ones are started. */
  readonly startsServers: boolean;
}

export const recordsQueue = "understudy-records";
export const deadLetterQueue = "understudy-dead-letters";
export const bucket = "understudy-payloads";

const retentionSeconds = 14 * 24 * 3600;

/** As the stack configures them; attempts are counted by replay, the redrive policy is only the net. */
export const queues: readonly QueueDefinition[] = [
  {
    name: recordsQueue,
    visibilityTimeoutSeconds: 150,
    retentionSeconds,
    redrive: { deadLetterQueue, maxReceiveCount: 100_000 },
  },
  { name: deadLetterQueue, visibilityTimeoutSeconds: 60, retentionSeconds },
];

/** Where the AWS SDK finds the embedded queues. */
export const queueUrlPrefix = "https://sqs.us-east-1.amazonaws.com/000000000000/";

/**
 * The host's settings from the environment.
 * @throws ConfigError listing every problem at once.
 */
export function readHostSettings(environment: Environment): HostSettings {
  const problems: string[] = [];
  const port = environment["PORT"] || "18000";
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535)
    problems.push(`PORT must be 0 to 65535; it is [${port}]`);
  const host = environment["HOST"] || "127.0.0.1";
  const mode = environment["AUTH_MODE"] || "none";
  if (mode === "none" && !isLoopback(host)) {
    problems.push(
      `HOST is [${host}], which others can reach: set AUTH_MODE to basic or passthrough, or HOST to 127.0.0.1`,
    );
  }
  if (mode === "iam") problems.push("AUTH_MODE iam exists only behind API Gateway; set basic or passthrough");
  const named = ["PRIMARY_ENDPOINT", "BACKUP_ENDPOINT"].filter((name) => (environment[name] ?? "") !== "");
  if (named.length === 1) {
    problems.push(
      `${named[0]} is set and the other endpoint is not: set both, or neither to have two servers started`,
    );
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return {
    host,
    port: Number(port),
    dataDir: resolve(environment["DATA_DIR"] || ".data"),
    startsServers: named.length === 0,
  };
}

/** Whether only this machine can reach who listens there. No name but `localhost` is taken for one that is. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}

/**
 * The environment that the functions get here. What the stack sets on AWS is set for the embedded engines;
 * what costs nothing on one machine is not saved: no compression, short pauses.
 */
export function functionEnvironment(environment: Environment): Environment {
  return {
    // The SDK's notice that it will need Node 22 one day is not for whoever runs a gateway.
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true",
    AUTH_MODE: "none",
    RECORD_ENCODING: "plain",
    INLINE_RECORD_BYTES_MAX: "65536",
    RETRY_PAUSE_MAX_SECONDS: "5",
    INTENT_AGE_SECONDS: "35",
    // PRIMARY's own limit for waiting (for a master, for active shards) is 30 s: its answer is to come first.
    WRITE_TIMEOUT_SECONDS: "32",
    ...withoutEmpty(environment),
    QUEUE_URL: queueUrlPrefix + recordsQueue,
    DEAD_LETTER_QUEUE_URL: queueUrlPrefix + deadLetterQueue,
    PAYLOAD_BUCKET: bucket,
  };
}

function withoutEmpty(environment: Environment): Environment {
  return Object.fromEntries(
    Object.entries(environment).filter(([, value]) => value !== undefined && value !== ""),
  );
}
