import assert from "node:assert/strict";
import {
  CancelMessageMoveTaskCommand,
  ChangeMessageVisibilityBatchCommand,
  ChangeMessageVisibilityCommand,
  DeleteMessageBatchCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListMessageMoveTasksCommand,
  type Message,
  PurgeQueueCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  type SQSClient,
  StartMessageMoveTaskCommand,
} from "@aws-sdk/client-sqs";

/** `source` redrives to `dead` after two receives; its visibility timeout is 30 s. `plain` has no redrive. */
export type SqsQueueName = "source" | "dead" | "plain";

/** Some SQS with the three queues, empty at the start of each case. */
export interface SqsSubject {
  readonly client: SQSClient;
  url(queue: SqsQueueName): string;
  arn(queue: SqsQueueName): string;
}

export interface SqsCase {
  readonly name: string;
  /** What an emulator may lack. */
  readonly needs?: "moveTasks" | "strictCharacters" | "strictVisibility" | "strictHandles";
  run(subject: SqsSubject): Promise<void>;
}

const mebibyte = 1_048_576;

export const sqsCases: readonly SqsCase[] = [
  {
    name: "SendMessage and ReceiveMessage keep body, attributes, group and times",
    async run({ client, url }) {
      const before = Date.now();
      const sent = await client.send(
        new SendMessageCommand({
          QueueUrl: url("plain"),
          MessageBody: '{"a":"ü€😀"}\n\t<&>"',
          MessageGroupId: "index-1",
          MessageAttributes: {
            reason: { DataType: "String", StringValue: "mapping" },
            bytes: { DataType: "Binary", BinaryValue: Buffer.from([0, 255, 10]) },
          },
        }),
      );
      const [message] = await receive(client, url("plain"));
      assert.equal(message?.MessageId, sent.MessageId);
      assert.equal(message?.Body, '{"a":"ü€😀"}\n\t<&>"');
      assert.equal(message?.MessageAttributes?.reason?.StringValue, "mapping");
      assert.deepEqual([...(message?.MessageAttributes?.bytes?.BinaryValue ?? [])], [0, 255, 10]);
      assert.equal(message?.Attributes?.MessageGroupId, "index-1");
      assert.equal(message?.Attributes?.ApproximateReceiveCount, "1");
      const sentAt = Number(message?.Attributes?.SentTimestamp);
      assert.ok(sentAt >= before - 2000 && sentAt <= Date.now() + 2000);
      assert.ok(Number(message?.Attributes?.ApproximateFirstReceiveTimestamp) >= sentAt);
    },
  },
  {
    name: "ReceiveMessage leaves out attributes that were not asked for",
    async run({ client, url }) {
      const MessageAttributes = { a: { DataType: "String", StringValue: "1" } };
      await client.send(
        new SendMessageCommand({ QueueUrl: url("plain"), MessageBody: "x", MessageAttributes }),
      );
      const answer = await client.send(
        new ReceiveMessageCommand({ QueueUrl: url("plain"), WaitTimeSeconds: 1 }),
      );
      assert.equal(answer.Messages?.[0]?.Attributes, undefined);
      assert.equal(answer.Messages?.[0]?.MessageAttributes, undefined);
    },
  },
  {
    name: "ReceiveMessage gives at most MaxNumberOfMessages, and each message once",
    async run({ client, url }) {
      await sendMany(client, url("plain"), 12);
      const first = await receive(client, url("plain"), { max: 10 });
      const rest = await receive(client, url("plain"), { max: 10 });
      assert.ok(first.length <= 10);
      const bodies = [...first, ...rest, ...(await receive(client, url("plain"), { wait: 0 }))];
      assert.equal(new Set(bodies.map((message) => message.Body)).size, 12);
      assert.equal(bodies.length, 12);
    },
  },
  {
    name: "ReceiveMessage waits for a message that is sent meanwhile",
    async run({ client, url }) {
      const waiting = receive(client, url("plain"), { wait: 20 });
      await sendMany(client, url("plain"), 1);
      assert.equal((await waiting).length, 1);
    },
  },
  {
    name: "ReceiveMessage on an empty queue without waiting gives nothing",
    async run({ client, url }) {
      assert.deepEqual(await receive(client, url("plain"), { wait: 0 }), []);
    },
  },
  {
    name: "DeleteMessage removes the message for good and may be repeated",
    async run({ client, url }) {
      await sendMany(client, url("plain"), 1);
      const [message] = await receive(client, url("plain"), { visibility: 1 });
      const request = { QueueUrl: url("plain"), ReceiptHandle: message?.ReceiptHandle };
      await client.send(new DeleteMessageCommand(request));
      await client.send(new DeleteMessageCommand(request));
      assert.deepEqual(await receive(client, url("plain"), { wait: 2 }), []);
      assert.equal(await total(client, url("plain")), 0);
    },
  },
  {
    name: "a message that is not deleted comes back with a higher receive count and another handle",
    async run({ client, url }) {
      await sendMany(client, url("plain"), 1);
      const [first] = await receive(client, url("plain"), { visibility: 1 });
      assert.deepEqual(await receive(client, url("plain"), { wait: 0 }), []);
      const [second] = await receive(client, url("plain"), { wait: 5 });
      assert.equal(second?.MessageId, first?.MessageId);
      assert.equal(second?.Attributes?.ApproximateReceiveCount, "2");
      assert.notEqual(second?.ReceiptHandle, first?.ReceiptHandle);
    },
  },
  {
    name: "ChangeMessageVisibility to 0 gives the message back at once",
    async run({ client, url }) {
      await sendMany(client, url("plain"), 1);
      const [message] = await receive(client, url("plain"));
      await changeVisibility(client, url("plain"), message, 0);
      assert.equal((await receive(client, url("plain"), { wait: 2 }))[0]?.MessageId, message?.MessageId);
    },
  },
  {
    name: "ChangeMessageVisibility makes the timeout longer",
    async run({ client, url }) {
      await sendMany(client, url("plain"), 1);
      const [message] = await receive(client, url("plain"), { visibility: 1 });
      await changeVisibility(client, url("plain"), message, 60);
      assert.deepEqual(await receive(client, url("plain"), { wait: 2 }), []);
    },
  },
  {
    name: "ChangeMessageVisibility refuses more than 12 hours",
    needs: "strictVisibility",
    async run({ client, url }) {
      await sendMany(client, url("plain"), 1);
      const [message] = await receive(client, url("plain"));
      await refused(changeVisibility(client, url("plain"), message, 43_201), "InvalidParameterValue");
    },
  },
  {
    name: "ChangeMessageVisibility refuses a message that was deleted",
    async run({ client, url }) {
      await sendMany(client, url("plain"), 1);
      const [message] = await receive(client, url("plain"));
      await client.send(
        new DeleteMessageCommand({ QueueUrl: url("plain"), ReceiptHandle: message?.ReceiptHandle }),
      );
      await assert.rejects(changeVisibility(client, url("plain"), message, 10));
    },
  },
  {
    name: "ChangeMessageVisibility refuses a message that is visible again",
    needs: "strictHandles",
    async run({ client, url }) {
      await sendMany(client, url("plain"), 1);
      const [message] = await receive(client, url("plain"));
      await changeVisibility(client, url("plain"), message, 0);
      await refused(changeVisibility(client, url("plain"), message, 10), "MessageNotInflight");
    },
  },
  {
    name: "a receipt handle that nobody gave out is refused",
    needs: "strictHandles",
    async run({ client, url }) {
      for (const ReceiptHandle of ["garbage", "AAAA", "ü"]) {
        const request = client.send(new DeleteMessageCommand({ QueueUrl: url("plain"), ReceiptHandle }));
        await refused(request, "ReceiptHandleIsInvalid");
      }
    },
  },
  {
    name: "DeleteMessage with the handle of an earlier receive does not delete",
    needs: "strictHandles",
    async run({ client, url }) {
      await sendMany(client, url("plain"), 1);
      const [first] = await receive(client, url("plain"), { visibility: 0 });
      const [second] = await receive(client, url("plain"), { wait: 2 });
      assert.equal(second?.MessageId, first?.MessageId);
      await client.send(
        new DeleteMessageCommand({ QueueUrl: url("plain"), ReceiptHandle: first?.ReceiptHandle }),
      );
      assert.equal(await total(client, url("plain")), 1);
    },
  },
  {
    name: "SendMessageBatch fails the entry that is wrong and sends the others",
    needs: "strictCharacters",
    async run({ client, url }) {
      const answer = await client.send(
        new SendMessageBatchCommand({
          QueueUrl: url("plain"),
          Entries: [
            { Id: "good", MessageBody: "1" },
            { Id: "bad", MessageBody: "\u0000" },
            { Id: "late", MessageBody: "2", DelaySeconds: 901 },
            { Id: "also-good", MessageBody: "3" },
          ],
        }),
      );
      assert.deepEqual(answer.Successful?.map((entry) => entry.Id).sort(), ["also-good", "good"]);
      const failures = new Map(answer.Failed?.map((entry) => [entry.Id, entry]));
      assert.equal(failures.get("bad")?.Code, "InvalidMessageContents");
      assert.equal(failures.get("late")?.Code, "InvalidParameterValue");
      assert.equal(failures.get("bad")?.SenderFault, true);
      const bodies = (await receive(client, url("plain"), { max: 10 })).map((message) => message.Body);
      assert.deepEqual(bodies.sort(), ["1", "3"]);
    },
  },
  {
    name: "SendMessageBatch refuses as a whole what has no, too many, repeated or unusable ids",
    async run({ client, url }) {
      const send = (ids: readonly string[]) => {
        const Entries = ids.map((Id) => ({ Id, MessageBody: "x" }));
        return client.send(new SendMessageBatchCommand({ QueueUrl: url("plain"), Entries }));
      };
      await refused(send([]), "EmptyBatchRequest");
      await refused(
        send(Array.from({ length: 11 }, (_, index) => `i${index}`)),
        "TooManyEntriesInBatchRequest",
      );
      await refused(send(["a", "a"]), "BatchEntryIdsNotDistinct");
      await refused(send(["a b"]), "InvalidBatchEntryId");
      assert.equal(await total(client, url("plain")), 0);
    },
  },
  {
    name: "SendMessage takes 1 MiB and refuses one byte more",
    async run({ client, url }) {
      const send = (bytes: number) =>
        client.send(new SendMessageCommand({ QueueUrl: url("plain"), MessageBody: "x".repeat(bytes) }));
      await send(mebibyte);
      await refused(send(mebibyte + 1), "InvalidParameterValue");
      assert.equal((await receive(client, url("plain")))[0]?.Body?.length, mebibyte);
    },
  },
  {
    name: "SendMessageBatch refuses more than 1 MiB together",
    async run({ client, url }) {
      const Entries = ["a", "b"].map((Id) => ({ Id, MessageBody: "x".repeat(mebibyte / 2 + 1) }));
      const request = client.send(new SendMessageBatchCommand({ QueueUrl: url("plain"), Entries }));
      await refused(request, "BatchRequestTooLong");
    },
  },
  {
    name: "SendMessage refuses characters that XML cannot hold",
    needs: "strictCharacters",
    async run({ client, url }) {
      for (const character of ["\u0000", "\u0008", "\u001f", "\ufffe", "\uffff"]) {
        const MessageBody = `a${character}b`;
        const request = client.send(new SendMessageCommand({ QueueUrl: url("plain"), MessageBody }));
        await refused(request, "InvalidMessageContents");
      }
      await client.send(
        new SendMessageCommand({ QueueUrl: url("plain"), MessageBody: "\t\n\r\u{10ffff}\ufffd" }),
      );
    },
  },
  {
    name: "a message with DelaySeconds counts as delayed and comes after its delay",
    async run({ client, url }) {
      await client.send(
        new SendMessageCommand({ QueueUrl: url("plain"), MessageBody: "later", DelaySeconds: 1 }),
      );
      assert.deepEqual(await receive(client, url("plain"), { wait: 0 }), []);
      assert.equal((await counts(client, url("plain"))).delayed, 1);
      assert.equal((await receive(client, url("plain"), { wait: 5 }))[0]?.Body, "later");
    },
  },
  {
    name: "GetQueueAttributes counts visible and in-flight messages and gives ARN and redrive policy",
    async run({ client, url, arn }) {
      await sendMany(client, url("source"), 3);
      await receive(client, url("source"), { max: 1 });
      assert.deepEqual(await counts(client, url("source")), { visible: 2, inFlight: 1, delayed: 0 });
      const request = { QueueUrl: url("source"), AttributeNames: ["All" as const] };
      const { Attributes } = await client.send(new GetQueueAttributesCommand(request));
      assert.equal(Attributes?.QueueArn, arn("source"));
      assert.equal(Attributes?.VisibilityTimeout, "30");
      const policy: unknown = JSON.parse(Attributes?.RedrivePolicy ?? "{}");
      assert.deepEqual(policy, { deadLetterTargetArn: arn("dead"), maxReceiveCount: 2 });
    },
  },
  {
    name: "GetQueueUrl knows the declared queues only",
    async run({ client, url }) {
      const name = url("plain").split("/").at(-1);
      assert.equal((await client.send(new GetQueueUrlCommand({ QueueName: name }))).QueueUrl, url("plain"));
      await refused(client.send(new GetQueueUrlCommand({ QueueName: "nobody" })), "QueueDoesNotExist");
    },
  },
  {
    name: "PurgeQueue deletes waiting and in-flight messages",
    async run({ client, url }) {
      await sendMany(client, url("plain"), 5);
      await receive(client, url("plain"), { max: 2 });
      await client.send(new PurgeQueueCommand({ QueueUrl: url("plain") }));
      assert.equal(await total(client, url("plain")), 0);
    },
  },
  {
    name: "DeleteMessageBatch and ChangeMessageVisibilityBatch answer for each entry",
    needs: "strictHandles",
    async run({ client, url }) {
      await sendMany(client, url("plain"), 2);
      const messages = await receive(client, url("plain"), { max: 10 });
      const handles = [...messages.map((message) => message.ReceiptHandle), "garbage"];
      const Entries = handles.map((ReceiptHandle, index) => ({ Id: `e${index}`, ReceiptHandle }));
      const QueueUrl = url("plain");
      const changed = await client.send(
        new ChangeMessageVisibilityBatchCommand({
          QueueUrl,
          Entries: Entries.map((entry) => ({ ...entry, VisibilityTimeout: 60 })),
        }),
      );
      assert.deepEqual(
        changed.Successful?.map((entry) => entry.Id),
        ["e0", "e1"],
      );
      assert.deepEqual(
        changed.Failed?.map((entry) => entry.Code),
        ["ReceiptHandleIsInvalid"],
      );
      const deleted = await client.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }));
      assert.deepEqual(
        deleted.Successful?.map((entry) => entry.Id),
        ["e0", "e1"],
      );
      assert.deepEqual(
        deleted.Failed?.map((entry) => entry.Id),
        ["e2"],
      );
      assert.equal(await total(client, url("plain")), 0);
    },
  },
  {
    name: "a message received too often moves to the dead-letter queue with its history",
    async run({ client, url, arn }) {
      const { id, sentAt } = await park(client, url("source"));
      const [dead] = await receive(client, url("dead"));
      assert.equal(dead?.MessageId, id);
      assert.equal(dead?.Attributes?.SentTimestamp, sentAt);
      assert.equal(dead?.Attributes?.ApproximateReceiveCount, "3");
      assert.equal(dead?.Attributes?.DeadLetterQueueSourceArn, arn("source"));
      assert.equal(dead?.MessageAttributes?.kept?.StringValue, "yes");
      assert.equal(await total(client, url("source")), 0);
    },
  },
  {
    name: "StartMessageMoveTask brings dead letters back as new messages",
    needs: "moveTasks",
    async run({ client, url, arn }) {
      await park(client, url("source"));
      const SourceArn = arn("dead");
      const { TaskHandle } = await client.send(new StartMessageMoveTaskCommand({ SourceArn }));
      assert.ok(TaskHandle);
      const [message] = await receive(client, url("source"), { wait: 10 });
      assert.equal(message?.Body, "poison");
      assert.equal(message?.Attributes?.ApproximateReceiveCount, "1");
      assert.equal(message?.MessageAttributes?.kept?.StringValue, "yes");
      const task = await endedTask(client, SourceArn);
      assert.equal(task?.Status, "COMPLETED");
      assert.equal(task?.ApproximateNumberOfMessagesMoved, 1);
      assert.equal(task?.ApproximateNumberOfMessagesToMove, 1);
      assert.equal(await total(client, url("dead")), 0);
    },
  },
  {
    name: "CancelMessageMoveTask stops a slow task; a second start meanwhile is refused",
    needs: "moveTasks",
    async run({ client, url, arn }) {
      await sendMany(client, url("dead"), 10);
      const request = {
        SourceArn: arn("dead"),
        DestinationArn: arn("source"),
        MaxNumberOfMessagesPerSecond: 1,
      };
      const { TaskHandle } = await client.send(new StartMessageMoveTaskCommand(request));
      await refused(client.send(new StartMessageMoveTaskCommand(request)), "UnsupportedOperation");
      await client.send(new CancelMessageMoveTaskCommand({ TaskHandle }));
      assert.equal((await endedTask(client, arn("dead")))?.Status, "CANCELLED");
      const left = await total(client, url("dead"));
      assert.ok(left > 0);
      assert.equal(left + (await total(client, url("source"))), 10);
    },
  },
  {
    name: "StartMessageMoveTask refuses a queue that is nobody's dead-letter queue",
    needs: "moveTasks",
    async run({ client, arn }) {
      await assert.rejects(client.send(new StartMessageMoveTaskCommand({ SourceArn: arn("plain") })));
    },
  },
  {
    name: "a request for an unknown queue is refused",
    async run({ client, url }) {
      const QueueUrl = `${url("plain")}-unknown`;
      const request = client.send(new SendMessageCommand({ QueueUrl, MessageBody: "x" }));
      await refused(request, "QueueDoesNotExist");
    },
  },
];

