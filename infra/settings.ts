import { type ClusterSettings, readCluster, SECRET_ARN } from "./cluster-settings.ts";
import { type NetworkSettings, readNetwork } from "./network-settings.ts";
import { readPassedOn } from "./passed-on-settings.ts";
import { createReader, type Reader, type SettingSources } from "./settings-reader.ts";

export interface GatewaySettings {
  readonly stackName: string;
  readonly stageName: string;
  readonly primary: ClusterSettings;
  readonly backup: ClusterSettings;
  readonly authMode: "basic" | "iam" | "passthrough";
  /** An existing secret for `basic`; without it the stack generates one. */
  readonly clientSecretArn: string | undefined;
  readonly enforceBulkRequestsOnly: boolean;
  readonly intents: "before" | "parallel" | "off";
  readonly recordEncoding: "brotli" | "gzip";
  readonly inlineRecordBytesMax: number;
  readonly retryPauseMaxSeconds: number;
  readonly replayConcurrencyMax: number;
  readonly responseStreaming: boolean;
  readonly requestsPerSecondMax: number;
  readonly requestBurstMax: number;
  readonly logLevel: "debug" | "info" | "warn" | "error";
  /** An SNS topic that every alarm tells. */
  readonly alarmTopicArn: string | undefined;
  /** Whether queues, bucket and secrets outlive the stack. */
  readonly retainData: boolean;
  /** Settings that the functions read and the stack only checks, by name; those that were set. */
  readonly passedOn: Readonly<Record<string, string>>;
  readonly network: NetworkSettings | undefined;
  /** The API's own name, and the certificate for it. */
  readonly domain: { readonly name: string; readonly certificateArn: string } | undefined;
  readonly webAclArn: string | undefined;
  /** The API answers through these VPC endpoints only; empty: to the internet. */
  readonly apiVpcEndpointIds: readonly string[];
  /** Encrypts queues, bucket and generated secrets instead of AWS's own keys. */
  readonly kmsKeyArn: string | undefined;
  /** Pollers that are always there, instead of those that SQS and Lambda scale by themselves. */
  readonly pollers: { readonly min: number; readonly max: number } | undefined;
  readonly writeReservedConcurrency: number | undefined;
  readonly searchReservedConcurrency: number | undefined;
  readonly logRetentionDays: number;
}

const TOPIC_ARN = /^arn:aws[\w-]*:sns:[\w-]+:\d{12}:[\w-]+$/;
const CERTIFICATE_ARN = /^arn:aws[\w-]*:acm:[\w-]+:\d{12}:certificate\/[\w-]+$/;
const DOMAIN_NAME = /^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$/;
const WEB_ACL_ARN = /^arn:aws[\w-]*:wafv2:[\w-]+:\d{12}:regional\/webacl\/.+$/;
const KMS_KEY_ARN = /^arn:aws[\w-]*:kms:[\w-]+:\d{12}:key\/[\w-]+$/;
/** CloudWatch Logs knows these. */
const RETENTION_DAYS = [
  "1",
  "3",
  "5",
  "7",
  "14",
  "30",
  "60",
  "90",
  "120",
  "150",
  "180",
  "365",
  "400",
  "545",
  "731",
];
const STACK_NAME = /^[A-Za-z][A-Za-z0-9-]{0,59}$/;
const STAGE_NAME = /^[A-Za-z0-9_-]{1,128}$/;

/**
 * Reads every setting, the environment before the context, an empty string as unset.
 * Throws one error that lists all problems, each with the setting's name and what to do.
 */
