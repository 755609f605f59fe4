import { createHash } from "node:crypto";
import type { QueueEngine, ReceiveOptions } from "./queue-engine.ts";
import { type OutgoingMessage, type VisibilityOutcome, visibilitySecondsMax } from "./queue-steps.ts";
import { queueOf, type SqsAction } from "./sqs-action.ts";
import { queryCodeOf, SqsFault } from "./sqs-fault.ts";
import {
  batchEntries,
  type Fields,
  invalid,
  messageAttributes,
  messageBody,
  messageBytes,
  messageBytesMax,
  optionalInteger,
  optionalText,
  requiredText,
  traceHeaderOf,
} from "./sqs-fields.ts";
import { wantedOf, wireMessage } from "./sqs-received-message.ts";

const delaySecondsMax = 900;

type BatchResult = { Successful: object[]; Failed: object[] };

/** The actions on messages: send, receive, delete, visibility, single and in batches. */
export function sqsMessageActions(engine: QueueEngine, bodyMd5: boolean): Record<string, SqsAction> {
  const md5Of = (body: Buffer) => (bodyMd5 ? createHash("md5").update(body).digest("hex") : undefined);
  return {
    async SendMessage(fields) {
      const queue = queueOf(engine, fields);
      const message = outgoing(fields);
      if (bytesOf(message) > messageBytesMax) throw tooLong();
      const [MessageId] = await engine.send(queue, [message]);
      return { MessageId, MD5OfMessageBody: md5Of(message.body) };
    },
    SendMessageBatch: (fields) => sendBatch(engine, fields, md5Of),
    async ReceiveMessage(fields, signal) {
      const messages = await engine.receive(queueOf(engine, fields), receiveOptions(fields, signal));
      const wanted = wantedOf(fields);
      return { Messages: messages.map((message) => wireMessage(message, wanted, md5Of(message.body))) };
    },
    async DeleteMessage(fields) {
      const handle = requiredText(fields, "ReceiptHandle");
      const [outcome] = await engine.delete(queueOf(engine, fields), [handle]);
      if (outcome === "invalid") throw badHandle(handle);
      return {};
    },
    async DeleteMessageBatch(fields) {
      const queue = queueOf(engine, fields);
      const entries = batchEntries(fields);
      const handles = entries.map(({ entry }) => requiredText(entry, "ReceiptHandle"));
      const outcomes = await engine.delete(queue, handles);
      return batchResult(entries, (index) =>
        outcomes[index] === "invalid" ? badHandle(handles[index]) : undefined,
      );
    },
    async ChangeMessageVisibility(fields) {
      const change = visibilityChange(fields);
      const [outcome] = await engine.changeVisibility(queueOf(engine, fields), [change]);
      const fault = visibilityFault(outcome, change.receiptHandle);
      if (fault !== undefined) throw fault;
      return {};
    },
    ChangeMessageVisibilityBatch: (fields) => changeVisibilityBatch(engine, fields),
  };
}

async function sendBatch(
  engine: QueueEngine,
  fields: Fields,
  md5Of: (body: Buffer) => string | undefined,
): Promise<BatchResult> {
  const queue = queueOf(engine, fields);
  const entries = batchEntries(fields).map(({ id, entry }) => ({
    id,
    message: attempt(() => outgoing(entry)),
  }));
  const good = entries.flatMap(({ id, message }) => (message instanceof SqsFault ? [] : [{ id, message }]));
  if (good.reduce((sum, { message }) => sum + bytesOf(message), 0) > messageBytesMax) {
    const rule = `Batch requests cannot be longer than ${messageBytesMax} bytes.`;
    throw new SqsFault("BatchRequestTooLong", rule);
  }
  const ids =
    good.length === 0
      ? []
      : await engine.send(
          queue,
          good.map(({ message }) => message),
        );
  return {
    Successful: good.map(({ id, message }, index) => ({
      Id: id,
      MessageId: ids[index],
      MD5OfMessageBody: md5Of(message.body),
    })),
    Failed: entries.flatMap(({ id, message }) => (message instanceof SqsFault ? [failed(id, message)] : [])),
  };
}

