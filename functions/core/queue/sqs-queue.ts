import {
  ChangeMessageVisibilityCommand,
  GetQueueAttributesCommand,
  type MessageAttributeValue,
  SendMessageBatchCommand,
  SendMessageCommand,
  type SQSClient,
} from "@aws-sdk/client-sqs";
import { splitBySize } from "../replication/split-by-size.ts";
import type { OutgoingMessage, Queue } from "./port.ts";

/** SQS: at most 10 entries and 1 MiB a batch (SendMessageBatch). */
const batchEntriesMax = 10;
const batchBytesMax = 1_000_000;

/** An SQS standard queue. */
export function createSqsQueue(sqs: SQSClient, queueUrl: string): Queue {
  async function sendOne(message: OutgoingMessage): Promise<void> {
    await sqs.send(new SendMessageCommand({ QueueUrl: queueUrl, ...entryOf(message) }));
  }

  async function sendBatch(messages: readonly OutgoingMessage[]): Promise<void> {
    const [only, ...more] = messages;
    if (only === undefined) return;
    if (more.length === 0) return sendOne(only);
    const Entries = messages.map((message, i) => ({ Id: String(i), ...entryOf(message) }));
    const answer = await sqs.send(new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries }));
    // Part of a batch can fail (throttling, mostly). Once more, one by one: the error is then the entry's own.
    for (const failed of answer.Failed ?? []) {
      const message = messages[Number(failed.Id)];
      if (message !== undefined) await sendOne(message);
    }
  }

  return {
    async send(messages) {
      const limits = { sizeMax: batchBytesMax, itemsMax: batchEntriesMax };
      await Promise.all(splitBySize(messages, entryBytes, limits).map(sendBatch));
    },
    async hide(receiptHandle, seconds) {
      await sqs.send(
        new ChangeMessageVisibilityCommand({
          QueueUrl: queueUrl,
          ReceiptHandle: receiptHandle,
          VisibilityTimeout: seconds,
        }),
      );
    },
    async depth() {
      const { Attributes } = await sqs.send(
        new GetQueueAttributesCommand({
          QueueUrl: queueUrl,
          AttributeNames: [
            "ApproximateNumberOfMessages",
            "ApproximateNumberOfMessagesNotVisible",
            "ApproximateNumberOfMessagesDelayed",
          ],
        }),
      );
      return {
        visible: Number(Attributes?.["ApproximateNumberOfMessages"] ?? 0),
        inFlight: Number(Attributes?.["ApproximateNumberOfMessagesNotVisible"] ?? 0),
        delayed: Number(Attributes?.["ApproximateNumberOfMessagesDelayed"] ?? 0),
      };
    },
  };
}

/** With 2 KiB of room for what comes with the body: the group, attributes, the request around it. */
function entryBytes({ body }: OutgoingMessage): number {
  return Buffer.byteLength(body) + 2048;
}

function entryOf(message: OutgoingMessage) {
  return {
    MessageBody: message.body,
    MessageGroupId: message.group,
    ...(message.delaySeconds !== undefined && { DelaySeconds: message.delaySeconds }),
    ...(message.attributes !== undefined && { MessageAttributes: attributesOf(message.attributes) }),
  };
}

function attributesOf(attributes: Readonly<Record<string, string>>): Record<string, MessageAttributeValue> {
  const named: Record<string, MessageAttributeValue> = {};
  for (const [name, value] of Object.entries(attributes)) {
    // SQS refuses empty values and the characters that it refuses in bodies.
    const StringValue = value.replace(/[^\t\n\r\x20-\uFFFD]/g, " ").slice(0, 1024) || "-";
    named[name] = { DataType: "String", StringValue };
  }
  return named;
}
