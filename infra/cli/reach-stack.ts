import { S3Client } from "@aws-sdk/client-s3";
import { SQSClient } from "@aws-sdk/client-sqs";
import type { Environment } from "../../functions/core/runtime/config.ts";
import { reasonOf } from "../../functions/core/runtime/telemetry.ts";
import type { AwsAccount } from "./aws-query.ts";
import { CannotTell } from "./cannot-tell.ts";
import type { ReachedQueue } from "./reach-queue.ts";
import { readStackOutputs, type StackOutputs } from "./stack-outputs.ts";

/** A deployed stack, found by its name. */
export interface ReachedStack {
  readonly account: AwsAccount;
  readonly outputs: StackOutputs;
  readonly queue: ReachedQueue;
}

/**
 * Finds a deployed stack, with AWS credentials and a region from the usual places.
 * @throws CannotTell when there are none, or no such stack.
 */
export async function reachStack(stack: string, environment: Environment): Promise<ReachedStack> {
  const account = await accountOf(environment);
  const outputs = await readStackOutputs(stack, account);
  const { QueueUrl, DeadLetterQueueUrl, PayloadBucketName, PrimaryEndpoint, BackupEndpoint } = outputs;
  const queue = {
    ...reachUrls(QueueUrl, DeadLetterQueueUrl, PayloadBucketName, environment),
    place: `the stack ${stack}`,
    endpoints: { primary: PrimaryEndpoint, backup: BackupEndpoint },
  };
  return { account, outputs, queue };
}

/** The queues of a stack by their URLs. */
export function reachUrls(
  queueUrl: string,
  deadLetterQueueUrl: string,
  payloadBucket: string | undefined,
  environment: Environment,
): ReachedQueue {
  const region = /^https?:\/\/sqs\.([a-z0-9-]+)\./.exec(queueUrl)?.[1] ?? environment["AWS_REGION"];
  const settings = region === undefined ? {} : { region };
  // An endpoint that the environment names (a VPC endpoint, an emulator) counts more than the URL's host.
  const endpoint = environment["AWS_ENDPOINT_URL_SQS"] || environment["AWS_ENDPOINT_URL"];
  const sqs = new SQSClient({ ...settings, useQueueUrlAsEndpoint: !endpoint });
  const s3 = new S3Client({ ...settings, forcePathStyle: Boolean(endpoint) });
  return {
    place: queueUrl,
    sqs,
    s3,
    queueUrl,
    deadLetterQueueUrl,
    payloadBucket,
    payloadPrefix: environment["PAYLOAD_PREFIX"] || "payloads/",
    consumed: true,
    approximate: true,
    endpoints: undefined,
    async close() {
      sqs.destroy();
      s3.destroy();
    },
  };
}

/** Region and credentials as the AWS SDK finds them: variables, profile, role. */
async function accountOf(environment: Environment): Promise<AwsAccount> {
  const client = new SQSClient({});
  try {
    const { accessKeyId, secretAccessKey, sessionToken } = await client.config.credentials();
    const credentials = { accessKeyId, secretAccessKey, sessionToken };
    const region = await client.config.region();
    return { region, credentials, endpoint: environment["AWS_ENDPOINT_URL"] || undefined };
  } catch (error) {
    throw new CannotTell(
      `a stack is found with AWS credentials and a region, and one is missing: ${reasonOf(error)}\n` +
        "Set AWS_PROFILE and AWS_REGION, or what else the AWS SDK reads.",
    );
  } finally {
    client.destroy();
  }
}
