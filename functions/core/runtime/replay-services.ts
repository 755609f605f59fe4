import { setTimeout as sleep } from "node:timers/promises";
import { createParkingLot } from "../../replay/park.ts";
import type { ReplayServices } from "../../replay/replay-batch.ts";
import { createIncarnations } from "../definition/incarnations.ts";
import { createShield } from "../definition/shield.ts";
import { createS3ObjectStore } from "../payload/s3-object-store.ts";
import { createSqsQueue } from "../queue/sqs-queue.ts";
import { createTombstones } from "../tombstone/tombstones.ts";
import { awsClients } from "./aws-clients.ts";
import { envelopeSettings } from "./envelope-settings.ts";
import { lazily } from "./lazily.ts";
import { config, replayBackup, replayPrimary, telemetry, untranslated } from "./process.ts";

const hourMs = 3_600_000;

/** What the replay function runs on. */
export const replayServices = lazily((): ReplayServices => {
  const settings = config();
  const { sqs, s3 } = awsClients();
  const payloads = createS3ObjectStore(s3, settings.payloadBucket);
  const envelope = envelopeSettings(settings);
  const deadLetters = createSqsQueue(sqs, settings.deadLetterQueueUrl);
  const backup = replayBackup();
  const primary = replayPrimary();
  return {
    primary,
    backup,
    tombstones: createTombstones(backup, Date.now),
    incarnations: createIncarnations(primary, backup, untranslated),
    untranslated,
    shield: createShield(backup),
    queue: createSqsQueue(sqs, settings.queueUrl),
    parkingLot: createParkingLot(deadLetters, payloads, envelope, Date.now),
    payloads,
    envelope,
    telemetry,
    epoch: settings.operatorEpoch,
    now: Date.now,
    monotonicMs: () => performance.now(),
    sleep: (ms) => sleep(ms),
    retryMsMax: settings.retryHoursMax * hourMs,
  };
});
