import type { Cluster } from "../../functions/core/cluster/port.ts";
import { isIntent } from "../../functions/core/intent/intents.ts";
import { createS3ObjectStore } from "../../functions/core/payload/s3-object-store.ts";
import { createSqsQueue } from "../../functions/core/queue/sqs-queue.ts";
import type { Environment } from "../../functions/core/runtime/config.ts";
import { describeCluster } from "../local/describe-cluster.ts";
import { CannotTell } from "./cannot-tell.ts";
import type { GatewayStatus } from "./gateway-status.ts";
import { openClusters } from "./reach-clusters.ts";
import { type ReachedStack, reachStack } from "./reach-stack.ts";
import { readStackMetrics, type StackMetrics } from "./stack-metrics.ts";
import type { Terminal } from "./terminal.ts";

const intentPrefix = "intents/";
const intentsCounted = 100_000;
const pingTimeoutMs = 3000;

/**
 * What is known of a deployed stack, in the form of a gateway's own status: its queues and its bucket are asked, the
 * clusters from here, CloudWatch for what the functions counted in the last hour.
 * @throws CannotTell when there is no such stack; what the AWS SDK throws when queue or bucket cannot be read.
 */
export async function readStackStatus(
  stack: string,
  environment: Environment,
  terminal: Terminal,
): Promise<GatewayStatus> {
  const reached = await reachStack(stack, environment);
  const { sqs, s3, payloadBucket = "" } = reached.queue;
  try {
    const { QueueUrl, ParkingQueueUrl, DeadLetterQueueUrl } = reached.outputs;
    const depth = (url: string) => createSqsQueue(sqs, url).depth();
    const [queue, parking, dead, intents, clusters, metrics] = await Promise.all([
      depth(QueueUrl),
      depth(ParkingQueueUrl),
      depth(DeadLetterQueueUrl),
      createS3ObjectStore(s3, payloadBucket).list(intentPrefix, intentsCounted),
      askClusters(reached, environment),
      metricsOrNone(reached, stack, terminal),
    ]);
    return {
      clusters,
      queue: { ...queue, oldestSeconds: metrics.oldestSeconds },
      parking: { ...parking },
      deadLetters: { visible: dead.visible + dead.inFlight + dead.delayed },
      intents: intents.filter(({ key }) => isIntent(key, intentPrefix)).length,
      counters: metrics.counters,
      dashboard: reached.outputs.DashboardUrl,
    };
  } finally {
    await reached.queue.close();
  }
}

/** The clusters as this machine sees them, which may be outside of the network that the functions are in. */
async function askClusters(
  { outputs, queue }: ReachedStack,
  environment: Environment,
): Promise<GatewayStatus["clusters"]> {
  const { primary, backup, close } = openClusters(environment, queue.endpoints);
  const ask = async (cluster: Cluster, endpoint: string) => {
    const { state, ...release } = await describeCluster(cluster, pingTimeoutMs);
    return { endpoint, ...release, state: state === "up" ? state : "unknown" } as const;
  };
  try {
    const asked = [ask(primary, outputs.PrimaryEndpoint), ask(backup, outputs.BackupEndpoint)] as const;
    const [one, other] = await Promise.all(asked);
    return { primary: one, backup: other };
  } finally {
    await close();
  }
}

async function metricsOrNone(
  { account, outputs }: ReachedStack,
  stack: string,
  terminal: Terminal,
): Promise<StackMetrics> {
  try {
    return await readStackMetrics(account, stack, outputs.QueueUrl, Date.now());
  } catch (error) {
    if (!(error instanceof CannotTell)) throw error;
    terminal.say(`without the oldest record's age and the counters: ${error.message}`);
    return { oldestSeconds: undefined, counters: {} };
  }
}
