import type { Message, MessageAttributeValue } from "@aws-sdk/client-sqs";
import type { SQSEvent, SQSMessageAttribute, SQSRecord } from "aws-lambda";

/** The event that Lambda's event source mapping builds from the messages of one receive. */
export function sqsEventFrom(messages: readonly Message[], queueArn: string, nowMs: number): SQSEvent {
  return { Records: messages.map((message) => recordFrom(message, queueArn, nowMs)) };
}

function recordFrom(message: Message, queueArn: string, nowMs: number): SQSRecord {
  const { MD5OfMessageAttributes: attributesMd5 } = message;
  return {
    messageId: message.MessageId ?? "",
    receiptHandle: message.ReceiptHandle ?? "",
    body: message.Body ?? "",
    attributes: {
      ApproximateReceiveCount: "1",
      SentTimestamp: String(nowMs),
      SenderId: "",
      ApproximateFirstReceiveTimestamp: String(nowMs),
      ...message.Attributes,
    },
    messageAttributes: Object.fromEntries(
      Object.entries(message.MessageAttributes ?? {}).map(([name, value]) => [name, attributeFrom(value)]),
    ),
    md5OfBody: message.MD5OfBody ?? "",
    ...(attributesMd5 === undefined ? {} : { md5OfMessageAttributes: attributesMd5 }),
    eventSource: "aws:sqs",
    eventSourceARN: queueArn,
    awsRegion: queueArn.split(":")[3] ?? "",
  };
}

function attributeFrom(value: MessageAttributeValue): SQSMessageAttribute {
  return {
    ...(value.StringValue === undefined ? {} : { stringValue: value.StringValue }),
    ...(value.BinaryValue === undefined
      ? {}
      : { binaryValue: Buffer.from(value.BinaryValue).toString("base64") }),
    stringListValues: [],
    binaryListValues: [],
    dataType: value.DataType ?? "String",
  };
}

/** Which of a batch's messages stay on the queue. */
export type BatchEnd =
  | { readonly kind: "some"; readonly failed: ReadonlySet<string> }
  /** The whole batch stays. */
  | { readonly kind: "all"; readonly reason: string };

/**
 * Reads a handler's answer as the mapping does with `ReportBatchItemFailures`: nothing, `null` or an empty list
 * means that every message is done; an entry without a usable `itemIdentifier`, or one that is not of this batch,
 * fails the whole batch ("Success and failure conditions", AWS Lambda guide, error handling for SQS).
 */
export function batchEndFrom(result: unknown, messageIds: ReadonlySet<string>): BatchEnd {
  if (result === undefined || result === null) return { kind: "some", failed: new Set() };
  if (typeof result !== "object") return { kind: "all", reason: "the handler's answer is not an object" };
  const failures: unknown = Reflect.get(result, "batchItemFailures");
  if (failures === undefined || failures === null) return { kind: "some", failed: new Set() };
  if (!Array.isArray(failures)) return { kind: "all", reason: "batchItemFailures is not a list" };
  const failed = new Set<string>();
  for (const failure of failures) {
    const id: unknown =
      typeof failure === "object" && failure !== null ? Reflect.get(failure, "itemIdentifier") : undefined;
    if (typeof id !== "string" || !messageIds.has(id)) {
      return { kind: "all", reason: "an itemIdentifier is missing or names no message of this batch" };
    }
    failed.add(id);
  }
  return { kind: "some", failed };
}
