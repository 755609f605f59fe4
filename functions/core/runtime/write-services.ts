import type { WriteServices } from "../../write/write-services.ts";
import { createPrimaryCatalog } from "../definition/primary-catalog.ts";
import { createIntents, noIntents } from "../intent/intents.ts";
import { createS3ObjectStore } from "../payload/s3-object-store.ts";
import { createSqsQueue } from "../queue/sqs-queue.ts";
import { createIdMaker } from "../replication/new-id.ts";
import { awsClients } from "./aws-clients.ts";
import { clientHandles } from "./client-handles.ts";
import { envelopeSettings } from "./envelope-settings.ts";
import { lazily } from "./lazily.ts";
import { clientPrimary, config, telemetry } from "./process.ts";
import { reasonOf } from "./telemetry.ts";

/** How long the writer trusts what it knows of an index, in milliseconds. */
const catalogTtlMs = 5000;

/** What the write function runs on. */
export const writeServices = lazily((): WriteServices => {
  const settings = config();
  const { sqs, s3 } = awsClients();
  const objects = createS3ObjectStore(s3, settings.payloadBucket);
  const warn = (error: unknown) => telemetry.warn("an intent was not removed", { reason: reasonOf(error) });
  return {
    primary: clientPrimary(),
    handles: clientHandles,
    catalog: createPrimaryCatalog(clientPrimary(), catalogTtlMs, () => performance.now()),
    intents: settings.intents === "off" ? noIntents : createIntents(objects, settings.intentPrefix, warn),
    intentMode: settings.intents,
    queue: createSqsQueue(sqs, settings.queueUrl),
    payloads: objects,
    envelope: envelopeSettings(settings),
    telemetry,
    epoch: settings.operatorEpoch,
    newId: createIdMaker(Date.now),
    bodyBytesMax: settings.bodyBytesMax,
    writeTimeoutMs: settings.writeTimeoutMs,
    enforceBulkRequestsOnly: settings.enforceBulkRequestsOnly,
  };
});