interface ReceiveChoice {
  readonly max?: number;
  readonly wait?: number;
  readonly visibility?: number;
}

async function receive(client: SQSClient, QueueUrl: string, choice: ReceiveChoice = {}): Promise<Message[]> {
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

async function sendMany(client: SQSClient, QueueUrl: string, count: number): Promise<void> {
  for (let index = 0; index < count; index++) {
    await client.send(new SendMessageCommand({ QueueUrl, MessageBody: `body ${index}` }));
  }
}

/** Sends one message to `source` and receives it until it is a dead letter. */
async function park(client: SQSClient, QueueUrl: string): Promise<{ id?: string; sentAt?: string }> {
  const MessageAttributes = { kept: { DataType: "String", StringValue: "yes" } };
  await client.send(new SendMessageCommand({ QueueUrl, MessageBody: "poison", MessageAttributes }));
  const [first] = await receive(client, QueueUrl, { visibility: 0 });
  await receive(client, QueueUrl, { visibility: 0 });
  assert.deepEqual(await receive(client, QueueUrl, { wait: 1 }), []);
  return { id: first?.MessageId ?? "", sentAt: first?.Attributes?.SentTimestamp ?? "" };
}

function changeVisibility(
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

async function counts(client: SQSClient, QueueUrl: string) {
  const answer = await client.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["All"] }));
  return {
    visible: Number(answer.Attributes?.ApproximateNumberOfMessages),
    inFlight: Number(answer.Attributes?.ApproximateNumberOfMessagesNotVisible),
    delayed: Number(answer.Attributes?.ApproximateNumberOfMessagesDelayed),
  };
}

async function total(client: SQSClient, QueueUrl: string): Promise<number> {
  const { visible, inFlight, delayed } = await counts(client, QueueUrl);
  return visible + inFlight + delayed;
}

async function endedTask(client: SQSClient, SourceArn: string) {
  for (let attempt = 0; attempt < 200; attempt++) {
    const { Results } = await client.send(new ListMessageMoveTasksCommand({ SourceArn }));
    const [task] = Results ?? [];
    if (task?.Status !== "RUNNING" && task?.Status !== "CANCELLING") return task;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return undefined;
}

/** `code` is the end of the error's name: emulators differ in its namespace and an `Exception` at the end. */
async function refused(request: Promise<unknown>, code: string): Promise<void> {
  await assert.rejects(request, (error) => {
    assert.ok(error instanceof Error);
    assert.ok(error.name.includes(code), `${error.name}, expected ${code}`);
    return true;
  });
}