async function changeVisibilityBatch(engine: QueueEngine, fields: Fields): Promise<BatchResult> {
  const queue = queueOf(engine, fields);
  const entries = batchEntries(fields);
  const changes = entries.map(({ entry }) => attempt(() => visibilityChange(entry)));
  const good = changes.flatMap((change) => (change instanceof SqsFault ? [] : [change]));
  const outcomes = await engine.changeVisibility(queue, good);
  return batchResult(entries, (index) => {
    const change = changes[index];
    if (change === undefined || change instanceof SqsFault) return change;
    return visibilityFault(outcomes[good.indexOf(change)], change.receiptHandle);
  });
}

function outgoing(fields: Fields): OutgoingMessage {
  const attributes = messageAttributes(fields);
  const groupId = optionalText(fields, "MessageGroupId");
  const traceHeader = traceHeaderOf(fields);
  const delaySeconds = optionalInteger(fields, "DelaySeconds", 0, delaySecondsMax);
  return {
    body: messageBody(fields),
    ...(attributes && { attributes }),
    ...(groupId !== undefined && { groupId }),
    ...(traceHeader !== undefined && { traceHeader }),
    ...(delaySeconds !== undefined && { delaySeconds }),
  };
}

function bytesOf({ body, attributes }: OutgoingMessage): number {
  return messageBytes(body, attributes && { ...attributes });
}

function receiveOptions(fields: Fields, signal: AbortSignal | undefined): ReceiveOptions {
  const visibilityTimeoutSeconds = optionalInteger(fields, "VisibilityTimeout", 0, visibilitySecondsMax);
  return {
    maxMessages: optionalInteger(fields, "MaxNumberOfMessages", 1, 10) ?? 1,
    waitMs: (optionalInteger(fields, "WaitTimeSeconds", 0, 20) ?? 0) * 1000,
    ...(visibilityTimeoutSeconds !== undefined && { visibilityTimeoutSeconds }),
    ...(signal && { signal }),
  };
}

function visibilityChange(fields: Fields): { receiptHandle: string; timeoutSeconds: number } {
  const receiptHandle = requiredText(fields, "ReceiptHandle");
  const timeoutSeconds = optionalInteger(fields, "VisibilityTimeout", 0, visibilitySecondsMax);
  if (timeoutSeconds !== undefined) return { receiptHandle, timeoutSeconds };
  throw new SqsFault("MissingParameter", "The request must contain the parameter VisibilityTimeout.");
}

function visibilityFault(outcome: VisibilityOutcome | undefined, handle: string): SqsFault | undefined {
  switch (outcome) {
    case "changed":
      return undefined;
    case "invalid":
      return badHandle(handle);
    case "notInFlight":
      return new SqsFault("MessageNotInflight", "The specified message is not in flight.");
    case "tooLong": {
      const rule = `Total VisibilityTimeout for the message is beyond the limit [${visibilitySecondsMax} seconds].`;
      return new SqsFault("InvalidParameterValue", `One or more parameters are invalid. Reason: ${rule}`);
    }
    default: {
      const reason = "Message does not exist or is not available for visibility timeout change.";
      return invalid("ReceiptHandle", handle, reason);
    }
  }
}

function batchResult(
  entries: readonly { id: string }[],
  faultOf: (index: number) => SqsFault | undefined,
): BatchResult {
  const result: BatchResult = { Successful: [], Failed: [] };
  entries.forEach(({ id }, index) => {
    const fault = faultOf(index);
    if (fault === undefined) result.Successful.push({ Id: id });
    else result.Failed.push(failed(id, fault));
  });
  return result;
}

function failed(id: string, fault: SqsFault): object {
  return {
    Id: id,
    SenderFault: fault.code !== "InternalFailure",
    Code: queryCodeOf(fault),
    Message: fault.message,
  };
}

/** A fault of one entry becomes a value, so that its neighbours are not refused with it. */
function attempt<T>(read: () => T): T | SqsFault {
  try {
    return read();
  } catch (error) {
    if (error instanceof SqsFault) return error;
    throw error;
  }
}

function tooLong(): SqsFault {
  const reason = `Message must be shorter than ${messageBytesMax} bytes.`;
  return new SqsFault("InvalidParameterValue", `One or more parameters are invalid. Reason: ${reason}`);
}

function badHandle(handle: string | undefined): SqsFault {
  return new SqsFault(
    "ReceiptHandleIsInvalid",
    `The input receipt handle "${handle}" is not a valid receipt handle.`,
  );
}
