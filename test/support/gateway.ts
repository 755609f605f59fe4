import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, rmSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import * as v from "valibot";
import { freePorts } from "../../infra/local/servers/ports.ts";
import { watchProcessGroup } from "../../infra/local/servers/watchdog.ts";
import { must } from "./client.ts";

const statusSchema = v.object({
  clusters: v.object({
    primary: v.object({ state: v.picklist(["up", "down"]) }),
    backup: v.object({ state: v.picklist(["up", "down"]) }),
  }),
  queue: v.object({
    visible: v.number(),
    inFlight: v.number(),
    delayed: v.number(),
    oldestSeconds: v.number(),
  }),
  deadLetters: v.object({ visible: v.number() }),
  intents: v.number(),
  fallback: v.object({ active: v.boolean() }),
  untranslated: v.array(v.object({ index: v.string(), path: v.string(), reason: v.string() })),
  counters: v.record(v.string(), v.number()),
});

/** `GET /_understudy/status`. */
export type GatewayStatus = v.InferOutput<typeof statusSchema>;

export type Environment = Readonly<Record<string, string>>;

/** The built gateway in a process of its own, on a data directory of its own. */
export interface TestGateway {
  readonly endpoint: string;
  readonly dataDir: string;
  readonly pid: number;
  status(): Promise<GatewayStatus>;
  /** Waits until nothing is queued and no intent is left. Rejects with the last status when that takes longer. */
  drained(timeoutMs?: number): Promise<GatewayStatus>;
  /** As `drained`, without the second looks that are due later (one for each index, 30 s after its creation). */
  settled(timeoutMs?: number): Promise<GatewayStatus>;
  /** The first status that suits; rejects with the last one when none did in time. */
  until(suits: (status: GatewayStatus) => boolean, timeoutMs?: number): Promise<GatewayStatus>;
  /** SIGTERM; the exit code. */
  stop(): Promise<number | null>;
  /** SIGKILL. */
  kill9(): Promise<void>;
  /** Starts it again after `stop` or `kill9`: same port, same data. */
  restart(): Promise<void>;
  /** Everything it has said so far. */
  log(): Promise<string>;
}

/** What a program did that ended by itself. */
export interface Ended {
  readonly code: number | null;
  readonly output: string;
}

const checkout = fileURLToPath(new URL("../..", import.meta.url));
const startTimeoutMs = 60_000;
let built: Promise<string> | undefined;

/** The entry of a fresh build, made once for each test file and removed after it. */
export function gatewayEntry(): Promise<string> {
  built ??= buildGateway();
  return built;
}

async function buildGateway(): Promise<string> {
  // Inside the checkout, so that what stays outside the bundle is found.
  const parent = join(checkout, "node_modules", ".cache");
  await mkdir(parent, { recursive: true });
  const folder = await mkdtemp(join(parent, "understudy-e2e-"));
  // Not `after`: the first to ask may be a test, whose end is not the file's.
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const build = ["run", "--silent", "build", "--", `--outdir=${folder}`];
  await promisify(execFile)("npm", build, { cwd: checkout });
  return join(folder, "local.mjs");
}

/** An empty data directory, removed after the test that asks for it, or after the file's last one. */
export async function useDataDir(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "understudy-gateway-"));
  after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/**
 * A gateway in front of two clusters, for the rest of the test that asks for it, or of the file: then it is stopped.
 * @throws with the gateway's own words when it does not come up within 60 s.
 */
export async function useGateway(
  clusters: { readonly primary: { endpoint: string }; readonly backup: { endpoint: string } },
  environment: Environment = {},
): Promise<TestGateway> {
  const [port = 0] = await freePorts(1);
  const dataDir = await useDataDir();
  const gateway = await startGateway({
    PORT: String(port),
    DATA_DIR: dataDir,
    PRIMARY_ENDPOINT: clusters.primary.endpoint,
    BACKUP_ENDPOINT: clusters.backup.endpoint,
    ...environment,
  });
  after(() => gateway.stop());
  return gateway;
}