export function readSettings(sources: SettingSources): GatewaySettings {
  const reader = createReader(sources);
  const authMode = reader.choice(
    "AUTH_MODE",
    ["basic", "iam", "passthrough"],
    "basic",
    "none exists only on loopback",
  );
  const responseStreaming = reader.flag("RESPONSE_STREAMING", true);
  const settings: GatewaySettings = {
    stackName: reader.pattern("STACK_NAME", STACK_NAME, "letters, digits and hyphens") ?? "understudy",
    stageName: reader.pattern("STAGE_NAME", STAGE_NAME, "letters, digits, hyphens and underscores") ?? "live",
    primary: readCluster(reader, "PRIMARY"),
    backup: readCluster(reader, "BACKUP"),
    authMode,
    clientSecretArn: reader.pattern("CLIENT_SECRET_ARN", SECRET_ARN, "a complete Secrets Manager ARN"),
    enforceBulkRequestsOnly: reader.flag("ENFORCE_BULK_REQUESTS_ONLY", false),
    intents: reader.choice("INTENTS", ["before", "parallel", "off"], "before"),
    recordEncoding: reader.choice(
      "RECORD_ENCODING",
      ["brotli", "gzip"],
      "brotli",
      "plain exists only on the local host: SQS is paid for by the 64 KB",
    ),
    // 1 MiB is SQS's limit for body and attributes together; some room stays for the attributes.
    inlineRecordBytesMax: reader.integer("INLINE_RECORD_BYTES_MAX", 458_752, 1_024, 1_000_000),
    // SQS hides a message for 12 hours at most.
    retryPauseMaxSeconds: reader.integer("RETRY_PAUSE_MAX_SECONDS", 300, 1, 43_200),
    replayConcurrencyMax: reader.integer("REPLAY_MAX_CONCURRENCY", 10, 2, 1_000),
    responseStreaming,
    requestsPerSecondMax: reader.integer("API_MAX_QPS", 1_000, 1, 100_000),
    requestBurstMax: reader.integer("API_MAX_BURST", 2_000, 1, 100_000),
    logLevel: reader.choice("LOG_LEVEL", ["debug", "info", "warn", "error"], "info"),
    alarmTopicArn: reader.pattern("ALARM_TOPIC_ARN", TOPIC_ARN, "the ARN of an SNS topic"),
    retainData: reader.flag("RETAIN_DATA", true),
    passedOn: readPassedOn(reader, responseStreaming),
    network: readNetwork(reader),
    domain: readDomain(reader),
    webAclArn: reader.pattern("WEB_ACL_ARN", WEB_ACL_ARN, "the ARN of a regional WAF web ACL"),
    apiVpcEndpointIds: reader.list(
      "API_VPC_ENDPOINT_IDS",
      /^vpce-[0-9a-f]+$/,
      "ids of VPC endpoints for execute-api",
    ),
    kmsKeyArn: reader.pattern("KMS_KEY_ARN", KMS_KEY_ARN, "the ARN of a KMS key"),
    pollers: readPollers(reader),
    writeReservedConcurrency: reader.optionalInteger("WRITE_RESERVED_CONCURRENCY", 1, 10_000),
    searchReservedConcurrency: reader.optionalInteger("SEARCH_RESERVED_CONCURRENCY", 1, 10_000),
    logRetentionDays: Number(reader.choice("LOG_RETENTION_DAYS", RETENTION_DAYS, "30")),
  };
  if (settings.clientSecretArn !== undefined && authMode !== "basic") {
    reader.problem("CLIENT_SECRET_ARN", `has no meaning with AUTH_MODE=${authMode}; remove one of the two`);
  }
  if (settings.domain !== undefined && settings.apiVpcEndpointIds.length > 0) {
    reader.problem("DOMAIN_NAME", "cannot name a private API; unset it or API_VPC_ENDPOINT_IDS");
  }
  reader.finish();
  return settings;
}

function readDomain(reader: Reader): GatewaySettings["domain"] {
  const name = reader.pattern("DOMAIN_NAME", DOMAIN_NAME, "a host name in lower case");
  const certificateArn = reader.pattern("CERTIFICATE_ARN", CERTIFICATE_ARN, "the ARN of an ACM certificate");
  if (name !== undefined && certificateArn !== undefined) return { name, certificateArn };
  if (name !== undefined) reader.problem("DOMAIN_NAME", "needs CERTIFICATE_ARN as well; set it");
  if (certificateArn !== undefined) reader.problem("CERTIFICATE_ARN", "needs DOMAIN_NAME as well; set it");
  return undefined;
}

function readPollers(reader: Reader): GatewaySettings["pollers"] {
  const max = reader.optionalInteger("REPLAY_POLLERS_MAX", 2, 2_000);
  const min = reader.integer("REPLAY_POLLERS_MIN", 2, 2, 200);
  if (max === undefined) {
    if (reader.text("REPLAY_POLLERS_MIN") !== undefined) {
      reader.problem("REPLAY_POLLERS_MIN", "needs REPLAY_POLLERS_MAX as well; set it");
    }
    return undefined;
  }
  if (min > max) reader.problem("REPLAY_POLLERS_MIN", "must not be above REPLAY_POLLERS_MAX");
  if (reader.text("REPLAY_MAX_CONCURRENCY") !== undefined) {
    reader.problem(
      "REPLAY_MAX_CONCURRENCY",
      "and REPLAY_POLLERS_MAX exclude each other (each poller runs up to 10 functions); unset one of the two",
    );
  }
  return { min, max };
}
