import { DURATIONS } from "./constructs/durations.ts";
import type { Reader } from "./settings-reader.ts";

/** The write function's timeout: an intent that is older belongs to a write that has ended. */
export const WRITE_FUNCTION_SECONDS = 60;
/** API Gateway waits no longer for an answer that is not streamed. */
export const API_WAIT_SECONDS = 29;

const HOUR_SECONDS = 3_600;
const RETENTION_HOURS = DURATIONS.queueRetentionSeconds / HOUR_SECONDS;

/**
 * The settings that the stack itself has no use for: the functions know their meaning and their defaults, the
 * stack what AWS leaves of their range.
 */
export function readPassedOn(reader: Reader, streaming: boolean): Readonly<Record<string, string>> {
  const ranges: Readonly<Record<string, readonly [min: number, max: number, why?: string]>> = {
    OPERATOR_EPOCH: [0, 255],
    BODY_BYTES_MAX: [1_024, 104_857_600],
    LIMIT_WAIT_MS: [0, 10_000],
    READ_TIMEOUT_SECONDS: [
      1,
      streaming ? 140 : Math.floor(API_WAIT_SECONDS / 2),
      "a read is tried on two clusters while API Gateway waits",
    ],
    WRITE_TIMEOUT_SECONDS: [1, API_WAIT_SECONDS - 1, `API Gateway waits ${API_WAIT_SECONDS} s`],
    INTENT_AGE_SECONDS: [
      WRITE_FUNCTION_SECONDS + 1,
      86_400,
      `more than the write function's ${WRITE_FUNCTION_SECONDS} s`,
    ],
    // 6 hours are for the pauses between the tries.
    RETRY_HOURS_MAX: [
      1,
      RETENTION_HOURS - 6,
      `a record must be parked before SQS drops it after ${RETENTION_HOURS} h`,
    ],
  };
  const passedOn: Record<string, string> = {};
  for (const [name, [min, max, why]] of Object.entries(ranges)) {
    const value = reader.optionalInteger(name, min, max, why);
    if (value !== undefined) passedOn[name] = String(value);
  }
  return passedOn;
}