/** Runs the gateway until it ends by itself; killed after 60 s. For what it says when it cannot start. */
export async function runGateway(environment: Environment): Promise<Ended> {
  const dataDir = environment["DATA_DIR"] ?? (await useDataDir());
  const log = join(await useDataDir(), "gateway.log");
  const child = await spawnGateway({ ...environment, DATA_DIR: dataDir }, log);
  const late = setTimeout(() => child.kill("SIGKILL"), startTimeoutMs);
  const code = await exitOf(child);
  clearTimeout(late);
  return { code, output: await readFile(log, "utf8") };
}

async function startGateway(environment: Environment): Promise<TestGateway> {
  const endpoint = `http://127.0.0.1:${environment["PORT"]}`;
  const dataDir = environment["DATA_DIR"] ?? "";
  const logFile = join(await useDataDir(), "gateway.log");
  const log = () => readFile(logFile, "utf8");
  const headers = credentials(environment);
  const status = async () =>
    v.parse(statusSchema, (await must(endpoint, { path: "/_understudy/status", headers })).json());
  const up = async (): Promise<ChildProcess> => {
    const started = await spawnGateway(environment, logFile);
    const deadline = performance.now() + startTimeoutMs;
    while (isRunning(started) && performance.now() < deadline) {
      if (await status().then(Boolean, () => false)) return started;
      await pause(50);
    }
    started.kill("SIGKILL");
    throw new Error(`The gateway did not come up:\n${await log()}`);
  };
  let child = await up();
  const until: TestGateway["until"] = async (suits, timeoutMs = 60_000) => {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const seen = await status();
      if (suits(seen)) return seen;
      if (performance.now() > deadline)
        throw new Error(`Not within ${timeoutMs} ms: ${JSON.stringify(seen)}`);
      await pause(100);
    }
  };
  const end = async (signal: NodeJS.Signals) => {
    if (isRunning(child)) child.kill(signal);
    return exitOf(child);
  };
  return {
    endpoint,
    dataDir,
    get pid() {
      return child.pid ?? 0;
    },
    status,
    until,
    drained: (timeoutMs) => until((seen) => isSettled(seen) && seen.queue.delayed === 0, timeoutMs),
    settled: (timeoutMs) => until(isSettled, timeoutMs),
    stop: () => end("SIGTERM"),
    async kill9() {
      await end("SIGKILL");
    },
    async restart() {
      child = await up();
    },
    log,
  };
}

/** What lets the test in: the client's own sign-in with `basic`, the service's with `passthrough`. */
function credentials(environment: Environment): Readonly<Record<string, string>> {
  const side = environment["AUTH_MODE"] === "basic" ? "CLIENT" : "PRIMARY";
  const username = environment[`${side}_USERNAME`];
  if (username === undefined) return {};
  const login = Buffer.from(`${username}:${environment[`${side}_PASSWORD`]}`).toString("base64");
  return { authorization: `Basic ${login}` };
}

function isSettled({ queue, intents }: GatewayStatus): boolean {
  return queue.visible + queue.inFlight + intents === 0;
}

function isRunning(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null;
}

async function exitOf(child: ChildProcess): Promise<number | null> {
  if (isRunning(child)) await once(child, "exit");
  return child.exitCode;
}

/** A process group that dies with this process. */
async function spawnGateway(environment: Environment, logFile: string): Promise<ChildProcess> {
  const output = openSync(logFile, "a");
  const child = spawn(process.execPath, ["--enable-source-maps", await gatewayEntry()], {
    detached: true,
    stdio: ["ignore", output, output],
    env: { PATH: process.env["PATH"], HOME: process.env["HOME"], HOST: "127.0.0.1", ...environment },
  });
  closeSync(output);
  await once(child, "spawn");
  if (child.pid !== undefined) {
    const watchdog = watchProcessGroup(child.pid);
    child.once("exit", () => watchdog.dismiss());
  }
  return child;
}
