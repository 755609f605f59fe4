import assert from "node:assert/strict";
import {
  ChangeMessageVisibilityCommand,
  GetQueueAttributesCommand,
  ListMessageMoveTasksCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageCommand,
  type SQSClient,
} from "@aws-sdk/client-sqs";

/** `source` redrives to `dead` after two receives. The visibility timeout of all is 30 s. `plain` has no redrive. */
export type SqsQueueName = "source" | "dead" | "plain";

/** Some SQS with the three queues, empty at the start of each case. */
export interface SqsSubject {
  readonly client: SQSClient;
  url(queue: SqsQueueName): string;
  arn(queue: SqsQueueName): string;
}

interface ReceiveChoice {
  readonly max?: number;
  readonly wait?: number;
  readonly visibility?: number;
}

export async function receive(
  client: SQSClient,
  QueueUrl: string,
  choice: ReceiveChoice = {},
): Promise<Message[]> {
  const answer = await client.send(
    new ReceiveMessageCommand({
      QueueUrl,
      MaxNumberOfMessages: choice.max ?? 1,
      WaitTimeSeconds: choice.wait ?? 2,
      VisibilityTimeout: choice.visibility,
      MessageSystemAttributeNames: ["All"],
      MessageAttributeNames: ["All"],
    }),
  );
  return answer.Messages ?? [];
}

export async function sendMany(client: SQSClient, QueueUrl: string, count: number): Promise<void> {
  for (let index = 0; index < count; index++) {
    await client.send(new SendMessageCommand({ QueueUrl, MessageBody: `body ${index}` }));
  }
}

/** Sends one message to `source` and receives it until it is a dead letter. */
export async function park(client: SQSClient, QueueUrl: string): Promise<{ id?: string; sentAt?: string }> {
  const MessageAttributes = { kept: { DataType: "String", StringValue: "yes" } };
  await client.send(new SendMessageCommand({ QueueUrl, MessageBody: "poison", MessageAttributes }));
  const [first] = await receive(client, QueueUrl, { visibility: 0 });
  await receive(client, QueueUrl, { visibility: 0 });
  assert.deepEqual(await receive(client, QueueUrl, { wait: 1 }), []);
  return { id: first?.MessageId ?? "", sentAt: first?.Attributes?.SentTimestamp ?? "" };
}

export function changeVisibility(
  client: SQSClient,
  QueueUrl: string,
  message: Message | undefined,
  seconds: number,
) {
  const ReceiptHandle = message?.ReceiptHandle;
  return client.send(
    new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout: seconds }),
  );
}

export async function counts(client: SQSClient, QueueUrl: string) {
  const answer = await client.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["All"] }));
  return {
    visible: Number(answer.Attributes?.ApproximateNumberOfMessages),
    inFlight: Number(answer.Attributes?.ApproximateNumberOfMessagesNotVisible),
    delayed: Number(answer.Attributes?.ApproximateNumberOfMessagesDelayed),
  };
}

export async function total(client: SQSClient, QueueUrl: string): Promise<number> {
  const { visible, inFlight, delayed } = await counts(client, QueueUrl);
  return visible + inFlight + delayed;
}

export async function endedTask(client: SQSClient, SourceArn: string) {
  for (let attempt = 0; attempt < 200; attempt++) {
    const { Results } = await client.send(new ListMessageMoveTasksCommand({ SourceArn }));
    const [task] = Results ?? [];
    if (task?.Status !== "RUNNING" && task?.Status !== "CANCELLING") return task;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return undefined;
}

/** `code` is the end of the error's name: emulators differ in its namespace and an `Exception` at the end. */
export async function refused(request: Promise<unknown>, code: string): Promise<void> {
  await assert.rejects(request, (error) => {
    assert.ok(error instanceof Error);
    assert.ok(error.name.includes(code), `${error.name}, expected ${code}`);
    return true;
  });
}
