import { cp, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { SQSClient } from "@aws-sdk/client-sqs";
import * as v from "valibot";
import { createSqsQueue } from "../../functions/core/queue/sqs-queue.ts";
import { awsSignature } from "../../functions/core/secret/aws-signature.ts";
import { type Call, type Reply, send } from "../support/client.ts";
import { adaptToEmulator, cdk } from "./cdk.ts";
import { startEmulator } from "./emulator.ts";
import { ministack, node22 } from "./tools.ts";

const stackName = "understudy";
const outputsSchema = v.object({
  [stackName]: v.object({
    ApiUrl: v.string(),
    ClientSecretName: v.string(),
    QueueUrl: v.string(),
    ParkingQueueUrl: v.string(),
    DeadLetterQueueUrl: v.string(),
    PayloadBucketName: v.string(),
    DashboardUrl: v.string(),
    KeptByDestroy: v.string(),
  }),
});

/** The gateway as the CDK's own command line deployed it, out of this checkout. */
export interface DeployedStack {
  readonly outputs: v.InferOutput<typeof outputsSchema>[typeof stackName];
  /** Alarms that the emulator cannot have. */
  readonly alarmsLeftOut: readonly string[];
  /** For `understudy` and the AWS SDK. */
  readonly environment: Readonly<Record<string, string>>;
  readonly sqs: SQSClient;
  /** One request through the API, signed in with the generated secret. The path as a client encodes it. */
  send(call: Call): Promise<Reply>;
  /** The same, without signing in. */
  sendAsStranger(call: Call): Promise<Reply>;
  /** The keys in the payload bucket under a prefix. */
  objects(prefix: string): Promise<readonly string[]>;
  /** How many messages a queue holds, without those that are delayed. */
  depth(queueUrl: string): Promise<number>;
  /** One request in AWS's JSON protocol; `target` as in its header. */
  aws(service: string, target: string, body: unknown): Promise<unknown>;
  /** Deploys again over what runs, with settings that differ, and an assembly that `change` has changed. */
  update(
    different: Readonly<Record<string, string>>,
    change?: (assembly: string) => Promise<void>,
  ): Promise<void>;
  /** What `cdk destroy` says. */
  destroy(): Promise<string>;
}

/** The tools for a deployment, or the reason why there is none. */
export async function deploymentTools() {
  const [server, node] = [await ministack(), await node22()];
  const reasons = [server, node].flatMap((tool) => (tool.kind === "absent" ? [tool.reason] : []));
  if (server.kind === "here" && node.kind === "here") {
    return { kind: "here" as const, ministack: server.folder, node: node.folder };
  }
  return { kind: "absent" as const, reason: reasons.join("; ") };
}

/** Starts the emulator, and bootstraps and deploys with these settings. Ends with the test file. */
export async function deployStack(
  tools: { readonly ministack: string; readonly node: string },
  settings: Readonly<Record<string, string>>,
): Promise<DeployedStack> {
  const folder = await mkdtemp(join(tmpdir(), "understudy-deploy-"));
  after(() => rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 250 }));
  const emulator = await startEmulator({ ...tools, folder });
  after(() => emulator.stop());
  // The command line remembers which account a key belongs to, so each run has a home of its own.
  const environment = { ...emulator.environment, CDK_HOME: folder };
  const synthesise = async (name: string, different: Readonly<Record<string, string>> = {}) => {
    const assembly = join(folder, name);
    const all = { ...environment, ...settings, ...different, STACK_NAME: stackName };
    await cdk(all, "synth", "--quiet", "--output", assembly);
    return { assembly, alarmsLeftOut: await adaptToEmulator(assembly, "Understudy") };
  };
  const told = join(folder, "outputs.json");
  const deploy = (assembly: string) =>
    cdk(environment, "deploy", "--app", assembly, "--require-approval", "never", "--outputs-file", told);
  const { assembly, alarmsLeftOut } = await synthesise("assembly");
  await cdk(environment, "bootstrap", "--app", assembly, "aws://000000000000/us-east-1");
  await deploy(assembly);
  let updates = 0;
  const { [stackName]: outputs } = v.parse(outputsSchema, JSON.parse(await readFile(told, "utf8")));
  const aws = awsClient(emulator.environment);
  const authorization = await clientAuthorization(aws, outputs.ClientSecretName);
  const sendAsStranger = throughApi(emulator.port, outputs.ApiUrl);
  const sqs = new SQSClient({
    endpoint: emulator.environment["AWS_ENDPOINT_URL"] ?? "",
    region: "us-east-1",
    credentials: { accessKeyId: "any", secretAccessKey: "any" },
    useQueueUrlAsEndpoint: false,
  });
  after(() => sqs.destroy());
  return {
    outputs,
    alarmsLeftOut,
    environment: emulator.environment,
    sqs,
    sendAsStranger,
    send: (call) => sendAsStranger({ ...call, headers: { ...call.headers, authorization } }),
    async objects(prefix) {
      const path = `/${outputs.PayloadBucketName}?list-type=2&prefix=${encodeURIComponent(prefix)}`;
      const { text } = await send(emulator.environment["AWS_ENDPOINT_URL"] ?? "", { path });
      return [...text.matchAll(/<Key>([^<]+)<\/Key>/g)].map(([, key = ""]) => key);
    },
    async depth(queueUrl) {
      const { visible, inFlight } = await createSqsQueue(sqs, queueUrl).depth();
      return visible + inFlight;
    },
    aws,
    async update(different, change) {
      const name = `assembly-${++updates}`;
      if (Object.keys(different).length > 0) await synthesise(name, different);
      else await cp(assembly, join(folder, name), { recursive: true });
      await change?.(join(folder, name));
      await deploy(join(folder, name));
    },
    destroy: () => cdk(environment, "destroy", "--app", assembly, "--force"),
  };
}

