import { writeSync } from "node:fs";
import { DeleteObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { DeleteMessageCommand, ReceiveMessageCommand, SendMessageCommand } from "@aws-sdk/client-sqs";
import { embeddedClients } from "../../infra/local/embedded/clients.ts";
import { queueUrlPrefix } from "../../infra/local/embedded/sqs-action.ts";

/**
 * The process that `embedded-kill.test.ts` kills: it sends, receives, deletes and puts without pause and prints a
 * line for each acknowledgement, synchronously, so that what is printed was acknowledged before the kill.
 * Arguments: the data directory, and a word that makes the names of this run unique.
 */
const [directory = "", run = ""] = process.argv.slice(2);
const { sqs, s3 } = await embeddedClients(directory, {
  queues: [{ name: "q", visibilityTimeoutSeconds: 3600, retentionSeconds: 86_400 }],
  bucket: "b",
});
const QueueUrl = `${queueUrlPrefix}q`;

function acknowledged(what: string, name: string): void {
  writeSync(1, `${what} ${name}\n`);
}

async function sendForever(sender: number): Promise<void> {
  for (let index = 0; ; index++) {
    const name = `${run}-${sender}-${index}`;
    const body = `${name} ${"x".repeat(index % 5000)}`;
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: body }));
    acknowledged("sent", name);
  }
}

async function receiveForever(): Promise<void> {
  for (let index = 0; ; index++) {
    const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 1 }));
    for (const { Body = "", ReceiptHandle } of Messages) {
      const name = Body.split(" ")[0] ?? "";
      acknowledged("received", name);
      if (index % 2 === 0) continue;
      acknowledged("deleting", name);
      await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
      acknowledged("deleted", name);
    }
  }
}

async function putForever(size: number): Promise<void> {
  for (let index = 0; ; index++) {
    const Key = `${run}/${size}/${index}`;
    await s3.send(new PutObjectCommand({ Bucket: "b", Key, Body: Buffer.alloc(size, Key) }));
    acknowledged("put", Key);
    if (index % 3 !== 0) continue;
    acknowledged("removing", Key);
    await s3.send(new DeleteObjectCommand({ Bucket: "b", Key }));
    acknowledged("removed", Key);
  }
}

await Promise.all([
  sendForever(0),
  sendForever(1),
  receiveForever(),
  putForever(30_000),
  putForever(300_000),
]);
