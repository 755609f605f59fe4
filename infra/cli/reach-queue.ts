import { S3Client } from "@aws-sdk/client-s3";
import { SQSClient } from "@aws-sdk/client-sqs";
import type { Environment } from "../../functions/core/runtime/config.ts";
import { reasonOf } from "../../functions/core/runtime/telemetry.ts";
import { bucket, deadLetterQueue, queueUrlPrefix, recordsQueue } from "../local/host-settings.ts";
import { s3Path } from "../local/s3-endpoint.ts";
import { sqsPath } from "../local/sqs-endpoint.ts";
import { type Options, textOption } from "./arguments.ts";
import { CannotTell } from "./cannot-tell.ts";
import { dataDirOf } from "./data-dir.ts";
import { gatewayAuthorization } from "./gateway-credentials.ts";
import { findGateway } from "./gateway-file.ts";
import { type GatewayStatus, readGatewayStatus } from "./gateway-status.ts";
import { openDataDirectory } from "./open-data-directory.ts";
import { reachStack, reachUrls } from "./reach-stack.ts";

/** Where the clusters are. */
export interface Endpoints {
  readonly primary: string;
  readonly backup: string;
}

/** The queue, its dead letters and the payloads, wherever they are. */
export interface ReachedQueue {
  /** For a person. */
  readonly place: string;
  readonly sqs: SQSClient;
  readonly s3: S3Client;
  readonly queueUrl: string;
  readonly deadLetterQueueUrl: string;
  /** `undefined`: payloads are out of reach. */
  readonly payloadBucket: string | undefined;
  readonly payloadPrefix: string;
  /** Whether something is known to apply the records. On AWS the replay function is taken for granted. */
  readonly consumed: boolean;
  /** Depths are estimates (SQS): one look at an empty queue does not prove it empty. */
  readonly approximate: boolean;
  /** The clusters', as the running local gateway or the stack says; `undefined` where nobody said. */
  readonly endpoints: Endpoints | undefined;
  close(): Promise<void>;
}

/**
 * Finds the queue: a deployed stack's where its name or its queues' URLs are given, else that of the gateway which
 * serves the data directory, else the directory itself.
 * @throws CannotTell when there is none, saying what to set.
 */
export async function reachQueue(options: Options, environment: Environment): Promise<ReachedQueue> {
  const stack = textOption(options, "stack");
  if (stack !== undefined) return (await reachStack(stack, environment)).queue;
  const queueUrl = textOption(options, "queue-url") || environment["QUEUE_URL"];
  const deadLetterQueueUrl =
    textOption(options, "dead-letter-queue-url") || environment["DEAD_LETTER_QUEUE_URL"];
  if (queueUrl && deadLetterQueueUrl) {
    const payloadBucket = textOption(options, "payload-bucket") || environment["PAYLOAD_BUCKET"] || undefined;
    return reachUrls(queueUrl, deadLetterQueueUrl, payloadBucket, environment);
  }
  if (queueUrl || deadLetterQueueUrl) {
    throw new CannotTell(
      "Only one of --queue-url and --dead-letter-queue-url is given: a stack has both among its outputs. --stack NAME finds them.",
    );
  }
  return reachDataDirectory(dataDirOf(options, environment), environment);
}

async function reachDataDirectory(dataDir: string, environment: Environment): Promise<ReachedQueue> {
  const gateway = findGateway(dataDir);
  const status = gateway && (await readGatewayStatus(gateway.url, environment));
  if (gateway !== undefined && status !== undefined) return reachGateway(gateway.url, status, environment);
  const { sqs, s3, close } = await openDataDirectory(dataDir);
  return {
    ...embedded,
    place: `${dataDir} (no gateway runs there)`,
    sqs,
    s3,
    payloadPrefix: prefixIn(environment),
    consumed: false,
    endpoints: undefined,
    close,
  };
}

function prefixIn(environment: Environment): string {
  return environment["PAYLOAD_PREFIX"] || "payloads/";
}

const embedded = {
  queueUrl: queueUrlPrefix + recordsQueue,
  deadLetterQueueUrl: queueUrlPrefix + deadLetterQueue,
  payloadBucket: bucket,
  approximate: false,
};

async function reachGateway(
  url: string,
  status: GatewayStatus,
  environment: Environment,
): Promise<ReachedQueue> {
  const shared = {
    region: "us-east-1",
    credentials: { accessKeyId: "embedded", secretAccessKey: "embedded" },
    ...basicSigner(environment),
  };
  const sqs = new SQSClient({ ...shared, endpoint: url + sqsPath, useQueueUrlAsEndpoint: false });
  const s3 = new S3Client({ ...shared, endpoint: url + s3Path, forcePathStyle: true });
  return {
    ...embedded,
    place: `the gateway at ${url}`,
    sqs,
    s3,
    payloadPrefix: prefixIn(environment),
    consumed: true,
    endpoints: { primary: status.clusters.primary.endpoint, backup: status.clusters.backup.endpoint },
    async close() {
      sqs.destroy();
      s3.destroy();
    },
  };
}

/** A gateway with AUTH_MODE basic wants its own credentials instead of a signature. */
function basicSigner(environment: Environment) {
  const authorization = gatewayAuthorization(environment);
  if (authorization === undefined) return {};
  const sign = async <T extends { headers: Record<string, string> }>(request: T): Promise<T> => {
    request.headers["authorization"] = authorization;
    return request;
  };
  return { signer: { sign } };
}

/** What an AWS SDK client threw, in words that say what to do. */
export function queueFailure(place: string, error: unknown): CannotTell {
  const name = error instanceof Error ? error.name : "";
  const advice = /Credentials|Token|AccessDenied|security_exception|^403$|Unknown/i.test(name)
    ? "Check the credentials: AWS's usual ones for a stack, CLIENT_USERNAME and CLIENT_PASSWORD for a gateway with AUTH_MODE basic."
    : "Check --stack, --queue-url and --dead-letter-queue-url, or --data-dir.";
  return new CannotTell(`the queue (${place}) cannot be used: ${name} ${reasonOf(error)}\n${advice}`);
}
