import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startPair } from "../../infra/local/servers/pair.ts";
import type { Clusters } from "./clusters.ts";
import { killProcesses } from "./gateway-process.ts";
import { measureBacklog } from "./measure-backlog.ts";
import { measureCpu, measureCpuAlone } from "./measure-cpu.ts";
import { measureIdle } from "./measure-idle.ts";
import { measureLag } from "./measure-lag.ts";
import { measureLatency } from "./measure-latency.ts";
import { measureLoad } from "./measure-load.ts";
import { measureMemory } from "./measure-memory.ts";
import { measurePassThrough } from "./measure-pass-through.ts";
import { measureSafety } from "./measure-safety.ts";
import { measureStart } from "./measure-start.ts";
import type { Bench, Measure, Measurement } from "./measurement.ts";
import { type BenchOptions, readOptions, usage } from "./options.ts";
import { table } from "./report.ts";

const measures = new Map<string, Measure>([
  ["start", measureStart],
  ["idle", measureIdle],
  ["lag", measureLag],
  ["latency", measureLatency],
  ["pass-through", measurePassThrough],
  ["cpu", measureCpu],
  ["cpu-alone", measureCpuAlone],
  ["load", measureLoad],
  ["safety", measureSafety],
  ["backlog", measureBacklog],
  ["memory", measureMemory],
]);

const say = (line: string): void => void process.stderr.write(`${line}\n`);

interface Servers {
  readonly clusters: Clusters;
  stop(): Promise<void>;
}

/** Two real servers with a heap of 1 GB, or those that the command line names. */
async function openServers({ primary, backup, backupPid }: BenchOptions): Promise<Servers> {
  if (primary !== undefined && backup !== undefined) {
    return { clusters: { primary, backup, backupPid }, stop: () => Promise.resolve() };
  }
  const folder = await mkdtemp(join(tmpdir(), "understudy-bench-"));
  await chmod(folder, 0o711);
  const pair = await startPair({ dataDir: folder, heapMb: 1024, onProgress: say });
  return {
    clusters: {
      primary: pair.primary.endpoint,
      backup: pair.backup.endpoint,
      backupPid: pair.backup.pid,
    },
    async stop() {
      await pair.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  const servers = await openServers(options);
  let indices = 0;
  const run = `${Date.now().toString(36)}`;
  const bench: Bench = {
    clusters: servers.clusters,
    options,
    gateway: (extra = {}) => ({
      clusters: servers.clusters,
      program: options.gateway,
      ...(options.cpuProfile !== undefined && {
        nodeOptions: ["--cpu-prof", `--cpu-prof-dir=${options.cpuProfile}`],
      }),
      ...extra,
    }),
    newIndex: () => `bench-${run}-${++indices}`,
    say,
  };
  const rows: Measurement[] = [];
  try {
    for (const [name, measure] of measures) {
      if (options.only.length > 0 && !options.only.includes(name)) continue;
      say(`${name} …`);
      rows.push(...(await measure(bench)));
    }
  } finally {
    killProcesses();
    await servers.stop();
  }
  process.stdout.write(table(rows));
  if (options.json !== undefined) await writeFile(options.json, `${JSON.stringify(rows, undefined, 2)}\n`);
}

main().catch((error: unknown) => {
  say(error instanceof TypeError ? `${error.message}\n${usage}` : String(error));
  process.exitCode = 1;
});
