import type { SQSRecord } from "aws-lambda";
import type { ReceivedMessage } from "../queue/port.ts";

/** Lambda's form of a message in ours. */
export function receivedMessage(record: SQSRecord): ReceivedMessage {
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
