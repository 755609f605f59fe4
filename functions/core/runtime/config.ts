import * as v from "valibot";
import type { Compression } from "../replication/compression.ts";
import { flag, oneOf, type SettingsReader, settingsReader, text, whole } from "./settings-reader.ts";
import {
  type AwsAccess,
  type ClientSecret,
  type ClusterAuth,
  type HandleKey,
  readAuth,
  readAws,
  readClient,
  readHandleKey,
} from "./sign-in-settings.ts";
import { logLevels } from "./telemetry.ts";

/** A cluster and how hard it may be pressed. Names in the environment: `PRIMARY_…` and `BACKUP_…`. */
export interface ClusterConfig {
  readonly endpoints: readonly URL[];
  readonly auth: ClusterAuth | undefined;
  readonly maxQpsPerNode: number;
  readonly maxBytesPerNode: number;
  readonly maxConnectionPerNode: number;
  readonly discovery: "off" | "once" | "refreshed";
  readonly caFile: string | undefined;
  readonly verifyTls: boolean;
}

/** All settings of the functions, validated. */
export interface Config {
  readonly primary: ClusterConfig;
  readonly backup: ClusterConfig;
  readonly enforceBulkRequestsOnly: boolean;
  readonly intents: "before" | "parallel" | "off";
  readonly operatorEpoch: number;
  readonly authMode: "none" | "basic" | "passthrough" | "iam";
  readonly client: ClientSecret | undefined;
  readonly handleKey: HandleKey | undefined;
  readonly aws: AwsAccess;
  readonly queueUrl: string;
  readonly deadLetterQueueUrl: string;
  readonly payloadBucket: string;
  readonly payloadPrefix: string;
  readonly intentPrefix: string;
  readonly recordEncoding: Compression | "plain";
  readonly inlineRecordBytesMax: number;
  readonly bodyBytesMax: number;
  readonly readTimeoutMs: number;
  readonly writeTimeoutMs: number;
  readonly limitWaitMs: number;
  readonly retryPauseMaxSeconds: number;
  readonly retryHoursMax: number;
  readonly intentAgeMs: number;
}

/** Settings are wrong or missing; the message lists every problem with the setting's name. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(`${problems.length} setting(s) to correct:\n${problems.map((p) => `  - ${p}`).join("\n")}`);
    this.problems = problems;
  }
}

/** An environment: names to values; an empty value counts as not set. */
export type Environment = Readonly<Record<string, string | undefined>>;

function isEndpoint(part: string): boolean {
  return URL.canParse(part) && /^https?:$/.test(new URL(part).protocol) && new URL(part).search === "";
}
const endpointList = v.pipe(
  v.string(),
  v.transform((list) => list.split(",").map((part) => part.trim())),
  v.everyItem(isEndpoint, "must be http:// or https:// URLs, separated by commas"),
  v.transform((parts) => parts.map((part) => new URL(part))),
);

function readCluster(prefix: "PRIMARY" | "BACKUP", read: SettingsReader): ClusterConfig {
  const hint = "give the cluster's URL, or the URLs of its nodes separated by commas";
  const nodes = read.required<readonly URL[]>(`${prefix}_ENDPOINT`, endpointList, [], hint);
  const once = read.withDefault(`${prefix}_DISCOVERY_ENABLED`, flag, false);
  const refreshed = read.withDefault(`${prefix}_DISCOVERY_REFRESH_ENABLED`, flag, false);
  return {
    endpoints: nodes,
    auth: readAuth(prefix, read),
    maxQpsPerNode: read.withDefault(`${prefix}_MAX_QPS_PER_NODE`, whole(1, 1e9), 10_000),
    maxBytesPerNode: read.withDefault(`${prefix}_MAX_BYTES_PER_NODE`, whole(1, 1e12), 104_857_600),
    maxConnectionPerNode: read.withDefault(`${prefix}_MAX_CONNECTION_PER_NODE`, whole(1, 1e5), 200),
    discovery: refreshed ? "refreshed" : once ? "once" : "off",
    caFile: read.optional(`${prefix}_CA_FILE`, text),
    verifyTls: read.withDefault(`${prefix}_TLS_VERIFY`, flag, true),
  };
}

function crossCheck(config: Config, problems: string[]): void {
  // Or the sweep takes intents of writes that still run, and nothing tells of them should the process die.
  if (config.intentAgeMs <= config.writeTimeoutMs) {
    problems.push("INTENT_AGE_SECONDS must be more than WRITE_TIMEOUT_SECONDS");
  }
  if (config.authMode === "basic" && config.client === undefined) {
    problems.push(
      "AUTH_MODE is basic: set CLIENT_USERNAME and CLIENT_PASSWORD, or CLIENT_SECRET_ARN: what clients are to send",
    );
  }
}

/**
 * The settings in an environment, with their defaults; the README's table describes each.
 * @throws ConfigError listing every problem at once.
 */
export function readConfig(environment: Environment): Config {
  const read = settingsReader(environment);
  const aws = "the stack and the local host set it";
  const megabytes = 1024 * 1024;
  const config: Config = {
    primary: readCluster("PRIMARY", read),
    backup: readCluster("BACKUP", read),
    enforceBulkRequestsOnly: read.withDefault("ENFORCE_BULK_REQUESTS_ONLY", flag, false),
    intents: read.withDefault("INTENTS", oneOf("before", "parallel", "off"), "before"),
    operatorEpoch: read.withDefault("OPERATOR_EPOCH", whole(0, 255), 0),
    authMode: read.withDefault("AUTH_MODE", oneOf("none", "basic", "passthrough", "iam"), "basic"),
    client: readClient(read),
    handleKey: readHandleKey(read),
    aws: readAws(environment, read),
    queueUrl: read.required("QUEUE_URL", text, "", aws),
    deadLetterQueueUrl: read.required("DEAD_LETTER_QUEUE_URL", text, "", aws),
    payloadBucket: read.required("PAYLOAD_BUCKET", text, "", aws),
    payloadPrefix: read.withDefault("PAYLOAD_PREFIX", text, "payloads/"),
    intentPrefix: read.withDefault("INTENT_PREFIX", text, "intents/"),
    recordEncoding: read.withDefault("RECORD_ENCODING", oneOf("brotli", "gzip", "plain"), "brotli"),
    inlineRecordBytesMax: read.withDefault("INLINE_RECORD_BYTES_MAX", whole(1024, 1_000_000), 458_752),
    bodyBytesMax: read.withDefault("BODY_BYTES_MAX", whole(1024, 100 * megabytes), 100 * megabytes),
    readTimeoutMs: 1000 * read.withDefault("READ_TIMEOUT_SECONDS", whole(1, 900), 12),
    writeTimeoutMs: 1000 * read.withDefault("WRITE_TIMEOUT_SECONDS", whole(1, 900), 25),
    limitWaitMs: read.withDefault("LIMIT_WAIT_MS", whole(0, 60_000), 1000),
    retryPauseMaxSeconds: read.withDefault("RETRY_PAUSE_MAX_SECONDS", whole(1, 43_200), 300),
    retryHoursMax: read.withDefault("RETRY_HOURS_MAX", whole(1, 90), 72),
    intentAgeMs: 1000 * read.withDefault("INTENT_AGE_SECONDS", whole(1, 86_400), 120),
  };
  // The log needs its level before there is a configuration; here it is only checked.
  read.optional("LOG_LEVEL", v.pipe(v.string(), v.toLowerCase(), oneOf(...logLevels)));
  crossCheck(config, read.problems);
  if (read.problems.length > 0) throw new ConfigError(read.problems);
  return config;
}