/**
 * The API is known by its host. MiniStack decodes the path that a REST API hands on as it came: a percent sign that
 * is encoded itself is then what AWS would hand on.
 */
function throughApi(port: number, apiUrl: string): (call: Call) => Promise<Reply> {
  const { host, pathname } = new URL(apiUrl);
  const stage = pathname.replace(/\/$/, "");
  const headers = { host: `${host.split(".")[0]}.execute-api.localhost:${port}` };
  return (call) => {
    const [path = "", ...query] = call.path.split("?");
    const target = [stage + path.replaceAll("%", "%25"), ...query].join("?");
    return send(`http://127.0.0.1:${port}`, {
      ...call,
      path: target,
      headers: { ...headers, ...call.headers },
    });
  };
}

/** Sends requests in AWS's JSON protocol to the emulator. */
export function awsClient(environment: Readonly<Record<string, string>>): DeployedStack["aws"] {
  const url = new URL(environment["AWS_ENDPOINT_URL"] ?? "");
  const credentials = { accessKeyId: "understudy-test", secretAccessKey: "any", sessionToken: undefined };
  return async (service, target, content) => {
    const body = JSON.stringify(content);
    const request = { host: url.host, method: "POST", path: "/", body };
    const signature = awsSignature(request, { service, region: "us-east-1" }, credentials, Date.now());
    const headers = { ...signature, "content-type": "application/x-amz-json-1.1", "x-amz-target": target };
    const answer = await fetch(url, { method: "POST", headers, body });
    if (!answer.ok) throw new Error(`${target} answered ${answer.status}: ${await answer.text()}`);
    return answer.json();
  };
}

const secretsSchema = v.object({ SecretList: v.array(v.object({ Name: v.string(), ARN: v.string() })) });
const secretSchema = v.object({ SecretString: v.string() });
const loginSchema = v.object({ username: v.string(), password: v.string() });

/** MiniStack makes longer names for secrets than CloudFormation does, so the output is only their beginning. */
async function clientAuthorization(aws: DeployedStack["aws"], secretName: string): Promise<string> {
  const { SecretList } = v.parse(
    secretsSchema,
    await aws("secretsmanager", "secretsmanager.ListSecrets", {}),
  );
  const secret = SecretList.find(({ Name }) => Name.startsWith(secretName));
  const SecretId = secret?.ARN;
  const value = await aws("secretsmanager", "secretsmanager.GetSecretValue", { SecretId });
  const login: unknown = JSON.parse(v.parse(secretSchema, value).SecretString);
  const { username, password } = v.parse(loginSchema, login);
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}

/** Asks again until it holds. Rejects with the last thing that was seen. */
export async function eventually<T>(see: () => Promise<T>, suits: (seen: T) => boolean): Promise<T> {
  const deadline = performance.now() + 120_000;
  for (;;) {
    const seen = await see();
    if (suits(seen)) return seen;
    if (performance.now() > deadline) throw new Error(`Not within 120 s: ${JSON.stringify(seen)}`);
    await pause(200);
  }
}
