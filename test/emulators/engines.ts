import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { CreateQueueCommand, GetQueueAttributesCommand, SQSClient } from "@aws-sdk/client-sqs";
import { findJdk } from "../../infra/local/servers/jdk.ts";
import { freePorts } from "../../infra/local/servers/ports.ts";
import type { S3Subject } from "../contract/s3-cases.ts";
import type { SqsQueueName, SqsSubject } from "../contract/sqs-subject.ts";
import { startEmulator } from "../deploy/emulator.ts";
import { startServer } from "../deploy/server-process.ts";
import { elasticmq, ministack, moto, type Tool } from "../deploy/tools.ts";

export const emulatorNames = ["elasticmq", "ministack", "moto"] as const;
export type EmulatorName = (typeof emulatorNames)[number];

/** An SQS, perhaps an S3 as well, over HTTP. */
export interface RunningEmulator {
  /** Queues that are empty because nobody has used them before. */
  freshQueues(): Promise<SqsSubject>;
  freshBucket(): Promise<S3Subject>;
  stop(): Promise<void>;
}

/** The emulator, or why it cannot run here. The first time, it is installed into the user's cache. */
export async function startNamed(name: EmulatorName): Promise<RunningEmulator | { readonly absent: string }> {
  const tool = await installed(name);
  if (tool.kind === "absent") return { absent: tool.reason };
  const folder = await mkdtemp(join(tmpdir(), `understudy-${name}-`));
  const removeFolder = () => rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 250 });
  const started = await starters[name](tool.folder, folder).catch(async (error: unknown) => {
    await removeFolder();
    throw error;
  });
  if ("absent" in started) return started;
  const clients = clientsOf(started.endpoint);
  return {
    ...clients,
    async stop() {
      clients.destroy();
      await started.stop();
      await removeFolder();
    },
  };
}

type Started =
  | { readonly endpoint: string; readonly stop: () => Promise<void> }
  | { readonly absent: string };

function installed(name: EmulatorName): Promise<Tool> {
  switch (name) {
    case "elasticmq":
      return elasticmq();
    case "ministack":
      return ministack();
    case "moto":
      return moto();
  }
}

const starters: Record<EmulatorName, (tool: string, folder: string) => Promise<Started>> = {
  async elasticmq(jars, folder) {
    const jdk = await findJdk({ min: 11, max: 99 }, undefined);
    if (jdk === undefined) return { absent: "elasticmq needs Java 11 or newer" };
    const [port = 0] = await freePorts(1);
    const endpoint = `http://127.0.0.1:${port}`;
    const settings = {
      "rest-sqs.bind-hostname": "127.0.0.1",
      "rest-sqs.bind-port": port,
      "rest-sqs.sqs-limits": "strict",
      "rest-stats.enabled": false,
      "node-address.host": "127.0.0.1",
      "node-address.port": port,
    };
    const options = Object.entries(settings).map(([key, value]) => `-D${key}=${value}`);
    const java = join(jdk.home, "bin/java");
    const stop = await startServer({
      name: "elasticmq",
      command: [java, "-Xmx256m", ...options, "-cp", `${jars}/*`, "org.elasticmq.server.Main"],
      environment: { HOME: folder },
      folder,
      probe: endpoint,
    });
    return { endpoint, stop };
  },
  async ministack(tool, folder) {
    const emulator = await startEmulator({ ministack: tool, node: dirname(process.execPath), folder });
    return { endpoint: emulator.environment["AWS_ENDPOINT_URL"] ?? "", stop: emulator.stop };
  },
  async moto(tool, folder) {
    const [port = 0] = await freePorts(1);
    const endpoint = `http://127.0.0.1:${port}`;
    const stop = await startServer({
      name: "moto",
      command: [join(tool, "bin/python"), join(tool, "bin/moto_server"), "-H", "127.0.0.1", "-p", `${port}`],
      environment: { HOME: folder, PATH: process.env["PATH"] ?? "" },
      folder,
      probe: endpoint,
    });
    return { endpoint, stop };
  },
};

function clientsOf(endpoint: string) {
  const settings = {
    endpoint,
    region: "us-east-1",
    credentials: { accessKeyId: "understudy", secretAccessKey: "any" },
    maxAttempts: 1,
  };
  const sqs = new SQSClient({ ...settings, useQueueUrlAsEndpoint: false });
  const s3 = new S3Client({ ...settings, forcePathStyle: true });
  return {
    freshQueues: () => freshQueues(sqs),
    async freshBucket() {
      const bucket = `payloads-${randomUUID()}`;
      await s3.send(new CreateBucketCommand({ Bucket: bucket }));
      return { client: s3, bucket };
    },
    destroy() {
      sqs.destroy();
      s3.destroy();
    },
  };
}

async function freshQueues(sqs: SQSClient): Promise<SqsSubject> {
  const mark = randomUUID();
  async function create(name: SqsQueueName, more: Record<string, string> = {}) {
    const Attributes = { VisibilityTimeout: "30", ...more };
    const { QueueUrl = "" } = await sqs.send(
      new CreateQueueCommand({ QueueName: `${name}-${mark}`, Attributes }),
    );
    const wanted = new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["QueueArn"] });
    return { url: QueueUrl, arn: (await sqs.send(wanted)).Attributes?.QueueArn ?? "" };
  }
  const dead = await create("dead");
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: dead.arn, maxReceiveCount: 2 });
  const queues = { dead, source: await create("source", { RedrivePolicy }), plain: await create("plain") };
  return { client: sqs, url: (queue) => queues[queue].url, arn: (queue) => queues[queue].arn };
}
