import type { SweepServices } from "../../reconcile/sweep-intents.ts";
import { createS3ObjectStore } from "../payload/s3-object-store.ts";
import { createSqsQueue } from "../queue/sqs-queue.ts";
import { awsClients } from "./aws-clients.ts";
import { envelopeSettings } from "./envelope-settings.ts";
import { lazily } from "./lazily.ts";
import { clientPrimary, config, telemetry } from "./process.ts";

/** What the sweep runs on. */
export const sweepServices = lazily((): SweepServices => {
  const settings = config();
  const { sqs, s3 } = awsClients();
  const objects = createS3ObjectStore(s3, settings.payloadBucket);
  return {
    primary: clientPrimary(),
    objects,
    intentPrefix: settings.intentPrefix,
    intentAgeMs: settings.intentAgeMs,
    queue: createSqsQueue(sqs, settings.queueUrl),
    payloads: objects,
    envelope: envelopeSettings(settings),
    telemetry,
    now: Date.now,
  };
});
