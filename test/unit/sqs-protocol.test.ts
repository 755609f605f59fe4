import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { test } from "node:test";
import {
  ChangeMessageVisibilityCommand,
  GetQueueAttributesCommand,
  type MessageAttributeValue,
  QueueDoesNotExist,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import { SqsProtocol } from "../../functions/core/queue/sqs-protocol.ts";

interface Seen {
  readonly body: Uint8Array;
  readonly headers: Record<string, string>;
}

/** A client that keeps what it sends, and gets `answer`; with the SDK's own protocol unless told. */
function client(answer: object, statusCode = 200, protocol?: typeof SqsProtocol) {
  const seen: Seen[] = [];
  const sqs = new SQSClient({
    region: "us-east-1",
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
    md5: false,
    maxAttempts: 1,
    ...(protocol && { protocol }),
    requestHandler: {
      async handle(request: Seen) {
        seen.push({ body: request.body, headers: request.headers });
        const headers = { "content-type": "application/x-amz-json-1.0" };
        return { response: { statusCode, headers, body: Readable.from([JSON.stringify(answer)]) } };
      },
    },
  });
  return { sqs, seen };
}

const QueueUrl = "https://sqs.us-east-1.amazonaws.com/1/records";
const text = `{"a":1}\n"\\ \t\r é 漢 😀 \u2028 \u007F lone \uD800 end ${"x".repeat(5000)}`;
const MessageAttributes: Record<string, MessageAttributeValue> = {
  reason: { DataType: "String", StringValue: text },
  bytes: { DataType: "Binary", BinaryValue: Buffer.from([0, 1, 255]) },
};

test("SqsProtocol sends what the SDK's own protocol sends, in bytes", async () => {
  const single = { MessageBody: text, MessageGroupId: "g", MessageAttributes };
  const Entries = [{ Id: "0", MessageBody: text, DelaySeconds: 0 }];
  const visibility = { ReceiptHandle: text, VisibilityTimeout: 7 };
  const calls: readonly ((sqs: SQSClient) => Promise<unknown>)[] = [
    (sqs) => sqs.send(new SendMessageCommand({ QueueUrl, ...single })),
    (sqs) => sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries })),
    (sqs) => sqs.send(new ChangeMessageVisibilityCommand({ QueueUrl, ...visibility })),
    (sqs) => sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["All"] })),
  ];
  for (const call of calls) {
    const [own, sdk] = [client({}, 200, SqsProtocol), client({})];
    await Promise.all([call(own.sqs), call(sdk.sqs)]);
    const [[sent], [expected]] = [own.seen, sdk.seen];
    assert.ok(sent && expected);
    assert.ok(sent.body instanceof Uint8Array);
    assert.deepEqual(
      JSON.parse(Buffer.from(sent.body).toString()),
      JSON.parse(Buffer.from(expected.body).toString()),
    );
    for (const name of ["content-type", "x-amz-target", "x-amzn-query-mode", "content-length"])
      assert.equal(sent.headers[name], expected.headers[name], name);
    assert.equal(sent.headers["content-length"], String(sent.body.byteLength));
  }
});

test("SqsProtocol reads answers and errors as the SDK's own protocol does", async () => {
  const message = { MessageId: "1", ReceiptHandle: "r", Body: text, Attributes: { SentTimestamp: "5" } };
  const receive = () => new ReceiveMessageCommand({ QueueUrl });
  const [own, sdk] = [client({ Messages: [message] }, 200, SqsProtocol), client({ Messages: [message] })];
  const { Messages: read } = await own.sqs.send(receive());
  assert.deepEqual(read, (await sdk.sqs.send(receive())).Messages);
  assert.equal(read?.[0]?.Body, text);
  const error = { __type: "com.amazonaws.sqs#QueueDoesNotExist", message: "no such queue" };
  await assert.rejects(
    client(error, 400, SqsProtocol).sqs.send(receive()),
    (thrown) => thrown instanceof QueueDoesNotExist && thrown.message === "no such queue",
  );
});
