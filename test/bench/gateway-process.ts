import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import * as v from "valibot";
import { freePorts } from "../../infra/local/servers/ports.ts";
import type { Clusters } from "./clusters.ts";
import { send } from "./http-client.ts";

export interface GatewayOptions {
  readonly clusters: Clusters;
  /** The built gateway. */
  readonly program: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Further options for Node, such as `--cpu-prof`. */
  readonly nodeOptions?: readonly string[];
}

/** The built gateway as a process of its own, on an empty data directory. */
export interface GatewayProcess {
  readonly endpoint: string;
  readonly pid: number;
  /** From the start of the process to the first answer of the status, in milliseconds. */
  readonly startMs: number;
  status(): Promise<GatewayStatus>;
  /** Resolves when every record is applied. Polls as rarely as the precision of the measurement allows. */
  drained(pollMs: number): Promise<void>;
  /** User and system time so far. */
  cpuSeconds(): number;
  /** The most memory that was resident at any time so far. */
  rssBytesMax(): number;
  stop(): Promise<void>;
}

/** Processes that run; whoever ends a benchmark early ends them too. */
const running = new Set<ChildProcess>();

/** Has the process ended with the benchmark, should that fail. */
export function endWithBenchmark(child: ChildProcess): void {
  running.add(child);
  child.once("exit", () => running.delete(child));
}

/** Ends every gateway and whatever else was started beside it, at once: for a benchmark that failed. */
export function killProcesses(): void {
  for (const child of running) child.kill("SIGKILL");
}

const statusSchema = v.object({
  queue: v.object({ visible: v.number(), inFlight: v.number(), delayed: v.number() }),
  deadLetters: v.object({ visible: v.number() }),
  counters: v.record(v.string(), v.number()),
});
export type GatewayStatus = v.InferOutput<typeof statusSchema>;

/** Starts it as `npm start` does, with endpoints given, and resolves when its status answers. */
export async function startGatewayProcess(options: GatewayOptions): Promise<GatewayProcess> {
  const dataDir = await mkdtemp(join(tmpdir(), "understudy-bench-"));
  const [port = 0] = await freePorts(1);
  const beganMs = performance.now();
  const child = spawn(
    process.execPath,
    [...startFlags(), ...(options.nodeOptions ?? []), resolve(options.program)],
    {
      stdio: ["ignore", "ignore", "pipe"],
      env: {
        PATH: process.env["PATH"] ?? "",
        PORT: String(port),
        DATA_DIR: dataDir,
        PRIMARY_ENDPOINT: options.clusters.primary,
        BACKUP_ENDPOINT: options.clusters.backup,
        ...options.environment,
      },
    },
  );
  endWithBenchmark(child);
  const said: string[] = [];
  child.stderr.on("data", (piece: Buffer) => said.push(piece.toString()));
  const endpoint = `http://127.0.0.1:${port}`;
  await answering(child, endpoint, said);
  const startMs = performance.now() - beganMs;
  const { pid } = child;
  if (pid === undefined) throw new Error("the gateway has no process id");
  const status = () => readStatus(endpoint);
  return {
    endpoint,
    pid,
    startMs,
    status,
    async drained(pollMs) {
      for (;;) {
        const { queue, deadLetters } = await status();
        if (deadLetters.visible > 0) throw new Error("the gateway parked records");
        if (queue.visible + queue.inFlight + queue.delayed === 0) return;
        await sleep(pollMs);
      }
    },
    cpuSeconds: () => cpuSeconds(pid),
    rssBytesMax: () => rssBytesMax(pid),
    async stop() {
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      await ended;
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** What stands between `node` and the program in the start script: benchmarks run what users run. */
function startFlags(): readonly string[] {
  const file = v.object({ scripts: v.object({ start: v.string() }) });
  const { scripts } = v.parse(file, JSON.parse(readFileSync("package.json", "utf8")));
  return scripts.start.split(" ").filter((word) => word.startsWith("--"));
}

async function answering(child: ChildProcess, endpoint: string, said: readonly string[]): Promise<void> {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`the gateway ended: ${said.join("")}`);
    try {
      await readStatus(endpoint);
      return;
    } catch {
      await sleep(10);
    }
  }
}

async function readStatus(endpoint: string): Promise<GatewayStatus> {
  const { body } = await send(endpoint, "GET", "/_understudy/status");
  return v.parse(statusSchema, JSON.parse(body.toString()));
}

/** User and system time of a process so far. Linux counts in ticks of 10 ms (proc(5), `utime` and `stime`, fields 14 and 15). */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

function rssBytesMax(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? Number.NaN) * 1024;
}
