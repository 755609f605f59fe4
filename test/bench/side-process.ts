import { spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import { cpuSeconds, endWithBenchmark } from "./gateway-process.ts";

/** A program of the benchmark's own that listens beside the gateway. */
export interface SideProcess {
  readonly endpoint: string;
  /** User and system time so far. */
  cpuSeconds(): number;
  stop(): Promise<void>;
}

/** Starts one of this folder's programs: it writes where it listens as the first line of its output. */
export async function startSideProcess(program: string, ...args: readonly string[]): Promise<SideProcess> {
  const file = resolve(import.meta.dirname, program);
  const child = spawn(process.execPath, ["--import", "tsx", file, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  endWithBenchmark(child);
  const ended = once(child, "exit");
  const [line] = await Promise.race([once(child.stdout, "data"), ended.then(() => [undefined])]);
  const { pid } = child;
  if (line === undefined || pid === undefined) throw new Error(`${program} ended before it listened`);
  return {
    endpoint: String(line).trim(),
    cpuSeconds: () => cpuSeconds(pid),
    async stop() {
      child.kill();
      await ended;
    },
  };
}
