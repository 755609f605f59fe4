import type { ClusterSettings } from "../cluster-settings.ts";
import type { GatewaySettings } from "../settings.ts";
import type { ClientSecret } from "./client-secret.ts";
import { INTENT_PREFIX, PAYLOAD_PREFIX, type PayloadBucket } from "./payload-bucket.ts";
import type { RecordQueue } from "./record-queue.ts";

/** The CA file of each side in a function's bundle, and where the function finds it. */
export const CA_FILES = { PRIMARY: "primary-ca.pem", BACKUP: "backup-ca.pem" } as const;
/** Of the functions' own metrics; their one dimension, `service`, is the stack's name. */
export const METRICS_NAMESPACE = "understudy";
const BUNDLE_FOLDER = "/var/task";

/**
 * What every function is told. All read the same configuration, so all get every name; a name is not a right,
 * and what a function may touch, or sign in to, is granted to it alone.
 */
export function functionEnvironment(
  settings: GatewaySettings,
  records: RecordQueue,
  payloads: PayloadBucket,
  clientSecret: ClientSecret | undefined,
): Record<string, string> {
  return {
    LOG_LEVEL: settings.logLevel,
    POWERTOOLS_METRICS_NAMESPACE: METRICS_NAMESPACE,
    POWERTOOLS_SERVICE_NAME: settings.stackName,
    AUTH_MODE: settings.authMode,
    ENFORCE_BULK_REQUESTS_ONLY: String(settings.enforceBulkRequestsOnly),
    INTENTS: settings.intents,
    RECORD_ENCODING: settings.recordEncoding,
    INLINE_RECORD_BYTES_MAX: String(settings.inlineRecordBytesMax),
    RETRY_PAUSE_MAX_SECONDS: String(settings.retryPauseMaxSeconds),
    RESPONSE_STREAMING: String(settings.responseStreaming),
    QUEUE_URL: records.queue.queueUrl,
    // Where replay parks.
    DEAD_LETTER_QUEUE_URL: records.parkingQueue.queueUrl,
    PAYLOAD_BUCKET: payloads.bucket.bucketName,
    PAYLOAD_PREFIX,
    INTENT_PREFIX,
    ...(clientSecret && { CLIENT_SECRET_ARN: clientSecret.secret.secretArn }),
    ...settings.passedOn,
    ...clusterEnvironment("PRIMARY", settings.primary),
    ...clusterEnvironment("BACKUP", settings.backup),
  };
}

function clusterEnvironment(side: "PRIMARY" | "BACKUP", cluster: ClusterSettings): Record<string, string> {
  return {
    [`${side}_ENDPOINT`]: cluster.endpoint,
    [`${side}_MAX_QPS_PER_NODE`]: String(cluster.qpsMaxPerNode),
    [`${side}_MAX_BYTES_PER_NODE`]: String(cluster.bytesMaxPerNode),
    [`${side}_MAX_CONNECTION_PER_NODE`]: String(cluster.connectionsMaxPerNode),
    [`${side}_DISCOVERY_ENABLED`]: String(cluster.discovery),
    [`${side}_DISCOVERY_REFRESH_ENABLED`]: String(cluster.discoveryRefresh),
    [`${side}_TLS_VERIFY`]: String(cluster.verifyTls),
    ...(cluster.caFile && { [`${side}_CA_FILE`]: `${BUNDLE_FOLDER}/${CA_FILES[side]}` }),
  };
}
