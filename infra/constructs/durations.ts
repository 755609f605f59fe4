/** The times that must fit together, in whole seconds, or records are repeated or lost. */
export interface Durations {
  readonly replayTimeoutSeconds: number;
  readonly visibilityTimeoutSeconds: number;
  readonly queueRetentionSeconds: number;
  readonly deadLetterRetentionSeconds: number;
  readonly payloadExpirySeconds: number;
}

const DAY_SECONDS = 86_400;

/** What the stack deploys. */
export const DURATIONS: Durations = {
  replayTimeoutSeconds: 60,
  visibilityTimeoutSeconds: 6 * 60,
  queueRetentionSeconds: 4 * DAY_SECONDS,
  // SQS keeps nothing longer than 14 days.
  deadLetterRetentionSeconds: 14 * DAY_SECONDS,
  payloadExpirySeconds: 30 * DAY_SECONDS,
};

/** Throws one error that names every rule the durations break, and why the rule exists. */
export function assertDurations(durations: Durations): void {
  const broken: string[] = [];
  const {
    replayTimeoutSeconds,
    visibilityTimeoutSeconds,
    queueRetentionSeconds,
    deadLetterRetentionSeconds,
    payloadExpirySeconds,
  } = durations;
  if (visibilityTimeoutSeconds < 6 * replayTimeoutSeconds) {
    broken.push(
      `visibilityTimeoutSeconds (${visibilityTimeoutSeconds}) must be at least 6 x replayTimeoutSeconds (${replayTimeoutSeconds}): ` +
        "a shorter one shows records to a second consumer while the first still works on them, and Lambda's throttled invocations use it up",
    );
  }
  if (deadLetterRetentionSeconds <= queueRetentionSeconds) {
    broken.push(
      `deadLetterRetentionSeconds (${deadLetterRetentionSeconds}) must exceed queueRetentionSeconds (${queueRetentionSeconds}): ` +
        "SQS counts a moved message's age from its first send, so a dead letter could expire before anyone saw it",
    );
  }
  if (payloadExpirySeconds < queueRetentionSeconds + deadLetterRetentionSeconds) {
    broken.push(
      `payloadExpirySeconds (${payloadExpirySeconds}) must be at least queueRetentionSeconds + deadLetterRetentionSeconds ` +
        `(${queueRetentionSeconds + deadLetterRetentionSeconds}): a redriven record would point at a payload that is gone`,
    );
  }
  if (payloadExpirySeconds % DAY_SECONDS !== 0) {
    broken.push(
      `payloadExpirySeconds (${payloadExpirySeconds}) must be whole days: S3's lifecycle counts days`,
    );
  }
  if (broken.length > 0) {
    throw new Error(
      `The stack's durations do not fit together:\n${broken.map((line) => `  - ${line}`).join("\n")}`,
    );
  }
}
