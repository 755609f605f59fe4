import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { median } from "../bench/median.ts";
import { type InvocationEnd, startRuntimeApi } from "./runtime-api.ts";

/** What the CDK uploads of one function, and what the stack tells it. */
export interface Bundle {
  readonly name: string;
  /** The asset's folder in the assembly. */
  readonly folder: string;
  readonly bytes: number;
  /** As in the template; what only a deployment knows is left out. */
  readonly environment: Readonly<Record<string, string>>;
}

interface FunctionResource {
  readonly Type: string;
  readonly Properties: { readonly Environment?: { readonly Variables: Readonly<Record<string, unknown>> } };
  readonly Metadata?: { readonly "aws:asset:path"?: string };
}

/** The functions in a synthesised assembly. */
export async function bundlesIn(assembly: string): Promise<readonly Bundle[]> {
  const template: { Resources: Record<string, FunctionResource> } = JSON.parse(
    await readFile(join(assembly, "Understudy.template.json"), "utf8"),
  );
  const functions = Object.values(template.Resources).filter(({ Type }) => Type === "AWS::Lambda::Function");
  return Promise.all(
    functions.map(async ({ Properties, Metadata }) => {
      const folder = join(assembly, Metadata?.["aws:asset:path"] ?? "");
      const variables = Object.entries(Properties.Environment?.Variables ?? {});
      const told = variables.filter((entry): entry is [string, string] => typeof entry[1] === "string");
      const { size: bytes } = await stat(join(folder, "index.mjs"));
      return { name: await nameOf(folder), folder, bytes, environment: Object.fromEntries(told) };
    }),
  );
}

/** From esbuild's own list of what is in a bundle. */
async function nameOf(folder: string): Promise<string> {
  const [file = ""] = (await readdir(folder)).filter((name) => name.endsWith(".meta.json"));
  const { outputs }: { outputs: Record<string, { entryPoint?: string }> } = JSON.parse(
    await readFile(join(folder, file), "utf8"),
  );
  const entry = Object.values(outputs).find(({ entryPoint }) => entryPoint)?.entryPoint ?? "";
  return /functions\/(\w+)\/handler\.ts$/.exec(entry)?.[1] ?? entry;
}

/** What loading a bundle takes, in milliseconds: medians of 9 processes. A busy machine stretches the time, not the CPU. */
export async function importCost(
  node: string,
  { folder, environment }: Bundle,
): Promise<{ readonly wallMs: number; readonly cpuMs: number }> {
  const url = pathToFileURL(join(folder, "index.mjs")).href;
  const script = [
    "globalThis.awslambda = { streamifyResponse: (handler) => handler, HttpResponseStream: {} };",
    "const [from, cpu] = [performance.now(), process.cpuUsage()];",
    `await import(${JSON.stringify(url)});`,
    "const { user, system } = process.cpuUsage(cpu);",
    "console.log(performance.now() - from, (user + system) / 1000); process.exit(0);",
  ].join("\n");
  const costs: number[][] = [];
  for (let start = 0; start < 9; start++) {
    const args = ["--input-type=module", "--eval", script];
    const { stdout } = await promisify(execFile)(join(node, "node"), args, { env: { ...environment } });
    costs.push(stdout.trim().split(" ").map(Number));
  }
  return {
    wallMs: median(costs.map(([wall = 0]) => wall)),
    cpuMs: median(costs.map(([, cpu = 0]) => cpu)),
  };
}

/** A function in a process of its own under AWS's runtime client. */
export interface FunctionProcess {
  readonly initMs: number;
  invoke(event: unknown, timeoutMs?: number): Promise<InvocationEnd>;
  /** CPU that the process has used so far; `undefined` where the system does not tell. */
  cpuMs(): Promise<number | undefined>;
  stop(): Promise<void>;
}

/** Starts the function as Lambda does, with its bundle as task root. Rejects when it cannot be loaded. */
export async function startFunction(
  tools: { readonly node: string; readonly runtimeClient: string },
  bundle: Bundle,
  environment: Readonly<Record<string, string>>,
): Promise<FunctionProcess> {
  const api = await startRuntimeApi();
  const began = performance.now();
  const client = join(tools.runtimeClient, "index.mjs");
  const child = spawn(join(tools.node, "node"), [client, "index.handler"], {
    cwd: bundle.folder,
    stdio: ["ignore", "ignore", "inherit"],
    env: {
      ...bundle.environment,
      ...environment,
      ...lambdaVariables(bundle.name),
      AWS_LAMBDA_RUNTIME_API: api.address,
      LAMBDA_TASK_ROOT: bundle.folder,
      _HANDLER: "index.handler",
    },
  });
  const gone = once(child, "exit");
  const early = gone.then(() => new Error(`${bundle.name} ended before its first invocation`));
  const failure = await Promise.race([api.initialised.catch((error: unknown) => error), early]);
  if (failure !== undefined) {
    child.kill("SIGKILL");
    api.close();
    throw failure;
  }
  return {
    initMs: performance.now() - began,
    invoke: (event, timeoutMs = 30_000) => api.invoke(event, timeoutMs),
    cpuMs: () => cpuOf(child),
    async stop() {
      child.kill("SIGKILL");
      await gone;
      api.close();
    },
  };
}

/** What Lambda tells every function of itself. */
function lambdaVariables(name: string): Readonly<Record<string, string>> {
  return {
    AWS_LAMBDA_FUNCTION_NAME: name,
    AWS_LAMBDA_FUNCTION_VERSION: "$LATEST",
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: "1769",
    AWS_LAMBDA_LOG_GROUP_NAME: name,
    AWS_LAMBDA_LOG_STREAM_NAME: "test",
  };
}

/** Linux counts in hundredths of a second: fields 14 and 15 of `/proc/<pid>/stat`. */
async function cpuOf({ pid }: ChildProcess): Promise<number | undefined> {
  const line = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  const [, user, system] = /\) (?:\S+ ){11}(\d+) (\d+)/.exec(line ?? "") ?? [];
  return user === undefined ? undefined : 10 * (Number(user) + Number(system));
}
