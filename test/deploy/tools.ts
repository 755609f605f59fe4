import { access, mkdtemp, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { cacheFolder } from "../../infra/local/servers/account.ts";
import { type ProgramEnd, runProgram } from "../../infra/local/servers/program.ts";

/** A tool that the tests install for themselves, or why they cannot have it here. */
export type Tool =
  | { readonly kind: "here"; readonly folder: string }
  | { readonly kind: "absent"; readonly reason: string };

type Command = readonly [command: string, ...args: string[]];

/** AWS on one machine: `pip install ministack`. Its account is 000000000000. */
export function ministack(): Promise<Tool> {
  return pythonTool("ministack", "1.5.33");
}

/** Mocks of AWS's services, as a server: SQS and S3 among them. */
export function moto(): Promise<Tool> {
  return pythonTool("moto", "5.2.5", "[server]");
}

/** SQS on the JVM. Its jars are in the folder. */
export function elasticmq(): Promise<Tool> {
  const pom = fileURLToPath(new URL("../emulators/elasticmq.pom.xml", import.meta.url));
  return cachedTool("elasticmq-1.7.1", (folder) => [
    ["mvn", "-B", "-q", "-f", pom, "dependency:copy-dependencies", `-DoutputDirectory=${folder}`],
  ]);
}

function pythonTool(name: string, version: string, extra = ""): Promise<Tool> {
  return cachedTool(`${name}-${version}`, (folder) => [
    [
      "python3",
      "-c",
      "import sys; sys.exit(sys.version_info < (3, 10) and 'Python 3.10 or newer is needed')",
    ],
    ["python3", "-m", "venv", folder],
    [join(folder, "bin/python"), "-m", "pip", "install", "--quiet", `${name}${extra}==${version}`],
  ]);
}

/** The folder whose `node` is the functions' runtime, Node 22: this process's own, or one from npm. */
export async function node22(): Promise<Tool> {
  if (process.versions.node.startsWith("22.")) return { kind: "here", folder: dirname(process.execPath) };
  const tool = await cachedTool("node-22.23.3", (folder) => [npmInstall(folder, "node@22.23.3")]);
  return tool.kind === "here" ? { ...tool, folder: join(tool.folder, "node_modules/node/bin") } : tool;
}

/** AWS's own client of the Lambda runtime, as it is in nodejs22.x. It compiles for minutes, the first time only. */
export async function runtimeClient(): Promise<Tool> {
  const tool = await cachedTool("aws-lambda-ric-4.0.2", (folder) => [
    ["cmake", "--version"],
    ["c++", "--version"],
    npmInstall(folder, "aws-lambda-ric@4.0.2"),
  ]);
  return tool.kind === "here" ? { ...tool, folder: join(tool.folder, "node_modules/aws-lambda-ric") } : tool;
}

function npmInstall(folder: string, name: string): Command {
  return ["npm", "install", "--no-audit", "--no-fund", "--loglevel=error", "--prefix", folder, name];
}

/** The tool's folder in the cache appears complete or not at all, so any number of processes may ask at once. */
async function cachedTool(name: string, install: (folder: string) => readonly Command[]): Promise<Tool> {
  const cache = await cacheFolder(undefined);
  const home = join(cache, name);
  if (await exists(home)) return { kind: "here", folder: home };
  console.log(`Installing ${name} into the cache …`);
  const folder = await mkdtemp(join(cache, ".installing-"));
  try {
    for (const [command, ...args] of install(folder)) {
      const end = await runProgram(command, args);
      if (end.status !== 0) return { kind: "absent", reason: `${name} is needed: ${wordsOf(command, end)}` };
    }
    await rename(folder, home).catch(async (error: unknown) => {
      // Another process was first, and its folder is as good as ours.
      if (!(await exists(home))) throw error;
    });
    return { kind: "here", folder: home };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function wordsOf(command: string, { status, output }: ProgramEnd): string {
  if (status === "missing") return `there is no ${command} on the PATH`;
  const last = output.trim().split("\n").slice(-3).join(" ");
  return `${command} ended with ${status}: ${last}`;
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
