import type { MessageAttribute } from "./queue-record.ts";
import type { ReceivedMessage } from "./queue-steps.ts";
import { type Fields, textList } from "./sqs-fields.ts";

/** Which attributes a receive asked for. */
export interface Wanted {
  readonly system: ReadonlySet<string>;
  readonly attributes: readonly string[];
}

/** Reads what a ReceiveMessage request asks for; `AttributeNames` is the older name of the system attributes. */
export function wantedOf(fields: Fields): Wanted {
  const system = [...textList(fields, "MessageSystemAttributeNames"), ...textList(fields, "AttributeNames")];
  return { system: new Set(system), attributes: textList(fields, "MessageAttributeNames") };
}

/** A message as an answer's member. Attributes that were not asked for are left out, as on SQS. */
export function wireMessage(message: ReceivedMessage, wanted: Wanted, md5: string | undefined): object {
  const { head, body, receiptHandle, receiveCount, firstReceivedAtMs } = message;
  const all: [string, string | undefined][] = [
    ["SenderId", "000000000000"],
    ["SentTimestamp", String(head.sentAtMs)],
    ["ApproximateReceiveCount", String(receiveCount)],
    ["ApproximateFirstReceiveTimestamp", String(firstReceivedAtMs)],
    ["MessageGroupId", head.groupId],
    ["AWSTraceHeader", head.traceHeader],
    ["DeadLetterQueueSourceArn", head.deadLetterSourceArn],
  ];
  const system = all.filter(
    ([name, value]) => value !== undefined && (wanted.system.has("All") || wanted.system.has(name)),
  );
  const attributes = Object.entries(head.attributes ?? {}).filter(([name]) =>
    isWanted(wanted.attributes, name),
  );
  return {
    MessageId: head.messageId,
    ReceiptHandle: receiptHandle,
    Body: body.toString(),
    MD5OfBody: md5,
    ...(system.length > 0 && { Attributes: Object.fromEntries(system) }),
    ...(attributes.length > 0 && {
      MessageAttributes: Object.fromEntries<MessageAttribute>(attributes),
    }),
  };
}

/** `All`, `.*`, a name, or a prefix with `.*`. */
function isWanted(patterns: readonly string[], name: string): boolean {
  return patterns.some(
    (pattern) =>
      pattern === "All" ||
      pattern === name ||
      (pattern.endsWith(".*") && name.startsWith(pattern.slice(0, -2))),
  );
}
