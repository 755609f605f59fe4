import assert from "node:assert/strict";
import {
  CancelMessageMoveTaskCommand,
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  type GetQueueAttributesCommandInput,
  GetQueueUrlCommand,
  ListDeadLetterSourceQueuesCommand,
  type Message,
  PurgeQueueCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  StartMessageMoveTaskCommand,
} from "@aws-sdk/client-sqs";
import type { EngineCase } from "./engine-case.ts";
import {
  counts,
  endedTask,
  park,
  receive,
  refused,
  type SqsSubject,
  sendMany,
  total,
} from "./sqs-subject.ts";

const mebibyte = 1_048_576;

export const sqsQueueCases: readonly EngineCase<SqsSubject>[] = [
  {
    name: "SendMessageBatch fails the entry that is wrong and sends the others",
    documented: "each entry succeeds or fails for itself (SendMessageBatch); DelaySeconds is 0 to 900",
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
    documented:
      "EmptyBatchRequest, TooManyEntriesInBatchRequest, BatchEntryIdsNotDistinct, InvalidBatchEntryId (SendMessageBatch, Errors)",
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
    name: "SendMessageBatch refuses more than 1 MiB together",
    documented:
      "BatchRequestTooLong: the length of all messages together is over the limit (SendMessageBatch, Errors)",
    async run({ client, url }) {
      const Entries = ["a", "b"].map((Id) => ({ Id, MessageBody: "x".repeat(mebibyte / 2 + 1) }));
      const request = client.send(new SendMessageBatchCommand({ QueueUrl: url("plain"), Entries }));
      await refused(request, "BatchRequestTooLong");
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
    documented: "DeadLetterQueueSourceArn is an attribute of a dead letter that SQS moved (ReceiveMessage)",
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
    documented:
      "a redriven message has a new id and time (dead-letter queue redrive); ListMessageMoveTasks counts what was moved",
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
    documented:
      "one task at a time for a queue; what was moved stays moved (StartMessageMoveTask, CancelMessageMoveTask)",
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
    documented: "only dead-letter queues of other SQS queues can be a source (StartMessageMoveTask)",
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
  {
    name: "SendMessageBatch keeps each entry's attributes, group and delay",
    async run({ client, url }) {
      const value = (StringValue: string) => ({ kept: { DataType: "String", StringValue } });
      const answer = await client.send(
        new SendMessageBatchCommand({
          QueueUrl: url("plain"),
          Entries: [
            { Id: "a", MessageBody: "a", MessageGroupId: "one", MessageAttributes: value("a") },
            { Id: "b", MessageBody: "b", MessageGroupId: "two", MessageAttributes: value("b") },
            { Id: "c", MessageBody: "c", DelaySeconds: 900 },
          ],
        }),
      );
      assert.equal(answer.Successful?.length, 3);
      const messages = [
        ...(await receive(client, url("plain"), { max: 10 })),
        ...(await receive(client, url("plain"), { max: 10, wait: 0 })),
      ];
      const seen = messages.map(({ Body, Attributes, MessageAttributes }) => [
        Body,
        Attributes?.MessageGroupId,
        MessageAttributes?.kept?.StringValue,
      ]);
      assert.deepEqual(seen.sort(), [
        ["a", "one", "a"],
        ["b", "two", "b"],
      ]);
      assert.deepEqual(await counts(client, url("plain")), { visible: 0, inFlight: 2, delayed: 1 });
    },
  },
  {
    name: "DeleteMessageBatch takes ten entries and refuses eleven",
    documented: "up to ten messages; TooManyEntriesInBatchRequest (DeleteMessageBatch)",
    async run({ client, url }) {
      const QueueUrl = url("plain");
      await sendMany(client, QueueUrl, 10);
      const held: Message[] = [];
      for (let times = 0; times < 10 && held.length < 10; times++)
        held.push(...(await receive(client, QueueUrl, { max: 10 })));
      const Entries = held.map(({ ReceiptHandle }, index) => ({ Id: `${index}`, ReceiptHandle }));
      const more = [...Entries, { Id: "more", ReceiptHandle: "another" }];
      const tooMany = client.send(new DeleteMessageBatchCommand({ QueueUrl, Entries: more }));
      await refused(tooMany, "TooManyEntriesInBatchRequest");
      const { Successful } = await client.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }));
      assert.equal(Successful?.length, 10);
      assert.equal(await total(client, QueueUrl), 0);
    },
  },
  {
    name: "GetQueueAttributes leaves out what a queue does not have, and refuses an unknown name",
    documented:
      "InvalidAttributeName: the attribute does not exist; times are epoch seconds (GetQueueAttributes)",
    async run({ client, url }) {
      const ask = (name: string) => {
        const input = { QueueUrl: url("plain"), AttributeNames: [name] };
        // The SDK's type has only the names that exist.
        return client.send(new GetQueueAttributesCommand(input as GetQueueAttributesCommandInput));
      };
      assert.deepEqual((await ask("RedrivePolicy")).Attributes ?? {}, {});
      assert.match((await ask("CreatedTimestamp")).Attributes?.CreatedTimestamp ?? "", /^\d{10}$/);
      await refused(ask("NoSuchAttribute"), "InvalidAttributeName");
    },
  },
  {
    name: "ListDeadLetterSourceQueues names the queues that redrive here",
    documented: "the queues whose RedrivePolicy names this one (ListDeadLetterSourceQueues)",
    async run({ client, url }) {
      const list = (QueueUrl: string) => client.send(new ListDeadLetterSourceQueuesCommand({ QueueUrl }));
      assert.deepEqual((await list(url("dead"))).queueUrls, [url("source")]);
      assert.deepEqual((await list(url("plain"))).queueUrls ?? [], []);
    },
  },
  {
    name: "CancelMessageMoveTask refuses a task that nobody started",
    documented: "ResourceNotFoundException (CancelMessageMoveTask, Errors)",
    async run({ client }) {
      const request = client.send(new CancelMessageMoveTaskCommand({ TaskHandle: "nobody" }));
      await refused(request, "ResourceNotFound");
    },
  },
];
