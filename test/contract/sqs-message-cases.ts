import assert from "node:assert/strict";
import { DeleteMessageCommand, ReceiveMessageCommand, SendMessageCommand } from "@aws-sdk/client-sqs";
import type { EngineCase } from "./engine-case.ts";
import {
  changeVisibility,
  counts,
  receive,
  refused,
  type SqsSubject,
  sendMany,
  total,
} from "./sqs-subject.ts";

const mebibyte = 1_048_576;

export const sqsMessageCases: readonly EngineCase<SqsSubject>[] = [
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
    documented:
      "deleting a message that is gone succeeds (DeleteMessage: a handle is good for as long as its queue's retention)",
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
    documented: "VisibilityTimeout is 0 to 43,200 (ChangeMessageVisibility)",
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
    documented: "MessageNotInflight: the message is not in flight (ChangeMessageVisibility, Errors)",
    async run({ client, url }) {
      await sendMany(client, url("plain"), 1);
      const [message] = await receive(client, url("plain"));
      await changeVisibility(client, url("plain"), message, 0);
      await refused(changeVisibility(client, url("plain"), message, 10), "MessageNotInflight");
    },
  },
  {
    name: "a receipt handle that nobody gave out is refused",
    async run({ client, url }) {
      for (const ReceiptHandle of ["garbage", "AAAA", "ü"]) {
        const request = client.send(new DeleteMessageCommand({ QueueUrl: url("plain"), ReceiptHandle }));
        await refused(request, "ReceiptHandleIsInvalid");
      }
    },
  },
  {
    name: "DeleteMessage with the handle of an earlier receive does not delete",
    documented:
      "with an older handle the request succeeds, and the message might not be deleted (DeleteMessage)",
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
    name: "SendMessage takes 1 MiB and refuses one byte more",
    documented: "a message has at most 1,048,576 bytes; InvalidParameterValue (message quotas)",
    async run({ client, url }) {
      const send = (bytes: number) =>
        client.send(new SendMessageCommand({ QueueUrl: url("plain"), MessageBody: "x".repeat(bytes) }));
      await send(mebibyte);
      await refused(send(mebibyte + 1), "InvalidParameterValue");
      assert.equal((await receive(client, url("plain")))[0]?.Body?.length, mebibyte);
    },
  },
  {
    name: "SendMessage refuses characters that XML cannot hold",
    documented:
      "InvalidMessageContents: the message contains characters outside the allowed set (SendMessage, Errors)",
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
    name: "ApproximateReceiveCount grows while the time of the first receive stays",
    async run({ client, url }) {
      await sendMany(client, url("plain"), 1);
      const [first] = await receive(client, url("plain"), { visibility: 0 });
      const [second] = await receive(client, url("plain"), { visibility: 0 });
      const firstTime = first?.Attributes?.ApproximateFirstReceiveTimestamp;
      assert.match(firstTime ?? "", /^\d{13}$/);
      assert.equal(second?.Attributes?.ApproximateFirstReceiveTimestamp, firstTime);
      assert.equal(second?.Attributes?.ApproximateReceiveCount, "2");
      assert.equal(second?.Attributes?.SentTimestamp, first?.Attributes?.SentTimestamp);
    },
  },
  {
    name: "ReceiveMessage gives the attributes that are named, one by one or by prefix",
    documented: "names, `All`, or a prefix with `.*` (ReceiveMessage, MessageAttributeNames)",
    async run({ client, url }) {
      const value = { DataType: "String", StringValue: "1" };
      const MessageAttributes = { "a.x": value, "a.y": value, b: value, c: value };
      await client.send(
        new SendMessageCommand({ QueueUrl: url("plain"), MessageBody: "x", MessageAttributes }),
      );
      const { Messages = [] } = await client.send(
        new ReceiveMessageCommand({
          QueueUrl: url("plain"),
          WaitTimeSeconds: 2,
          MessageAttributeNames: ["a.*", "b"],
          MessageSystemAttributeNames: ["ApproximateReceiveCount"],
        }),
      );
      assert.deepEqual(Object.keys(Messages[0]?.MessageAttributes ?? {}).sort(), ["a.x", "a.y", "b"]);
      assert.deepEqual(Messages[0]?.Attributes, { ApproximateReceiveCount: "1" });
    },
  },
  {
    name: "the trace header travels with the message",
    async run({ client, url }) {
      const StringValue = "Root=1-5759e988-bd862e3fe1be46a994272793";
      await client.send(
        new SendMessageCommand({
          QueueUrl: url("plain"),
          MessageBody: "x",
          MessageSystemAttributes: { AWSTraceHeader: { DataType: "String", StringValue } },
        }),
      );
      assert.equal((await receive(client, url("plain")))[0]?.Attributes?.AWSTraceHeader, StringValue);
    },
  },
  {
    name: "ReceiveMessage refuses numbers out of range",
    documented:
      "MaxNumberOfMessages 1 to 10, WaitTimeSeconds up to 20, VisibilityTimeout up to 43,200 (ReceiveMessage)",
    async run({ client, url }) {
      const wrong = [
        { MaxNumberOfMessages: 0 },
        { MaxNumberOfMessages: 11 },
        { WaitTimeSeconds: 21 },
        { VisibilityTimeout: 43_201 },
      ];
      for (const numbers of wrong) {
        const request = client.send(new ReceiveMessageCommand({ QueueUrl: url("plain"), ...numbers }));
        await assert.rejects(request, JSON.stringify(numbers));
      }
    },
  },
  {
    name: "SendMessage refuses an empty body",
    documented: "the minimum size of a body is one character (SendMessage)",
    async run({ client, url }) {
      await assert.rejects(client.send(new SendMessageCommand({ QueueUrl: url("plain"), MessageBody: "" })));
    },
  },
  {
    name: "a message has at most 10 attributes",
    documented: "up to 10 attributes; InvalidParameterValue (message metadata)",
    async run({ client, url }) {
      const send = (count: number) => {
        const names = Array.from({ length: count }, (_, index) => `a${index}`);
        const value = { DataType: "String", StringValue: "1" };
        const MessageAttributes = Object.fromEntries(names.map((name) => [name, value]));
        return client.send(
          new SendMessageCommand({ QueueUrl: url("plain"), MessageBody: "x", MessageAttributes }),
        );
      };
      await send(10);
      await refused(send(11), "InvalidParameterValue");
    },
  },
  {
    name: "attributes count towards the 1 MiB",
    documented: "name, type, value and body all count towards the message's size (message metadata)",
    async run({ client, url }) {
      const value = { DataType: "String", StringValue: "x".repeat(1000) };
      const request = client.send(
        new SendMessageCommand({
          QueueUrl: url("plain"),
          MessageBody: "x".repeat(mebibyte - 1000),
          MessageAttributes: { reason: value },
        }),
      );
      await refused(request, "InvalidParameterValue");
    },
  },
  {
    name: "ChangeMessageVisibility counts the 12 hours from the receive",
    documented:
      "the 12 hours begin with the receive, changes do not start them anew, and more is an error (visibility timeout)",
    async run({ client, url }) {
      await sendMany(client, url("plain"), 1);
      const [message] = await receive(client, url("plain"));
      await new Promise((resolve) => setTimeout(resolve, 1100));
      await refused(changeVisibility(client, url("plain"), message, 43_200), "InvalidParameterValue");
      await changeVisibility(client, url("plain"), message, 43_000);
    },
  },
  {
    name: "DeleteMessage takes the handle of a receive whose visibility timeout is over",
    async run({ client, url }) {
      await sendMany(client, url("plain"), 1);
      const [message] = await receive(client, url("plain"), { visibility: 0 });
      await client.send(
        new DeleteMessageCommand({ QueueUrl: url("plain"), ReceiptHandle: message?.ReceiptHandle }),
      );
      assert.equal(await total(client, url("plain")), 0);
    },
  },
];
