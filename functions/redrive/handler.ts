import middy from "@middy/core";
import type { SQSBatchResponse, SQSEvent, SQSRecord } from "aws-lambda";
import { failureLog, observed } from "../core/runtime/middleware.ts";
import { sortServices } from "../core/runtime/redrive-services.ts";
import { type ParkedMessage, sortParked } from "./sort-parked.ts";

/** Behind the parking queue: what replay parks becomes a dead letter, what a person redrives is tried again. */
export const handler = middy<SQSEvent, SQSBatchResponse>()
  .use(observed())
  .use(failureLog())
  .handler(async (event) => {
    const failures = await sortParked(event.Records.map(parkedMessage), sortServices());
    return { batchItemFailures: failures.map((itemIdentifier) => ({ itemIdentifier })) };
  });

function parkedMessage(record: SQSRecord): ParkedMessage {
  const { messageId, receiptHandle, body, attributes, messageAttributes } = record;
  return {
    id: messageId,
    body,
    receiptHandle,
    receives: Number(attributes.ApproximateReceiveCount),
    sentMs: Number(attributes.SentTimestamp),
    firstReceivedMs: Number(attributes.ApproximateFirstReceiveTimestamp),
    parkedAtMs: Date.parse(messageAttributes["parkedAt"]?.stringValue ?? ""),
  };
}
